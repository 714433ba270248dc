"""Event streams (`text/event-stream`) of live topics, without a thread for those who listen.

A view answers with the state of the thing and says with `stream` how it goes on. Under ASGI its answer is then not the
end: `EventStreams`, which stands before Django, sends it and keeps it open, listens to the topic, and passes on what it
says. So whoever listens has passed authentication, permissions and limits in an ordinary request, whose thread is free
again. Under WSGI, where whoever listens would hold a thread, the answer ends after the state: clients of event streams
connect again by themselves, and are told only what is new to them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from channels.db import database_sync_to_async
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from redis.exceptions import RedisError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.common.errors import BadRequest, Issue, Problem
from apps.gateway.principals import Caller
from apps.gateway.sockets import Look, look_of
from apps.tenants.context import current_tenant, tenant_by_schema, tenant_context
from apps.tenants.live import CLOSING, listening, socket_group
from apps.tenants.models import Tenant

T = TypeVar("T")
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Event = dict[str, Any]
"""As it is published: at least `seq`, which rises with every change of the thing."""

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "Last-Event-ID"
RETRY: Final = 3
"""Seconds until a client that was cut off connects again."""
BEAT: float = 15.0
"""Seconds between two signs of life."""
RECHECK: float = 60.0
"""Seconds between two looks at whether the caller may still listen, and at the state, should an event have got lost."""

LAST_EVENT_ID_PARAMETER: Final = OpenApiParameter(
    LAST_EVENT_ID,
    {"type": "string", "pattern": "^[0-9]{0,18}$", "examples": ["7"]},
    OpenApiParameter.HEADER,
    description="The `id` of the last event that you got: you are told what is newer. Browsers send it by themselves.",
)
_KEY: Final = "orchestrall.stream"


@dataclass(frozen=True)
class Feed:
    """What is streamed: where its events are published, and how its state is read."""

    topic: str
    permission: str
    read: Callable[[Caller], Event]
    """The state as an event, for a caller who may see it. Called inside the tenant; raises a `Problem` otherwise."""
    is_last: Callable[[Event], bool]
    """Whether nothing follows after an event."""


@dataclass
class _Held:
    """How the answer to a request goes on. It lies in the scope of the request."""

    feed: Feed | None = None
    tenant: Tenant | None = None
    look: Look | None = None
    seq: int = 0


class EventStream(BaseRenderer):
    """Names the format; the view writes it itself."""

    media_type, format, charset = MEDIA_TYPE, "event-stream", "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return data


def stream(request: Request, who: Caller, feed: Feed) -> HttpResponse:
    """Answer with the state of what `feed` streams, and have the answer go on where the server can.

    Who has seen this state already (`Last-Event-ID`) is not told it again, and gets 204 where nothing follows: then
    clients do not connect again. Raises what `feed.read` raises.
    """
    seen, state = _seen(request), feed.read(who)
    if feed.is_last(state) and seen == state["seq"]:
        return HttpResponse(status=204)
    held: _Held | None = getattr(request._request, "scope", {}).get(_KEY)
    if held is not None and not feed.is_last(state):
        headers = {name.lower(): value for name, value in request.headers.items()}
        held.feed, held.tenant, held.seq = feed, current_tenant(), state["seq"]
        held.look = look_of(headers, getattr(request, "ticket", None))
    text = f"retry: {RETRY * 1000}\n\n"
    if seen != state["seq"]:
        text += _text(feed, state, "snapshot")
    return HttpResponse(text, content_type=f"{MEDIA_TYPE}; charset=utf-8", headers={"X-Accel-Buffering": "no"})


def _seen(request: Request) -> int | None:
    sent = request.headers.get(LAST_EVENT_ID, "")
    if not sent:
        return None
    if not (sent.isascii() and sent.isdigit() and len(sent) < 19):
        issue = Issue(path=LAST_EVENT_ID, message="Send the `id` of the last event that you got, or leave it out.")
        raise BadRequest(f"The header {LAST_EVENT_ID} is not the id of an event.", issues=[issue])
    return int(sent)


def _text(feed: Feed, event: Event, name: str) -> str:
    """An event in the format of event streams; the last one is called `end`, whatever led to it."""
    name = "end" if feed.is_last(event) else name
    return f"event: {name}\nid: {event['seq']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n"


class EventStreams:
    """ASGI: an answer of `app` whose view says that it goes on is kept open, and told what happens."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET" or not scope["path"].startswith("/api/") or not scope["path"].endswith("/events"):
            await self.app(scope, receive, send)
            return
        opening = _Opening(send)
        await self.app({**scope, _KEY: opening.held}, opening.receive, opening.send)
        if opening.held.feed is None:
            return
        following = asyncio.ensure_future(_follow(opening.held, send))
        left = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({following, left}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            for task in (following, left):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


@dataclass
class _Opening:
    """The answer that Django makes: to a GET without a body, and sent on as what it may be, the beginning of more."""

    onward: Send
    held: _Held = field(default_factory=_Held)
    _asked: bool = False

    async def receive(self) -> Message:
        if self._asked:
            await asyncio.Event().wait()  # whether the caller leaves is asked once Django has answered
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if self.held.feed is not None and message["type"] == "http.response.start":
            headers = [each for each in message["headers"] if each[0].lower() != b"content-length"]
            message = {**message, "headers": headers}
        elif self.held.feed is not None:
            message = {**message, "more_body": True}
        await self.onward(message)


async def _follow(held: _Held, send: Send) -> None:
    """Send what happens until the last event, or until the caller may not listen any more."""
    try:
        async for text in _events(held):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
    except (OSError, RedisError) as error:  # the client comes again, and is told the state
        logger.warning("a stream ended: live events are away: %s", error)


async def _events(held: _Held) -> AsyncIterator[str]:
    feed, tenant, seq = held.feed, held.tenant, held.seq
    assert feed is not None and tenant is not None and held.look is not None  # noqa: PT018, S101  # set together
    clock = asyncio.get_running_loop().time
    async with listening(socket_group(feed.topic, tenant), socket_group(CLOSING, tenant)) as hear:
        looked = clock() - RECHECK  # what happened before it was listened to is in the state
        while True:
            event: Event | None = None
            if clock() - looked >= RECHECK:
                looked = clock()
                event = await _state(tenant, held.look, feed)
                if event is None:
                    return
            else:
                message = await hear(BEAT)
                if message is None:
                    yield ": beat\n\n"
                elif message["type"] != "live.event":
                    return
                else:
                    event = message["event"]
            if event is not None and event["seq"] > seq:
                seq = event["seq"]
                yield _text(feed, event, "change")
                if feed.is_last(event):
                    return


@database_sync_to_async  # type: ignore[untyped-decorator]
def _state(tenant: Tenant, look: Look, feed: Feed) -> Event | None:
    """The state as the caller may see it now; None where they may not, or the thing or the tenant is gone."""
    now = tenant_by_schema(tenant.schema_name)
    if now is None or not now.is_ready:
        return None
    with tenant_context(now):
        who = look()
        try:
            return feed.read(who) if who is not None and who.can(feed.permission) else None
        except Problem:
            return None


async def _left(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
