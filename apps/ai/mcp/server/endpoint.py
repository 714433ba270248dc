"""The address that programs connect to, ``/mcp``: Streamable HTTP, with the keys, scopes and limits of the API."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.ai.permissions import MCP_USE
from apps.ai.tools import Tool
from apps.common.errors import NotFound, PermissionDenied
from apps.common.permissions import PERMISSIONS
from apps.gateway.api import ApiView
from apps.gateway.authentication import BearerAuthentication
from apps.gateway.idempotency import HEADER as IDEMPOTENCY_KEY
from apps.gateway.permissions import OPEN
from apps.gateway.waiting import LONGEST_IN_THREAD
from apps.tenants.context import current_tenant

PATH: Final = "/mcp"
METADATA: Final = f"/.well-known/oauth-protected-resource{PATH}"
_STREAM: Final = "text/event-stream"


class McpBearer(BearerAuthentication):
    """A token or a key. Who has none is told where it is said what this address takes (RFC 9728)."""

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="mcp", resource_metadata="{request.build_absolute_uri(METADATA)}"'


class Endpoint(ApiView):
    """One JSON-RPC message in a POST, answered by JSON, or by an event stream where a tool takes a while.

    It is no part of the API that the document describes: the protocol has its own. With an `Idempotency-Key` a call is
    carried out once, and not waited for: it answers with what it started.
    """

    permission = {"POST": MCP_USE}
    authentication_classes = [McpBearer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        origin = request.headers.get("Origin")
        own = f"{request.scheme}://{request.get_host()}"
        if origin is not None and origin != own and origin not in current_tenant().cors_origins:
            raise PermissionDenied(
                "Pages of this origin may not call this organisation's tools. Nothing was done.",
                remedy="Have an administrator list the origin under Browser access.",
            )

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ParseError):  # what is no JSON at all is an error of the protocol
            import mcp_types

            from apps.ai.mcp.server import wire

            refused = wire.Refused(mcp_types.PARSE_ERROR, str(exc))
            self.headers = self.default_response_headers
            return Response(wire.error_of(None, refused), status=400)
        return super().handle_exception(exc)

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponseBase:
        """Answer a request, or take a notification in."""
        from apps.ai.mcp.server import wire  # the protocol's models take a quarter of a second

        body, asked = request.data, None
        try:
            asked = wire.asked_of(body, request.headers)
            session = self._session(asked)
            if asked.id is None:
                return self._noted(asked, session)
            return self._answered(asked, session)
        except wire.Refused as refused:
            id = asked.id if asked else body.get("id") if isinstance(body, dict) else None
            id = id if isinstance(id, int | str) else None
            status = wire.status_of(refused, request.headers)
            return Response(wire.error_of(id, refused), status=status)

    def _session(self, asked: Any) -> str:
        """The session that the request names; empty without one. Raises `NotFound`: then the client begins anew."""
        from apps.ai.mcp.server import sessions, wire

        name = str(self.request.headers.get(wire.SESSION_HEADER, ""))
        if not name or asked.is_modern or asked.method == "initialize":
            return ""
        if not sessions.session_is_good(name, self.who):
            raise NotFound("There is no such session for you here.", remedy="Send `initialize` again.")
        return name

    def _noted(self, asked: Any, session: str) -> Response:
        """A notification: only that a call is taken back means something here."""
        from apps.ai.mcp.server import sessions

        request = (asked.params or {}).get("requestId")
        if asked.method == "notifications/cancelled" and session and isinstance(request, int | str):
            sessions.cancel(session, request)
        return Response(status=202)

    def _answered(self, asked: Any, session: str) -> HttpResponseBase:
        from apps.ai.mcp.server import serving, sessions, streaming, wire

        if asked.method == "tools/call" and self._may_stream():
            work = streaming.Work()
            told = {"tell": work.tell, "stopping": lambda: work.stop.is_set() or _is_cancelled(session, asked.id)}
            # What is refused is refused now, by its status; the tool is used in a thread.
            chosen: list[tuple[Tool, dict[str, Any]]] = []
            serving.answer(asked, self.who, lambda tool, given: _later(chosen, tool, given))
            ((tool, arguments),) = chosen
            use = partial(serving.used, tool, arguments, serving.context_of(self.who, **told))
            future = work.begin(lambda: wire.result_of(asked, use()))
            if (quick := streaming.within(future, streaming.QUICK)) is not None:
                return Response(quick)
            return streaming.stream(work, future, token=_token(asked), stops_with_client=asked.is_modern)
        seconds = 0.0 if IDEMPOTENCY_KEY in self.request.headers else LONGEST_IN_THREAD
        ctx = serving.context_of(self.who, seconds=seconds)
        result = serving.answer(asked, self.who, lambda tool, given: serving.used(tool, given, ctx))
        answer = Response(wire.result_of(asked, result))
        if asked.method == "initialize":
            answer[wire.SESSION_HEADER] = sessions.session_new(self.who)
        return answer

    def _may_stream(self) -> bool:
        request = self.request._request
        accepts = _STREAM in self.request.headers.get("Accept", "")
        return isinstance(request, ASGIRequest) and accepts and IDEMPOTENCY_KEY not in self.request.headers


def _later(chosen: list[tuple[Tool, dict[str, Any]]], tool: Tool, arguments: dict[str, Any]) -> Any:
    from mcp_types import CallToolResult

    chosen.append((tool, arguments))
    return CallToolResult(content=[])


def _is_cancelled(session: str, request: int | str) -> bool:
    from apps.ai.mcp.server import sessions

    return bool(session) and sessions.is_cancelled(session, request)


def _token(asked: Any) -> Any:
    meta = (asked.params or {}).get("_meta")
    return meta.get("progressToken") if isinstance(meta, dict) else None


@require_safe
@cache_control(public=True, max_age=300)
def metadata(request: HttpRequest) -> JsonResponse:
    """What this address takes (RFC 9728): a bearer in the header, made in the console. There is no server that gives
    out tokens to programs by itself."""
    return JsonResponse(
        {
            "resource": request.build_absolute_uri(PATH),
            "resource_name": "Orchestrall",
            "bearer_methods_supported": ["header"],
            "scopes_supported": [
                MCP_USE,
                *(item.code for item in PERMISSIONS if item.code.endswith((".view", ".run"))),
            ],
            "resource_documentation": request.build_absolute_uri("/connect/"),
        }
    )


metadata.permission = OPEN  # type: ignore[attr-defined]
