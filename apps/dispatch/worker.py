"""What a worker does beside its turns: heartbeats for all that its processes hold, and the tick.

Both run as threads of the worker's parent process. The tick is idempotent, so every worker has one and none is special.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from billiard.process import current_process
from celery.signals import worker_process_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.db import connection

from apps.dispatch import rows, services, wakeups
from apps.dispatch.board import Board, Held
from apps.dispatch.runaways import Runaways
from apps.tenants.context import PUBLIC, tenants_working

logger = logging.getLogger(__name__)

HEARTBEAT = 1.5
"""Seconds between two looks at the leases in hand; the shortest lease allows for two that fail."""
TICK = 1.0
"""Seconds between two looks at what is due: how late work is whose wake-up was lost."""

COMPARISON = 3600.0
"""Seconds between two comparisons of the work rows with what the tables say should be there."""
NICENESS = 5
"""Of what computes (nice(2)): a third of the processor's time beside what does not, and all of it where that rests."""
LOOK = 10.0
"""Seconds between two looks at all that is due, which move the marks that claims start at (rule R12)."""

BOARD = Board(number=lambda: getattr(current_process(), "index", 0) or 0)
RUNAWAYS = Runaways()


def beat(board: Board, runaways: Runaways = RUNAWAYS) -> None:
    """Renew the leases in hand, leave word of what became of their rows, and end who did not heed it in time."""
    if settings.WORKER_ALIVE_FILE:  # first: nobody shall restart a worker because the database is away
        Path(settings.WORKER_ALIVE_FILE).touch()
    held = board.held()
    asked = time.monotonic()
    states = rows.renew([each.claim for each in held])
    told: list[Held] = []
    for each in held:
        claim = each.claim
        state = states.get((claim.id, claim.kind, claim.tenant))
        if state is None or state.fence != claim.fence:
            board.news(each.place, signalled=False, lost=True, until=asked)
            told.append(each)
        else:
            signalled = state.signal != claim.signal
            board.news(each.place, signalled=signalled, lost=False, until=asked + state.left)
            told += [each] * signalled
    runaways.look(board, told)


def tick() -> int:
    """Wake workers for every tenant and queue with free work that is due. Returns how many wake-ups were sent.

    A queue that holds as many wake-ups as there are tenants to wake is left alone: its workers are busy, not asleep.
    """
    found = rows.due()
    working = tenants_working({schema for schema, _ in found})
    wanted: dict[str, list[str]] = {}
    for schema, queue in found:
        if schema == PUBLIC or schema in working:
            wanted.setdefault(queue, []).append(schema)
    return sum(
        wakeups.wake(schema, queue)
        for queue, schemas in wanted.items()
        if wakeups.waiting(queue) < len(schemas)
        for schema in schemas
    )


class Ticking:
    """The tick of a worker, and now and then a look at all that is due before it."""

    def __init__(self) -> None:
        self._look_at = 0.0

    def __call__(self) -> int:
        if time.monotonic() >= self._look_at:
            rows.look()
            self._look_at = time.monotonic() + LOOK
        return tick()


def compare() -> int:
    """Compare work rows with what the tables say (rule R7), where no other worker did for most of an hour."""
    try:
        return services.work_compare() if wakeups.first_of("compare", within=0.9 * COMPARISON) else 0
    finally:
        connection.close()  # it is not needed again for an hour


class Loop(threading.Thread):
    """Calls a function every so many seconds until the process ends. What goes wrong is logged and tried again."""

    def __init__(self, name: str, seconds: float, call: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._seconds, self._call = seconds, call

    def run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                self._call()
            except Exception as error:  # noqa: BLE001  # a database that is away must not end the loop
                logger.warning("%s failed and is tried again: %s: %s", self.name, type(error).__name__, error)
                connection.close()
            time.sleep(max(0.05, self._seconds - (time.monotonic() - began)))


@worker_process_init.connect  # type: ignore[untyped-decorator]
def go_second(**_: Any) -> None:
    """A child of a pool of processes computes for as long as it is let: requests, pumps and PostgreSQL, which take
    milliseconds each and are waited for, go first where processors are short (rule R10)."""
    os.nice(NICENESS)


@worker_ready.connect  # type: ignore[untyped-decorator]
def start_loops(**_: Any) -> None:
    """Once the pool is forked, so that no child inherits a connection of these threads."""
    Loop("heartbeat", HEARTBEAT, lambda: beat(BOARD)).start()
    Loop("tick", TICK, Ticking()).start()
    Loop("comparison", COMPARISON, compare).start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def give_rows_back(**_: Any) -> None:
    """An orderly stop: whoever computes stops at its next progress, and its row goes to another worker."""
    BOARD.end()
