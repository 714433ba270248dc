"""The page on which a person learns how to connect a program by MCP."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from apps.ai.mcp.server.offered import tools_offered
from apps.ai.permissions import MCP_USE
from apps.console.views import ConsoleView
from apps.gateway.permissions import KEYS_MANAGE
from apps.gateway.principals import Caller


class ConnectPage(ConsoleView):
    """The address, a configuration to copy, and the tools that this person's programs may use."""

    permission = MCP_USE
    page_title = "Connect a program"

    def get(self, request: HttpRequest) -> HttpResponse:
        address = request.build_absolute_uri("/mcp")
        offered = tools_offered(Caller(self.user))
        entry = {"type": "http", "url": address, "headers": {"Authorization": "Bearer ork_…"}}
        scopes = sorted({MCP_USE, *(code for tool in offered.values() for code in tool.scopes)})
        context = {
            "address": address,
            "configuration": json.dumps({"mcpServers": {"orchestrall": entry}}, indent=2, ensure_ascii=False),
            "tools": list(offered.items()),
            "scopes": scopes,
            "can_make_keys": self.who.can(KEYS_MANAGE),
        }
        return self.page("ai/mcp/connect.html", context)
