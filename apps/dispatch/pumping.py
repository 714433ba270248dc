"""One pump of a tenant at a time in each process: several would share one interpreter, and compute in turns what one
does at once (rule R10)."""

from __future__ import annotations

import threading


class Pumping:
    """Who is at a tenant's work in this process. Who comes meanwhile leaves word instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._came: dict[str, bool] = {}
        """By tenant that is pumped: whether somebody came meanwhile."""

    def enter(self, tenant: str) -> bool:
        """Whether this thread may pump; else somebody does, and will hear that one more came."""
        with self._lock:
            free = tenant not in self._came
            self._came[tenant] = not free
            return free

    def leave(self, tenant: str) -> bool:
        """Let others pump. Returns whether somebody came meanwhile, whose work may have been missed."""
        with self._lock:
            return self._came.pop(tenant)
