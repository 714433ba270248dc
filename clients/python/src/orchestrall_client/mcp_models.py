"""What the server tells of MCP servers that an organisation has connected, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from orchestrall_client.models import Model


class McpTool(Model):
    """A tool, as its server described it when it was last asked."""

    name: str
    title: str
    description: str
    says_read: bool
    print: str
    state: Literal["allowed", "changed", "not allowed"]


class McpProblem(Model):
    """Why a server could not be asked the last time."""

    code: str
    title: str
    detail: str
    remedy: str


class McpServer(Model):
    """A connected server. Of a secret `access` tells only that it is set."""

    id: UUID
    name: str
    is_enabled: bool
    access: dict[str, Any]
    tools: list[McpTool]
    problem: McpProblem | None
    checked_at: datetime | None
    created_by: str | None
    created_at: datetime
