"""Tools of LangChain that the operator has named: reads for custom agents, and off unless one is named.

Their code is not ours, and runs in this process: an operator answers for it, as for any package that is installed. They
are told nothing of whoever asks, and what they say is text from outside.
"""

from __future__ import annotations

import json
import logging
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from pydantic import BaseModel

from apps.accounts.models import User
from apps.ai.permissions import MODELS_USE
from apps.ai.tooling import ToolFailed
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.errors import InvalidInput
from apps.common.permissions import Principal, demand

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

logger = logging.getLogger(__name__)

LARGEST: Final = 64 * 1024
"""Characters of an answer that are handed on."""


class LangChainTools(ToolSource):
    key, title = "langchain", "LangChain"
    is_offered = False

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not settings.LANGCHAIN_TOOLS or not who.can(MODELS_USE):
            return []
        found = [tool for place in settings.LANGCHAIN_TOOLS for tool in _named(place)]
        return sorted(map(_tool, found), key=lambda tool: tool.title)


@cache
def _named(place: str) -> tuple[BaseTool, ...]:
    """The tools at ``package.module:attribute``: one, a list of them, or what a function without arguments makes.

    None where they cannot be had, which is told to the log: a tenant's page must not break for it.
    """
    from langchain_core.tools import BaseTool, BaseToolkit

    module, _, attribute = place.partition(":")
    try:
        value = getattr(import_module(module), attribute)
        if callable(value) and not isinstance(value, BaseTool):
            value = value()
        if isinstance(value, BaseToolkit):
            value = value.get_tools()
        tools = tuple(value) if isinstance(value, list | tuple) else (value,)
        if wrong := [type(each).__name__ for each in tools if not isinstance(each, BaseTool)]:
            raise TypeError(f"{', '.join(wrong)} is no tool of LangChain")
    except Exception:
        logger.exception("a tool of LangChain cannot be used: see ORCHESTRALL_LANGCHAIN_TOOLS", extra={"tool": place})
        return ()
    return tools


def _tool(tool: BaseTool) -> Tool:
    return Tool(
        key=f"langchain:{tool.name}",
        title=tool.name.replace("_", " ").capitalize(),
        description=tool.description,
        parameters={**_schema(tool), "type": "object"},
        use=partial(_use, tool),
        scopes=(MODELS_USE,),
    )


def _schema(tool: BaseTool) -> dict[str, Any]:
    """The JSON Schema of its arguments, without those that LangChain itself fills in."""
    told = tool.tool_call_schema
    if isinstance(told, dict):
        return dict(told)
    return told.model_json_schema() if issubclass(told, BaseModel) else told.schema()


def _use(tool: BaseTool, arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    from langchain_core.tools import ToolException
    from pydantic import ValidationError

    demand(ctx.who, MODELS_USE)
    try:
        answer = tool.invoke(arguments)
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error) from error
    except ToolException as error:
        raise ToolFailed(f"{tool.name} says: {str(error)[:1_000]}") from error
    except Exception as error:
        logger.exception("a tool of LangChain failed", extra={"tool": tool.name})
        raise ToolFailed(f"{tool.name} failed.") from error
    return ToolAnswer(_plain(answer), note=f"{tool.name} of LangChain", is_outside=True)


def _plain(answer: Any) -> Any:
    """What is handed on: JSON as it is, anything else as text, and no more than a model can read."""
    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
        if len(text) <= LARGEST:
            return json.loads(text)
    except (TypeError, ValueError):
        text = str(answer)
    return text if len(text) <= LARGEST else f"{text[:LARGEST]}…"
