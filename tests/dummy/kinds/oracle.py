"""A tool of an industry: one that says how long a word is, for those who may look."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.permissions import Principal, demand
from tests.dummy.permissions import DUMMY_LOOK


class Oracle(ToolSource):
    key, title = "dummy.oracle", "Oracle"
    is_offered = False

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not who.can(DUMMY_LOOK):
            return []
        parameters = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
        length = Tool(
            key="dummy.oracle:length",
            title="Length of a word",
            description="How many letters a word has.",
            parameters=parameters,
            use=_length,
            scopes=(DUMMY_LOOK,),
        )
        return [length]


def _length(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    demand(ctx.who, DUMMY_LOOK)
    return ToolAnswer({"letters": len(str(arguments["word"]))})
