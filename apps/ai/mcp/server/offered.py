"""Which tools a caller may use from outside."""

from __future__ import annotations

from apps.ai.tooling import by_name
from apps.ai.tools import TOOL_SOURCES, Tool
from apps.gateway.principals import Caller


def tools_offered(who: Caller) -> dict[str, Tool]:
    """The tools that this caller may use, by name, in the order of their names."""
    found = [
        tool
        for source in TOOL_SOURCES
        if source.is_offered
        for tool in source.tools(who, who.user)
        if all(map(who.can, tool.scopes))
    ]
    return dict(sorted(by_name(found).items()))
