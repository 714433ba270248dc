"""What is left of the limit on tries to sign in while Redis, which counts them, is away."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

WINDOW: Final = 15 * 60
"""Seconds over which tries for an account are counted, as in ACCOUNT_RATE_LIMITS."""


class LocalBudget:
    """A few tries per account and in all, counted by this process over windows that do not overlap."""

    def __init__(self, *, each: int, total: int) -> None:
        self.each, self.total = each, total
        self._lock = Lock()
        self._began = float("-inf")
        self._tries: Counter[str] = Counter()

    def take(self, account: str, now: float) -> bool:
        """Count a try at `now` (seconds of a steady clock). False when nothing is left for the account, or for all."""
        with self._lock:
            if now - self._began >= WINDOW:
                self._began = now
                self._tries.clear()
            if self._tries[account] >= self.each or self._tries.total() >= self.total:
                return False
            self._tries[account] += 1
            return True
