"""Processes that were told to leave what they have in hand, and did not: they are killed (rule R9).

An agent that never asks whether it should stop cannot be stopped in any other way. It has a process of its own, a child
of the worker; the worker starts another one, and all else goes on.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterable

from apps.common.work import KINDS, Claim
from apps.dispatch import rows, wakeups
from apps.dispatch.board import Board, Held

logger = logging.getLogger(__name__)


class Runaways:
    """Knows since when holders have been told to leave. Belongs to the heartbeat of one worker."""

    def __init__(self) -> None:
        self._told: dict[Claim, float] = {}

    def look(self, board: Board, told: Iterable[Held]) -> None:
        """End the processes of those that have not left in their kind's time. `told`: all that should leave now."""
        now, told = time.monotonic(), [each for each in told if KINDS[each.claim.kind].leave_within is not None]
        self._told = {each.claim: self._told.get(each.claim, now) for each in told}
        for each in told:
            if now - self._told[each.claim] >= (KINDS[each.claim.kind].leave_within or 0.0):
                _end(board, each)


def _end(board: Board, runaway: Held) -> None:
    """Kill a holder, and give back all that it had in hand: the dead can do no more, and it is no death of the work's.

    What it would still write is refused by the fence, which whoever claims next draws anew.
    """
    if runaway.pid == os.getpid():  # a thread of this process: it goes when its own deadline ends it
        return
    if runaway not in board.held():  # it left in the meantime, and has other work in hand
        return
    try:
        os.kill(runaway.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    claim = runaway.claim
    logger.error(
        "a process was killed that had not left its work %.0f s after it was told to",
        KINDS[claim.kind].leave_within,
        extra={"tenant": claim.tenant, "kind": claim.kind, "work": str(claim.id)},
    )
    left = [each.claim for each in board.held() if each.pid == runaway.pid]
    for tenant, queue in rows.give_back(left):
        wakeups.wake(tenant, queue)
