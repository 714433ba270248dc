"""Calls that take a while, under ASGI: the tool works in a thread, and its answer streams with its progress.

What is quick is answered as plain JSON. The stream tells progress where the client asked for it, and signs of life.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Final

from django.db import connections
from django.http import StreamingHttpResponse

from apps.common.errors import TooManyRequests
from apps.tenants.context import current_tenant, tenant_context

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Progress = tuple[int, int, str]

QUICK: float = 1.0
"""Seconds within which an answer is plain JSON."""
LOOK_EVERY: Final = 0.25
BEAT: Final = 15.0
"""Seconds between two signs of life."""
MOST, MOST_OF_A_TENANT = 32, 8
"""Calls that a process has in hand at once: in all, and of one tenant."""

_in_hand: Counter[str] = Counter()
_guard = threading.Lock()


class Work:
    """One call in a thread. `stop` tells it to end; what it tells of its progress waits until it is sent."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._told: SimpleQueue[Progress] = SimpleQueue()
        self._last: Progress | None = None

    def tell(self, done: int, total: int, note: str) -> None:
        if (progress := (done, total, note)) != self._last:
            self._last = progress
            self._told.put(progress)

    def progress(self) -> Progress | None:
        """The newest that was told since the last time."""
        newest = None
        try:
            while True:
                newest = self._told.get_nowait()
        except Empty:
            return newest

    def begin(self, do: Callable[[], Message]) -> Future[Message]:
        """Do it in the tenant that this thread is in. Raises `TooManyRequests` where the tenant has enough in hand."""
        tenant = current_tenant()
        with _guard:
            if _in_hand[tenant.schema_name] >= MOST_OF_A_TENANT:
                raise TooManyRequests(
                    f"{MOST_OF_A_TENANT} calls of tools are at work for your organisation; this one was not begun.",
                    remedy="Wait until one has ended.",
                    retry_after=5,
                )
            _in_hand[tenant.schema_name] += 1

        def work() -> Message:
            try:
                with tenant_context(tenant):
                    return do()
            finally:
                connections.close_all()
                with _guard:
                    _in_hand[tenant.schema_name] -= 1

        return _pool().submit(work)


def within(future: Future[Message], seconds: float) -> Message | None:
    """The answer where it comes so soon."""
    try:
        return future.result(timeout=seconds)
    except NotYet:
        return None


def stream(work: Work, future: Future[Message], *, token: Any, stops_with_client: bool) -> StreamingHttpResponse:
    """The answer as an event stream. `token` is what the client's progress goes by, None where it wants none."""
    answer = StreamingHttpResponse(_events(work, future, token, stops_with_client), content_type="text/event-stream")
    answer["X-Accel-Buffering"] = "no"
    answer["Cache-Control"] = "no-store"
    return answer


async def _events(work: Work, future: Future[Message], token: Any, stops_with_client: bool) -> AsyncIterator[str]:
    waited, quiet = asyncio.wrap_future(future), 0.0
    try:
        while not waited.done():
            await asyncio.wait({waited}, timeout=LOOK_EVERY)
            quiet += LOOK_EVERY
            progress = work.progress() if token is not None else None
            if progress is not None:
                yield _event(_progressed(token, *progress))
                quiet = 0.0
            elif quiet >= BEAT:
                yield ": beat\n\n"
                quiet = 0.0
        yield _event(waited.result())
    finally:  # also when the client has gone
        if stops_with_client:
            work.stop.set()


def _progressed(token: Any, done: int, total: int, note: str) -> Message:
    params: dict[str, Any] = {"progressToken": token, "progress": done}
    if total:
        params["total"] = total
    if note:
        params["message"] = note
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}


def _event(message: Message) -> str:
    return f"event: message\ndata: {json.dumps(message, separators=(',', ':'))}\n\n"


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, thread_name_prefix="mcp")
