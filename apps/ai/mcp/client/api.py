"""Connected MCP servers over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.mcp.client import selectors, services
from apps.ai.mcp.client.access import Allowed
from apps.ai.models import McpServer
from apps.ai.permissions import MODELS_MANAGE, MODELS_VIEW
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

_PRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ACCESS: dict[str, Any] = {"url": "https://tools.example.com/mcp", "bearer": "**********", "headers": []}
_SERVER: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "name": "stock",
    "is_enabled": True,
    "access": _ACCESS,
    "tools": [
        {
            "name": "in_store",
            "title": "In store",
            "description": "How much of an item is in store.",
            "says_read": True,
            "print": _PRINT,
            "state": "allowed",
        }
    ],
    "problem": None,
    "checked_at": "2026-11-25T16:45:00Z",
    "created_by": "administrator@acme.example",
    "created_at": "2026-11-25T16:40:00Z",
}


class McpToolOut(BaseModel):
    """A tool of a connected server, as that described it when it was last asked."""

    name: str
    title: str
    description: str = Field(description="Text from outside.")
    says_read: bool = Field(description="Whether the server says that it changes nothing.")
    print: str = Field(description="SHA-256 of all that is said of it. Send it back to allow the tool as it is now.")
    state: Literal["allowed", "changed", "not allowed"] = Field(
        description="`changed`: it was allowed, and is described otherwise since."
    )


class McpProblem(BaseModel):
    code: str
    title: str
    detail: str
    remedy: str


class McpServerOut(BaseModel):
    """A connected MCP server."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SERVER]})

    id: UUID
    name: str = Field(description="It begins the names of its tools.")
    is_enabled: bool
    access: dict[str, Any] = Field(description="How it is reached. Of a secret only that it is set.")
    tools: list[McpToolOut]
    problem: McpProblem | None = Field(description="Why it could not be asked the last time; null otherwise.")
    checked_at: datetime | None = Field(description="When it was last asked.")
    created_by: str | None = Field(description="Address of the member who connected it.")
    created_at: datetime

    @classmethod
    def of(cls, server: McpServer) -> McpServerOut:
        held = selectors.tools_of(server)
        same = ("id", "name", "is_enabled", "problem", "checked_at", "created_at")
        values: dict[str, Any] = {
            **{name: getattr(server, name) for name in same},
            "access": selectors.access_shown(server),
            "tools": [{**offer.model_dump(), "state": held.state(offer)} for offer in held.offered],
            "created_by": server.created_by.email if server.created_by else None,
        }
        return cls.model_validate(values)


class McpServerNew(StrictModel):
    """A server to connect."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "stock", "access": {"url": "https://tools.example.com/mcp"}}]}
    )

    name: str = Field(max_length=30, description="Small letters, figures and hyphens.")
    access: dict[str, Any] = Field(description="`url`, and where it needs them `bearer` and `headers`.")


class McpServerChange(StrictModel):
    """What is changed of a server: what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": False}]})

    name: str | None = Field(default=None, max_length=30)
    access: dict[str, Any] | None = Field(
        default=None, description="The whole of it. A secret that is sent as it was shown stays as it is."
    )
    is_enabled: bool | None = None


class McpToolAllow(StrictModel):
    name: str = Field(max_length=128)
    print: str = Field(max_length=64, description="Of the tool as you looked at it.")
    as_read: bool = Field(
        default=False, description="That you answer for it that it changes nothing, where the server does not say so."
    )


class McpToolsAllow(StrictModel):
    """The tools that may be used: these, and no other."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tools": [{"name": "in_store", "print": _PRINT}]}]})

    tools: list[McpToolAllow] = Field(max_length=200)


class McpServers(ApiView):
    permission = {"GET": MODELS_VIEW, "POST": MODELS_MANAGE}
    problems = {"POST": [Conflict]}
    natural = "name"

    @extend_schema(
        operation_id="mcp_servers_list",
        tags=["models"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[McpServerOut]},
    )
    def get(self, request: Request) -> Response:
        """The connected MCP servers, with the tools that each offered when it was last asked."""
        return self.page(selectors.servers_query(who=self.who), McpServerOut.of)

    @extend_schema(
        operation_id="mcp_server_create",
        tags=["models"],
        parameters=[location("the server", 201)],
        request=McpServerNew,
        responses={201: McpServerOut},
    )
    def post(self, request: Request) -> Response:
        """Connect a server. It is not asked by this: test it next."""
        wanted = self.body(McpServerNew)
        made = services.server_create(who=self.who, user=self.who.user, name=wanted.name, access=wanted.access)
        return self.answer(McpServerOut.of(made), 201, Location=reverse("ai_api:mcp-server", args=[made.pk]))


class McpServerOne(ApiView):
    permission = {"GET": MODELS_VIEW, "PATCH": MODELS_MANAGE, "DELETE": MODELS_MANAGE}
    problems = {"PATCH": [Conflict]}

    @extend_schema(operation_id="mcp_server_get", tags=["models"], responses={200: McpServerOut})
    def get(self, request: Request, server: UUID) -> Response:
        """One server."""
        return self.answer(McpServerOut.of(selectors.server_get(who=self.who, id=server)))

    @extend_schema(
        operation_id="mcp_server_change", tags=["models"], request=McpServerChange, responses={200: McpServerOut}
    )
    def patch(self, request: Request, server: UUID) -> Response:
        """Change a server. At another address none of its tools is allowed any more."""
        wanted = self.body(McpServerChange)
        with transaction.atomic():
            row = selectors.server_get(who=self.who, id=server, lock=True)
            self.require_match(McpServerOut.of(row))
            row = services.server_change(who=self.who, server=row, **wanted.model_dump(exclude_none=True))
        return self.answer(McpServerOut.of(row))

    @extend_schema(operation_id="mcp_server_delete", tags=["models"], responses={204: None})
    def delete(self, request: Request, server: UUID) -> Response:
        """Delete a server with its credentials. Agents that used its tools go without."""
        with transaction.atomic():
            row = selectors.server_get(who=self.who, id=server, lock=True)
            self.require_match(McpServerOut.of(row))
            services.server_delete(who=self.who, server=row)
        return Response(status=204)


class McpServerTest(ApiView):
    permission = {"POST": MODELS_MANAGE}

    @extend_schema(operation_id="mcp_server_test", tags=["models"], request=None, responses={200: McpServerOut})
    def post(self, request: Request, server: UUID) -> Response:
        """Ask a server for its tools. What goes wrong is told by its `problem`."""
        row = selectors.server_get(who=self.who, id=server)
        return self.answer(McpServerOut.of(services.server_test(who=self.who, server=row)))


class McpServerTools(ApiView):
    permission = {"POST": MODELS_MANAGE}

    @extend_schema(
        operation_id="mcp_tools_allow", tags=["models"], request=McpToolsAllow, responses={200: McpServerOut}
    )
    def post(self, request: Request, server: UUID) -> Response:
        """Say which tools agents may use, each as it is described now: these, and no other."""
        wanted = self.body(McpToolsAllow).tools
        names = [each.name for each in wanted]
        twice = [n for n, name in enumerate(names) if name in names[:n]]
        if twice:
            issues = [Issue(path=f"tools.{n}.name", message="It is named twice.") for n in twice]
            raise InvalidInput("Nothing was stored.", issues=issues)
        allowed = {each.name: Allowed(print=each.print, as_read=each.as_read) for each in wanted}
        row = selectors.server_get(who=self.who, id=server)
        return self.answer(McpServerOut.of(services.tools_allow(who=self.who, server=row, tools=allowed)))
