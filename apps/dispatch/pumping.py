"""Who is at which tenant's pumping in a process, and who goes first: they share one interpreter (rule R10).

Two pumps of a tenant at most, as one computes while the other waits for PostgreSQL. Between two pieces of its work a
pump makes way: it waits for as long as another tenant is at work that has had less of the process's time. Who comes
after a while begins with at most `CREDIT` less than those who stay, so that nobody waits longer for it; those who stay
have the same in the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

AT_ONCE: Final = 2
CREDIT: Final = 0.1
"""Seconds that a tenant goes first when it comes: longer than a short turn, and much shorter than any lease."""
LATELY: Final = 3.0
"""Seconds for which a process counts as shared after two tenants were at work in it: longer than a turn."""
LEAST: Final = 0.005
"""A difference of so many seconds is none: to wait for less costs more than it gives."""


@dataclass
class Share:
    """What a tenant has had of the process's time."""

    had: float
    """Seconds, beside those of others: only differences mean something."""
    inside: int = 0
    """How many pump it."""
    working: int = 0
    """How many of these do not make way."""
    since: float = 0.0
    """Up to when `had` is known; while somebody works it grows with the clock, whatever the work waits for."""


class Pumping:
    """Who comes when there are enough of its tenant leaves word instead of waiting."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._shares: dict[str, Share] = {}
        """Of those inside, and of those who left lately."""
        self._level = 0.0
        """What those inside have had at least. It never falls, so that a crowd of new ones has no more credit."""
        self._shared_until = 0.0
        self._missed: set[str] = set()
        """Tenants for whose work somebody came, and did not wait."""

    def enter(self, tenant: str) -> bool:
        """Whether this thread may pump; else enough others do, and the first to leave will hear that one more came."""
        with self._changed:
            share = self._shares.get(tenant, Share(had=0.0))
            if share.inside >= AT_ONCE:
                self._missed.add(tenant)
                return False
            if not share.inside:
                self._look()
                share.had = max(share.had, self._level - CREDIT)
                self._shares[tenant] = share
            share.inside += 1
            self._work(share, 1)
            if sum(each.inside > 0 for each in self._shares.values()) > 1:
                self._shared_until = self._clock() + LATELY
            return True

    def leave(self, tenant: str) -> bool:
        """Let others pump. Returns whether somebody came meanwhile, whose work may have been missed."""
        with self._changed:
            share = self._shares[tenant]
            self._work(share, -1)
            share.inside -= 1
            self._look()
            self._changed.notify_all()
            missed = tenant in self._missed
            self._missed.discard(tenant)
            return missed

    def is_shared(self) -> bool:
        """Whether several tenants are at work here, or were lately. Then pieces of work are to be short: who comes
        waits for the one that each of the others has begun."""
        return self._clock() < self._shared_until

    def make_way(self, tenant: str, most: float) -> float:
        """Wait while another tenant is at work that has had less, `most` seconds at most. Returns how long it was.

        Called by a pump of the tenant, between two pieces of its work, with nothing locked.
        """
        if len(self._shares) < 2:  # looked at without the lock, as it is asked for each run
            return 0.0
        with self._changed:
            if self.lead(tenant) < LEAST:
                return 0.0
            share, began = self._shares[tenant], self._clock()
            self._work(share, -1)
            while (lead := self.lead(tenant)) >= LEAST and (left := began + most - self._clock()) > 0:
                self._changed.wait(min(lead, left))
            self._work(share, 1)
            return self._clock() - began

    def lead(self, tenant: str) -> float:
        """How many seconds a tenant has had more than that one of those at work that has had least; 0 for that one."""
        return self._had(self._shares[tenant]) - min(
            (self._had(each) for each in self._shares.values() if each.working), default=float("inf")
        )

    def _had(self, share: Share) -> float:
        return share.had + (self._clock() - share.since if share.working else 0.0)

    def _work(self, share: Share, more: int) -> None:
        share.had, share.since = self._had(share), self._clock()
        share.working += more

    def _look(self) -> None:
        """Raise the level, and forget who is where the level would put it anyway."""
        inside = [self._had(each) for each in self._shares.values() if each.inside]
        if not inside:
            self._shares, self._level = {}, 0.0
            return
        self._level = max(self._level, min(inside))
        floor = self._level - CREDIT
        self._shares = {name: each for name, each in self._shares.items() if each.inside or each.had > floor}


PUMPING: Final = Pumping()
"""Of this process."""
