"""The door for sockets: from a handshake to a tenant and a caller, and a consumer that keeps to what they may see.

What is refused before the socket opens is HTTP 403 to the client, whatever the reason. An open socket ends with 4401
when nobody is signed in any more, 4403 when the role does not allow it any more, 4404 when the tenant is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import parse_cookie
from django.http.request import split_domain_port

from apps.common.errors import PermissionDenied, Problem
from apps.common.permissions import PERMISSIONS, demand
from apps.gateway.credentials import bearer_verify, session_user
from apps.gateway.permissions import API_USE
from apps.gateway.principals import Caller, caller_of
from apps.gateway.tickets import Ticket, ticket_redeem
from apps.gateway.tokens import TokenRefused
from apps.tenants.context import tenant_by_host, tenant_context
from apps.tenants.live import CLOSING, member_topic, socket_group
from apps.tenants.models import Tenant

T = TypeVar("T")
Look = Callable[[], Caller | None]
logger = logging.getLogger(__name__)

NOT_SIGNED_IN, NOT_ALLOWED, NOT_FOUND = 4401, 4403, 4404
_DEFAULT_PORTS = {"http": 80, "https": 443}


class TenantSocketMiddleware:
    """Put `tenant`, `who` (None for nobody) and `recheck` into the scope, or refuse the socket.

    A browser always names its origin, which must be this very host and port: a page of another tenant's host would
    otherwise ride on the cookies here. Programs send `Authorization: Bearer` as to the API. What can send no header
    buys a ticket (`?ticket=`); no cookie counts beside one, so pages of the tenant's `cors_origins` may come with it.
    """

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        text = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket", [None])[0]
        if text is None and not _same_origin(headers):
            await _close(receive, send, NOT_ALLOWED)
            return
        tenant, look, who = await _enter(headers, text)
        if tenant is None:
            await _close(receive, send, NOT_FOUND)
            return

        async def recheck() -> Caller | None:
            """The caller as things stand now; None when they are signed out, gone, or their tenant is closed."""
            now: Caller | None = await _again(headers, look)
            return now

        await self.app({**scope, "tenant": tenant, "who": who, "recheck": recheck}, receive, send)


class TenantConsumer(AsyncJsonWebsocketConsumer):
    """A socket that sends the events of its topics to a caller who may see them.

    A subclass sets `permission` and says what is watched; both methods run inside the tenant, in a thread:

    - `topics()` names the topics; it raises `NotFound` where the caller may not see the thing, before the socket opens.
    - `snapshot()` returns the state as messages, sent once the topics are listened to, so that nothing is missed.

    Messages are events as they were published, and ``{"v": 1, "type": "ping"}`` every `beat` seconds.
    """

    permission: ClassVar[str]
    beat: ClassVar[float] = 20.0
    """Seconds between pings."""
    recheck: ClassVar[float] = 60.0
    """Seconds between looks at whether the caller may still listen."""

    def topics(self) -> list[str]:
        raise NotImplementedError

    def snapshot(self) -> list[dict[str, Any]]:
        return []

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any:
        """Refuses a consumer that does not say who may listen, where its route is loaded."""
        if getattr(cls, "permission", None) not in PERMISSIONS:
            raise ImproperlyConfigured(f"{cls.__name__} declares no permission: set `permission` to a code.")
        return super().as_asgi(**initkwargs)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """However the socket ends, also by a client that is gone in the middle of a message, nothing of it stays."""
        self.watched: set[str] = set()
        self._keepers: list[asyncio.Task[None]] = []
        try:
            await super().__call__(scope, receive, send)
        finally:
            for keeper in self._keepers:
                keeper.cancel()
            await asyncio.gather(*self._keepers, return_exceptions=True)  # a ping may have met the closed socket
            for group in self.watched:
                await self.channel_layer.group_discard(group, self.channel_name)

    async def connect(self) -> None:
        self.tenant: Tenant = self.scope["tenant"]
        who: Caller | None = self.scope["who"]
        if who is None:
            await self.close(NOT_SIGNED_IN)
            return
        self.who = who
        try:
            wanted = await self.in_tenant(self._topics_allowed)
        except Problem as problem:
            await self.close(NOT_ALLOWED if isinstance(problem, PermissionDenied) else NOT_FOUND)
            return
        await self._join(CLOSING)
        await self._join(member_topic(who.user.pk))
        for topic in wanted:
            await self._join(topic)
        await self.accept()
        for message in await self.in_tenant(self.snapshot):
            await self.send_json(message)
        self._keepers.append(asyncio.create_task(self._keep()))

    async def subscribe(self, topic: str) -> bool:
        """Listen to another topic, if the caller may still, asked anew; else the socket ends. False when it ended."""
        if not await self._may_stay():
            return False
        await self._join(topic)
        return True

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """What a client says is not looked at: it chose what to watch by the address."""

    async def live_event(self, message: dict[str, Any]) -> None:
        await self.send_json(message["event"])

    async def member_changed(self, message: dict[str, Any]) -> None:
        """Something about who listens has changed: look at once whether they may stay."""
        await self._may_stay()

    async def tenant_closed(self, message: dict[str, Any]) -> None:
        await self.close(NOT_FOUND)

    async def in_tenant(self, ask: Callable[[], T]) -> T:
        """Call `ask` in a thread, inside this socket's tenant."""
        answer: T = await _in_tenant(self.tenant, ask)
        return answer

    def _topics_allowed(self) -> list[str]:
        demand(self.who, self.permission)
        return self.topics()

    async def _join(self, topic: str) -> None:
        group = socket_group(topic, self.tenant)
        await self.channel_layer.group_add(group, self.channel_name)
        self.watched.add(group)

    async def _may_stay(self) -> bool:
        """Whether the caller may still listen; closes the socket when not."""
        who: Caller | None = await self.scope["recheck"]()
        if who is None:
            await self.close(NOT_SIGNED_IN)
            return False
        if not who.can(self.permission):
            await self.close(NOT_ALLOWED)
            return False
        self.who = who
        return True

    async def _keep(self) -> None:
        """Ping, and look from time to time whether the caller may stay, until the socket ends."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            await asyncio.sleep(self.beat)
            if loop.time() - looked >= self.recheck:
                looked = loop.time()
                try:
                    if not await self._may_stay():
                        return
                except Exception as error:  # noqa: BLE001  # a database that is away must not end every socket
                    logger.warning("a socket's caller could not be looked at again: %s", type(error).__name__)
            await self.send_json({"v": 1, "type": "ping"})


class NoSocket(AsyncWebsocketConsumer):
    """Stands at the end of the socket routes: there is nothing at this address."""

    async def connect(self) -> None:
        await self.close(NOT_FOUND)


async def _close(receive: Any, send: Any, code: int) -> None:
    await receive()  # the handshake
    await send({"type": "websocket.close", "code": code})


@database_sync_to_async  # type: ignore[untyped-decorator]
def _in_tenant(tenant: Tenant, ask: Callable[[], T]) -> T:
    with tenant_context(tenant):
        return ask()


@database_sync_to_async  # type: ignore[untyped-decorator]
def _enter(headers: dict[str, str], ticket: str | None) -> tuple[Tenant | None, Look, Caller | None]:
    """The ready tenant of the host and who calls there, in one call: a thread that is left forgets its tenant."""
    tenant = _tenant(headers)
    if tenant is None:
        return None, _nobody, None
    with tenant_context(tenant):
        if ticket is not None and not _same_origin(headers) and headers["origin"] not in tenant.cors_origins:
            return tenant, _nobody, None
        look = _look(headers, ticket)
        return tenant, look, look()


@database_sync_to_async  # type: ignore[untyped-decorator]
def _again(headers: dict[str, str], look: Look) -> Caller | None:
    tenant = _tenant(headers)
    if tenant is None:
        return None
    with tenant_context(tenant):
        return look()


def _tenant(headers: dict[str, str]) -> Tenant | None:
    host, _port = split_domain_port(headers.get("host", ""))
    tenant = tenant_by_host(host) if host else None
    return tenant if tenant is not None and tenant.is_ready else None


def look_of(headers: dict[str, str], ticket: Ticket | None) -> Look:
    """How to find out who calls, as often as one likes. One who shows a credential is nobody when it is not good.

    The names of headers are in small letters.
    """
    if "authorization" in headers:
        return lambda: _bearer(headers["authorization"])
    return (lambda: _session(headers)) if ticket is None else ticket.caller


def _look(headers: dict[str, str], ticket: str | None) -> Look:
    if ticket is None or "authorization" in headers:
        return look_of(headers, None)
    redeemed = ticket_redeem(ticket)
    return _nobody if redeemed is None else look_of(headers, redeemed)


def _nobody() -> Caller | None:
    return None


def _bearer(header: str) -> Caller | None:
    scheme, _, credential = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        user, auth = bearer_verify(credential.strip())
    except TokenRefused:
        return None
    return caller_of(user, auth) if user.can(API_USE) else None


def _session(headers: dict[str, str]) -> Caller | None:
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    user = session_user(key) if key else None
    return None if user is None else Caller(user)


def _same_origin(headers: dict[str, str]) -> bool:
    """Whether the page that opens the socket is of this host and port. No Origin: not a browser."""
    if "origin" not in headers:
        return True
    try:
        origin = urlsplit(headers["origin"])
        host = urlsplit(f"//{headers.get('host', '')}")
        origin_port = origin.port or _DEFAULT_PORTS[origin.scheme]
        host_port = host.port or _DEFAULT_PORTS[origin.scheme]
    except (ValueError, KeyError):
        return False
    return bool(host.hostname) and (origin.hostname, origin_port) == (host.hostname, host_port)
