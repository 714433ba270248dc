"""Writes to connected servers, and questions to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import ValidationError

from apps.accounts.models import User
from apps.ai import auditing
from apps.ai.mcp.client import selectors
from apps.ai.mcp.client.access import Access, Allowed, Offer, Tools
from apps.ai.mcp.client.problems import McpServerFailed, McpToolChanged
from apps.ai.models import McpServer
from apps.ai.permissions import MODELS_MANAGE
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.outbound import OutboundStopped
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import MASK, dumped, kept, replaced

SECONDS: Final = 20.0
"""That a test of a connection may take."""
MOST_SERVERS: Final = 20
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,29}")


def server_create(*, who: Principal, user: User | None, name: str, access: Mapping[str, Any]) -> McpServer:
    """Connect a server. It is not asked by this: `server_test` does.

    Raises `InvalidInput` with an issue for each place, `Conflict` for a name that is taken or a server too many.
    """
    demand(who, MODELS_MANAGE)
    if McpServer.objects.count() >= MOST_SERVERS:
        raise Conflict(f"{MOST_SERVERS} MCP servers are connected; nothing was stored.", remedy="Delete one of them.")
    made = McpServer(name=_name(name), access=_access(access, {}), created_by=user)
    with _once(made.name):
        made.save(force_insert=True)
        record(auditing.SERVER_CONNECTED, who=who, subject=made, after=_told(made))
    return made


def server_change(
    *,
    who: Principal,
    server: McpServer,
    name: str | None = None,
    access: Mapping[str, Any] | None = None,
    is_enabled: bool | None = None,
    seen: int | None = None,
) -> McpServer:
    """Change what is given. A secret that is sent as it was shown stays as it is, but does not go along to another
    host; there, no tool is allowed any more. `seen` is the `seq` that was looked at.

    Raises `InvalidInput`, and `Conflict` where somebody else has changed it in between or the name is taken.
    """
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        row = selectors.server_get(who=who, id=server.pk, lock=True)
        if seen is not None and seen != row.seq:
            raise Conflict(
                f"Somebody else has changed {row.name} in the meantime; nothing was stored.",
                remedy="Look at how it is now, and make your change to that.",
            )
        before, held = _told(row), row.access
        if name is not None:
            row.name = _name(name)
        if access is not None:
            row.access = _access(access, held)
            if row.access["url"] != held["url"]:
                row.tools, row.checked_at, row.problem = None, None, None
        if is_enabled is not None:
            row.is_enabled = is_enabled
        row.seq += 1
        with _once(row.name):
            row.save()
        other = {"replaced": "a secret"} if replaced(shape_of(Access), row.access, held) else {}
        record(auditing.SERVER_CHANGED, who=who, subject=row, before=before, after=_told(row), **other)
    return row


def server_delete(*, who: Principal, server: McpServer) -> None:
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        record(auditing.SERVER_DELETED, who=who, subject=server, before=_told(server))
        server.delete()


def server_test(*, who: Principal, server: McpServer) -> McpServer:
    """Ask a server for its tools, and keep what came of it: what goes wrong is told by its `problem`. The network is
    asked outside any transaction of this call's own."""
    demand(who, MODELS_MANAGE)
    offered: list[Offer] | None = None
    told = None
    try:
        offered = _offered(server, seconds=SECONDS)
    except Problem as problem:
        told = {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}
    found = told["code"] if told else f"{len(offered or []):,} tools"
    with transaction.atomic():
        noted = _noted(server, offered, told)
        record(auditing.SERVER_TESTED, who=who, subject=noted, found=found)
    return noted


def tools_allow(*, who: Principal, server: McpServer, tools: Mapping[str, Allowed]) -> McpServer:
    """Say which tools may be used, each as it was described when it was looked at: no other.

    Raises `InvalidInput` with an issue for one that is not offered, has changed since, or says nothing of being a read
    while nobody answers for it.
    """
    demand(who, MODELS_MANAGE)
    with transaction.atomic():
        row = selectors.server_get(who=who, id=server.pk, lock=True)
        held = selectors.tools_of(row)
        issues = [issue for name, wanted in tools.items() if (issue := _against(held, name, wanted)) is not None]
        if issues:
            raise InvalidInput("Not all of these tools can be allowed; nothing was stored.", issues=issues)
        row.tools = held.model_copy(update={"allowed": dict(tools)}).model_dump(mode="json")
        row.seq += 1
        row.save(update_fields=["tools", "seq"])
        record(
            auditing.SERVER_TOOLS, who=who, subject=row, before=_tools_told(held.allowed), after=_tools_told(tools),
            allowed=sorted(tools),
        )  # fmt: skip
    return row


def tool_call(
    *, server: McpServer, offer: Offer, arguments: Mapping[str, Any], seconds: float, stopping: Callable[[], bool]
) -> Any:
    """What a tool that is allowed answers (`CallToolResult`), having looked that it is still the same tool.

    Raises `McpToolChanged`, and as `Connection` does.
    """
    from apps.ai.mcp.client.connection import Connection

    access = Access.model_validate(server.access)
    try:
        with Connection(server.name, access, seconds=seconds, stopping=stopping) as connection:
            offered = _kept(connection.tools())
            now = next((each for each in offered if each.name == offer.name), None)
            if now is None or now.print != offer.print:
                _noted(server, offered, None)
                raise McpToolChanged(f"{server.name} describes its tool {offer.name!r} otherwise than it did.")
            return connection.call(offer.name, arguments)
    except OutboundStopped:
        raise McpServerFailed(f"{server.name} was not waited for any longer.") from None


def _told(server: McpServer) -> dict[str, Any]:
    return auditing.server_told(server, selectors.access_shown(server))


def _tools_told(tools: Mapping[str, Allowed]) -> dict[str, Any]:
    """Each tool with the digest of its description as it was when it was allowed."""
    return {name: allowed.model_dump(mode="json") for name, allowed in tools.items()}


def _offered(server: McpServer, *, seconds: float) -> list[Offer]:
    from apps.ai.mcp.client.connection import Connection

    with Connection(server.name, Access.model_validate(server.access), seconds=seconds) as connection:
        return _kept(connection.tools())


def _kept(tools: list[Any]) -> list[Offer]:
    found = {offer.name: offer for offer in map(Offer.of, tools) if offer is not None}
    return sorted(found.values(), key=lambda offer: offer.name)


def _noted(server: McpServer, offered: list[Offer] | None, problem: dict[str, str] | None) -> McpServer:
    """Keep what a server said. What is allowed stays allowed as it was: a tool that has changed is not that tool."""
    with transaction.atomic():
        row = McpServer.objects.select_for_update().filter(pk=server.pk).first()
        if row is None:
            return server
        row.checked_at, row.problem = timezone.now(), problem
        if offered is not None:
            allowed = selectors.tools_of(row).allowed
            row.tools = Tools(offered=offered, allowed=allowed).model_dump(mode="json")
        row.save(update_fields=["checked_at", "problem", "tools"])
    return row


def _against(held: Tools, name: str, wanted: Allowed) -> Issue | None:
    offer = held.offer(name)
    if offer is None:
        return Issue(path=f"tools.{name}", message="The server offers no such tool.")
    if offer.print != wanted.print:
        return Issue(path=f"tools.{name}", message="It has changed since you looked at it: look again.")
    if not offer.says_read and not wanted.as_read:
        return Issue(
            path=f"tools.{name}", message="The server does not say that it only reads: answer for it yourself."
        )
    return None


def _access(access: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """How a server is reached, checked, as it is stored."""
    moved = _host(access) != _host(held)
    carried = [path for path, value in _secrets(access) if value == MASK]
    if held and moved and carried:
        told = f"Enter it again: it does not go along to {_host(access)}."
        issues = [Issue(path=path, message=told) for path in carried]
        raise InvalidInput("The address has another host; nothing was stored.", issues=issues)
    try:
        return dumped(Access.model_validate(kept(shape_of(Access), dict(access), held)))
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="access") from error


def _secrets(access: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "access.bearer", access.get("bearer")
    headers = access.get("headers")
    for n, line in enumerate(headers if isinstance(headers, list) else []):
        yield f"access.headers.{n}.value", line.get("value") if isinstance(line, dict) else None


def _host(access: Mapping[str, Any]) -> str:
    """Scheme, host and port: what a credential is for."""
    try:
        parts = urlsplit(str(access.get("url", "")))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _name(name: str) -> str:
    name = name.strip()
    if not _NAME.fullmatch(name):
        told = "Write 1 to 30 small letters, figures and hyphens, beginning with a letter: it begins the tools' names."
        raise InvalidInput("The server has no usable name.", issues=[Issue(path="name", message=told)])
    return name


@contextmanager
def _once(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(f"There is an MCP server called {name} already.", remedy="Choose another name.") from error
