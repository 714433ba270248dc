"""Answers that may be held back until something has happened, without a thread for those who wait.

A view that has nothing new to say calls `hold`. Under ASGI its answer is then put aside by `WaitingAnswers`, which
stands before Django: it listens to a live topic and has the request answered anew when something comes, so that every
answer that is sent has passed authentication and permissions when it was made. Under WSGI, where whoever waits has a
thread, the view looks again itself, and for a shorter time: callers must take an early answer for what it is, and ask
again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from apps.tenants.live import socket_group, wait_for

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_KEY = "orchestrall.waiting"
# Where a thread waits: seconds between two looks, and the longest wait.
LOOK_EVERY = 0.5
LONGEST_IN_THREAD = 10.0


@dataclass
class _Held:
    """What a view wants to wait for. It lies in the scope of the request that it answers."""

    group: str = ""
    seconds: float = 0.0
    again: bool = False
    """Whether it was answered before: the caller sent one request, however often it is answered."""


def hold(request: HttpRequest, *, topic: str, seconds: float, look: Callable[[], bool]) -> None:
    """Hold the answer back for at most `seconds`, until an event of `topic` comes, in the current tenant.

    `look` tells whether what is waited for has happened; it is called where a thread must wait, and afterwards the
    caller makes its answer from what is true then.
    """
    held: _Held | None = getattr(request, "scope", {}).get(_KEY)
    if held is not None:
        held.group, held.seconds = socket_group(topic), seconds
        return
    until = time.monotonic() + min(seconds, LONGEST_IN_THREAD)
    while not look() and (left := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_EVERY, left))


def is_asked_again(request: HttpRequest) -> bool:
    """Whether the answer to this request was held back before, so that it is counted already."""
    held: _Held | None = getattr(request, "scope", {}).get(_KEY)
    return held is not None and held.again


class WaitingAnswers:
    """ASGI: answers of `app` that a view holds back are made anew when their topic speaks, or their time is over."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET" or b"wait=" not in scope["query_string"] or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        answer = asyncio.ensure_future(self._answer(scope, send))
        left = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({answer, left}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                answer.result()
        finally:
            for task in (answer, left):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _answer(self, scope: Scope, send: Send) -> None:
        latest = await self._ask(scope, send)
        if not latest.held.group:
            return
        group, seconds = latest.held.group, latest.held.seconds

        async def again() -> bool | None:
            nonlocal latest
            latest = await self._ask(scope, send, again=True)
            return None if latest.held.group else True

        await wait_for(group, seconds, check=again)
        for message in latest.messages:  # there are some only where nothing happened in time
            await send(message)

    async def _ask(self, scope: Scope, send: Send, *, again: bool = False) -> _Answer:
        """Have the request answered as things stand now; what is not held back is sent."""
        answer = _Answer(send, _Held(again=again))
        await self.app({**scope, _KEY: answer.held}, answer.receive, answer.send)
        return answer


@dataclass
class _Answer:
    """One answer to a GET without a body: sent on as it comes, or put aside when its view holds it back."""

    onward: Send
    held: _Held = field(default_factory=_Held)
    messages: list[Message] = field(default_factory=list)
    _asked: bool = False

    async def receive(self) -> Message:
        if self._asked:
            await asyncio.Event().wait()  # the caller leaves by a cancellation, not by a message
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if self.held.group:
            self.messages.append(message)
        else:
            await self.onward(message)


async def _left(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
