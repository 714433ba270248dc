"""Tools of connected MCP servers, as far as an administrator has allowed them: reads for custom agents."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

from apps.accounts.models import User
from apps.ai.mcp.client import services
from apps.ai.mcp.client.access import Offer
from apps.ai.mcp.client.selectors import tools_of
from apps.ai.models import McpServer
from apps.ai.permissions import MODELS_USE
from apps.ai.tooling import ToolFailed
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand

LARGEST: Final = 64 * 1024
"""Characters of an answer that are handed on."""


class McpTools(ToolSource):
    key, title = "mcp", "MCP servers"
    is_offered = False

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not who.can(MODELS_USE):
            return []
        return [
            _tool(server, offer)
            for server in McpServer.objects.filter(is_enabled=True, tools__isnull=False)
            for offer in tools_of(server).usable
        ]


def _tool(server: McpServer, offer: Offer) -> Tool:
    title = offer.title or offer.name
    return Tool(
        key=f"mcp:{server.name}.{offer.name}",
        title=f"{server.name}: {title}",
        description=offer.description or title,
        parameters=offer.parameters,
        use=partial(_use, server.pk, offer.name),
        scopes=(MODELS_USE,),
    )


def _use(server_id: Any, name: str, arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    demand(ctx.who, MODELS_USE)
    server = McpServer.objects.filter(pk=server_id, is_enabled=True).first()
    offer = next((each for each in tools_of(server).usable if each.name == name), None) if server else None
    if server is None or offer is None:
        raise NotFound("This tool is not there any more.", remedy="Answer without it.")
    result = services.tool_call(
        server=server, offer=offer, arguments=arguments, seconds=ctx.seconds, stopping=ctx.stopping
    )
    data = _data(result)
    if result.is_error:
        raise ToolFailed(f"{server.name} says: {str(data)[:1_000]}")
    return ToolAnswer(data, note=f"{server.name}: {offer.title or offer.name}", is_outside=True)


def _data(result: Any) -> Any:
    """What is handed on of an answer: its data, else its texts. Pictures and sounds are left out, and said to be."""
    if result.structured_content is not None and len(json.dumps(result.structured_content)) <= LARGEST:
        return result.structured_content
    texts = [block.text if block.type == "text" else f"[{block.type} left out]" for block in result.content]
    text = "\n".join(texts)
    return text if len(text) <= LARGEST else f"{text[:LARGEST]}…"
