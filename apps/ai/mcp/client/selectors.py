"""Reads of connected servers. What a person asks for is fetched and permitted in one call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from apps.ai.mcp.client.access import Access, Tools
from apps.ai.models import McpServer
from apps.ai.permissions import MODELS_VIEW
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import masked


def servers_query(*, who: Principal) -> QuerySet[McpServer]:
    """The servers, by name. Evaluate it before leaving the tenant."""
    demand(who, MODELS_VIEW)
    return McpServer.objects.select_related("created_by")


def server_get(*, who: Principal, id: UUID, lock: bool = False) -> McpServer:
    """One of them, locked for the rest of the transaction where it is to be changed. Raises `NotFound`."""
    rows = servers_query(who=who).filter(pk=id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound("There is no such MCP server here.", remedy="See the list of servers.")
    return found


def tools_of(server: McpServer) -> Tools:
    """What it offered when it was last asked, and what of that may be used."""
    return Tools.model_validate(server.tools or {})


def access_shown(server: McpServer) -> dict[str, Any]:
    """How it is reached, as people and programs may see it: of a secret only that it is set."""
    shown: dict[str, Any] = masked(shape_of(Access), server.access)
    return shown
