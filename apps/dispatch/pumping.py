"""Few pumps of a tenant at a time in each process: they share one interpreter, and another tenant's pump waits for all
of them (rule R10). Two, as one computes while the other waits for PostgreSQL."""

from __future__ import annotations

import threading
from typing import Final

AT_ONCE: Final = 2


class Pumping:
    """Who is at which tenant's work in this process. Who comes when there are enough leaves word instead of waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside: dict[str, int] = {}
        self._missed: set[str] = set()
        """Tenants for whose work somebody came, and did not wait."""

    def enter(self, tenant: str) -> bool:
        """Whether this thread may pump; else enough others do, and the first to leave will hear that one more came."""
        with self._lock:
            inside = self._inside.get(tenant, 0)
            if inside >= AT_ONCE:
                self._missed.add(tenant)
                return False
            self._inside[tenant] = inside + 1
            return True

    def leave(self, tenant: str) -> bool:
        """Let others pump. Returns whether somebody came meanwhile, whose work may have been missed."""
        with self._lock:
            self._inside[tenant] -= 1
            if not self._inside[tenant]:
                del self._inside[tenant]
            missed = tenant in self._missed
            self._missed.discard(tenant)
            return missed


PUMPING: Final = Pumping()
"""Of this process."""
