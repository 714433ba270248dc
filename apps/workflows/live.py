"""Live events of runs: a few a second, whatever the number of runs that change.

To those who watch all runs an event is ``{v, runs: [{run, ref, seq, status}], more}``; it says what to read again, and
is no substitute for it. An event of one run is ``{v, seq, run, ref, workflow, title, status, at}``. It is sent only
where somebody watches that run, who leaves a mark in Redis for that (`watch`): an event costs as much as many steps,
and nearly all runs end unwatched. The marks of all runs that changed are looked up in one command.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from apps.tenants.fast import redis, redis_key
from apps.tenants.live import publish
from apps.workflows.models import WorkflowRun

logger = logging.getLogger(__name__)

ALL_RUNS = "workflow-runs"
MOST_NAMED = 100
"""Runs that an event names; whoever watches another one reads it again, as with any gap."""
WATCHED: Final = 150
"""Seconds that a mark lasts: longer than anybody waits, or listens before looking again."""


class Teller:
    """Collects which runs went on, and says so at most every `every` seconds: an event costs more than a step."""

    def __init__(self, every: float = 0.2) -> None:
        self._every, self._told = every, time.monotonic()
        self._gone_on: dict[UUID, tuple[WorkflowRun, str]] = {}
        self._changed: dict[UUID, None] = {}

    def note(self, run: WorkflowRun, status: str, *, is_changed: bool) -> None:
        """Steps of the run went on, and its status is this now. Who watches all runs hears of it where the run itself
        has changed: the others look as before."""
        self._gone_on[run.id] = run, status
        if is_changed:
            self._changed[run.id] = None

    def tell(self, *, now: bool = False) -> None:
        """Send what was noted, if the last event is long enough ago or it must be `now`."""
        if self._gone_on and (now or time.monotonic() - self._told >= self._every):
            self._told = time.monotonic()
            changed = [self._gone_on[id] for id in self._changed]
            named = [
                {"run": str(run.id), "ref": run.ref, "seq": run.seq, "status": status}
                for run, status in changed[:MOST_NAMED]
            ]
            if named:
                publish(ALL_RUNS, {"v": 1, "runs": named, "more": len(changed) > MOST_NAMED})
            gone_on, self._gone_on, self._changed = list(self._gone_on.values()), {}, {}
            _tell_each(gone_on)


def topic(run: UUID) -> str:
    return f"workflow-run.{run}"


def event(run: WorkflowRun, status: str = "") -> dict[str, Any]:
    """The run as an event, with the status that it has now if that is not yet in `run`."""
    return {
        "v": 1,
        "seq": run.seq,
        "run": str(run.id),
        "ref": run.ref,
        "workflow": run.workflow.name,
        "title": run.workflow.title,
        "status": status or run.status,
        "at": timezone.now().isoformat(),
    }


def is_end(event: dict[str, Any]) -> bool:
    """Whether the run has ended with this event."""
    return event["status"] not in WorkflowRun.OPEN


def tell(run: WorkflowRun) -> None:
    """Send the state of a run that no pump changed, once the transaction commits, to those who watch it."""
    status = run.status
    transaction.on_commit(lambda: _tell_each([(run, status)]))


def watch(run: UUID) -> None:
    """Have the run's events sent for `WATCHED` seconds. Look at the run after that, as it may have ended before."""
    try:
        redis().set(_mark(run), b"1", ex=WATCHED)
    except RedisError as error:  # then nothing comes, and whoever waits looks again when the time is over
        logger.warning("a run cannot be watched: %s", error, extra={"run": str(run)})


def _mark(run: UUID | str) -> str:
    return redis_key("workflow-watched", str(run))


def _tell_each(changed: Sequence[tuple[WorkflowRun, str]]) -> None:
    """Send the events of those runs that somebody watches, each with the status that it has now."""
    try:
        marks = redis().mget([_mark(run.id) for run, _ in changed])
    except RedisError as error:
        logger.warning("nobody was told of runs that changed: %s", error)
        return
    for (run, status), mark in zip(changed, marks, strict=True):
        if mark is not None:
            publish(topic(run.id), event(run, status))
