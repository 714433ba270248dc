"""The turn that this thread takes, and what it takes up next without a message (rule R9)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from apps.common.work import Claim

_thread = threading.local()


class Current:
    """A turn on a tenant's queue, while it lasts."""

    def __init__(self, tenant: str, queue: str) -> None:
        self.tenant, self.queue = tenant, queue
        self.followers: list[Claim] = []
        """Rows that waited for what was done in this turn, and are in its hands."""
        self.finished: Claim | None = None
        """What was finished last, so that nobody need ask whether it is to be given back."""
        self.has_made = False
        """Whether rows were made for this tenant and queue since it claimed last."""


@contextmanager
def entered(tenant: str, queue: str) -> Iterator[Current]:
    """This thread takes a turn."""
    _thread.turn = turn = Current(tenant, queue)
    try:
        yield turn
    finally:
        _thread.turn = None


def current() -> Current | None:
    """The turn that this thread takes; None outside every turn."""
    turn: Current | None = getattr(_thread, "turn", None)
    return turn
