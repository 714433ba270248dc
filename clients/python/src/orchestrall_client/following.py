"""Runs, of agents and of workflows alike, as they go on: waited for, or watched."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

import httpx

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.errors import InvalidRequest, NotFound, Problem, UnexpectedAnswer, WaitExpired
from orchestrall_client.models import RunDetail, RunEvent
from orchestrall_client.pages import id_of
from orchestrall_client.streams import messages
from orchestrall_client.workflow_models import WorkflowRunDetail, WorkflowRunEvent

Detail = TypeVar("Detail", RunDetail, WorkflowRunDetail)
Event = TypeVar("Event", RunEvent, WorkflowRunEvent)

# Seconds that an answer is held back: shorter where somebody wants to see how far it is.
HELD: Final = 25.0
HELD_WITH_PROGRESS: Final = 2.0
# An answer that comes sooner than this was not held back: then the pause is ours.
SHORTEST: Final = 1.0


class Followed(Generic[Detail, Event]):
    """Runs of one sort, at `path`."""

    path: ClassVar[str]

    def __init__(
        self,
        connection: Connection,
        detail: type[Detail],
        event: type[Event],
        as_event: Callable[[Detail], Event],
    ) -> None:
        self._connection = connection
        self._detail: type[Detail] = detail
        self._event: type[Event] = event
        self._as_event: Callable[[Detail], Event] = as_event

    def _wait(
        self, at: str, timeout: float | None = None, on_progress: Callable[[Detail], object] | None = None
    ) -> Detail:
        retries, seen = self._connection.retries, -1
        began = retries.clock()
        while True:
            asked = retries.clock()
            left = None if timeout is None else max(0.0, began + timeout - asked)
            held = min(HELD_WITH_PROGRESS if on_progress else HELD, HELD if left is None else left)
            now = self._connection.one(_held(at, held), self._detail)
            if on_progress and now.seq != seen:
                on_progress(now)
            if not now.is_open:
                return now
            seen = now.seq
            left = None if timeout is None else began + timeout - retries.clock()
            if left is not None and left <= 0:
                raise WaitExpired(now, timeout or 0.0)
            if retries.clock() - asked < min(held, SHORTEST):
                retries.sleep(SHORTEST if left is None else min(SHORTEST, left))

    def _watch(self, at: str) -> Iterator[Event]:
        retries, seen, call = self._connection.retries, -1, get(f"{at}/events")
        attempts = retries.attempts()
        while True:
            opened, before = math.inf, seen
            try:
                with self._connection.answer(_from(call, seen)) as response:
                    opened = retries.clock()
                    for event in self._events(response):
                        if event.seq > seen:
                            seen, attempts = event.seq, retries.attempts()
                            yield event
                        if not event.is_open:
                            return
            except (NotFound, InvalidRequest, UnexpectedAnswer):  # no such address; or no run, as asking for it tells
                break
            except (Problem, httpx.RequestError) as lost:
                if retries.clock() - opened >= SHORTEST:  # it was there: tries before that do not count
                    attempts = retries.attempts()
                self._connection.again(call, lost, attempts)
                continue
            if seen == before and retries.clock() - opened < SHORTEST:
                break
            retries.sleep(retries.pause(1))
        yield from self._polled(at, seen)

    def _polled(self, at: str, seen: int) -> Iterator[Event]:
        """The changes of a run that a reader sees who asks again and again."""
        retries = self._connection.retries
        while True:
            asked = retries.clock()
            now = self._connection.one(_held(at, HELD_WITH_PROGRESS if seen >= 0 else 0.0), self._detail)
            if now.seq > seen:
                seen = now.seq
                yield self._as_event(now)
            if not now.is_open:
                return
            if retries.clock() - asked < SHORTEST:
                retries.sleep(SHORTEST)

    def _events(self, response: httpx.Response) -> Iterator[Event]:
        if response.status_code == httpx.codes.NO_CONTENT:  # nothing follows on what was seen
            return
        kind = response.headers.get("Content-Type", "")
        if not kind.startswith("text/event-stream"):
            raise UnexpectedAnswer(f"The events of a run came as {kind or 'nothing'}, and not as a stream of events.")
        for message in messages(response.iter_bytes()):
            try:
                told = json.loads(message.data)
                if "status" in told:  # kinds of messages that are not known are nobody's loss
                    yield self._event.model_validate(told)
            except (TypeError, ValueError) as error:
                raise UnexpectedAnswer("An event of a run cannot be read.") from error

    @classmethod
    def _at(cls, run: UUID | str | Any) -> str:
        return f"{cls.path}/{id_of(run, 'run')}"


def _held(at: str, seconds: float) -> Call:
    return Call("GET", at, params={"wait": round(seconds, 3)} if seconds else None, seconds=seconds)


def _from(call: Call, seen: int) -> Call:
    """The stream from after the event that was seen last. A sign of life comes every 15 seconds."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": str(seen)} if seen >= 0 else {})}
    return replace(call, headers=headers, seconds=HELD)
