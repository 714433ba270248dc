"""Runs that this process gave back a moment ago, as they stood then: who goes on with one need not read it again.

A process that carries out an agent's step takes up its run when the step has ended (rule R9), and knows the run already
where it was the one that began the step. It may go on with what it knows only where nobody else had the row in hand
meanwhile, and nobody has signalled but the step that ended: every claim draws another fence, and whoever writes what a
run must know signals it (rule R3).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final
from uuid import UUID

from apps.common.work import Claim

if TYPE_CHECKING:
    from apps.workflows.store import InHand

KEPT_FOR: Final = 2.0
"""Seconds since a run was read, as long as a turn lasts: what else was read with it (who waits for its end) is not told
by signals."""
MOST: Final = 256
LARGEST: Final = 16 * 1024
"""Bytes of a run's payloads as they are stored; a larger one is read again rather than held in memory."""


class Kept:
    """Runs by tenant and key, the oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hands: OrderedDict[tuple[str, UUID], InHand] = OrderedDict()

    def keep(self, hand: InHand) -> None:
        """Keep a run whose row was given back, with the signal that it had then. The oldest one makes room."""
        if hand.size > LARGEST or time.monotonic() - hand.read_at > KEPT_FOR:
            return
        with self._lock:
            self._hands[hand.claim.tenant, hand.run.id] = hand
            while len(self._hands) > MOST:
                self._hands.popitem(last=False)

    def take(self, claim: Claim) -> InHand | None:
        """The run of a claim, where it stands as it was left. It is given once."""
        with self._lock:
            hand = self._hands.pop((claim.tenant, claim.id), None)
        if hand is None or time.monotonic() - hand.read_at > KEPT_FOR or not claim.continues(hand.claim):
            return None
        hand.claim = claim
        return hand


KEPT: Final = Kept()
"""Of this process."""
