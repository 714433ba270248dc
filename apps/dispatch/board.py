"""What the processes of one worker hold in hand, in memory that they share: so that the parent can keep their leases.

A child that computes may not get to its own heartbeat for seconds (a library that keeps the interpreter's lock), so the
parent renews for all of its children (rule R11) and leaves here what it learnt: whether the row was signalled, whether
the lease is lost. A child reads that without a query.

Each process of a pool has places of its own, by its number in the pool, so no lock is needed between processes.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from apps.common.work import KINDS, Claim

PROCESSES = 64
PER_PROCESS = 512
"""Rows that one process may have in hand: eight threads with as many as a claim takes at most."""
# pid, fence, signal when claimed, deaths, id, kind, tenant: written by the holder, the pid last.
_HOLD = struct.Struct("=qqqq16s64s64s")
# signalled, lost, lease known to hold until (seconds of the machine's steady clock): written by the parent.
_NEWS = struct.Struct("=??6xd")
_PLACE = _HOLD.size + _NEWS.size
# Of a place, only whether it is taken: the places are many, and nearly all of them are free.
_PID = struct.Struct(f"=q{_PLACE - 8}x")


@dataclass(frozen=True)
class Held:
    place: int
    pid: int
    claim: Claim


class Board:
    """Places for claims. Made before the pool forks; `number` tells which of the pool's processes asks."""

    def __init__(self, number: Callable[[], int] = lambda: 0) -> None:
        self._memory = mmap.mmap(-1, PROCESSES * PER_PROCESS * _PLACE)  # shared with every child that is forked
        self._number = number
        self._taken: set[int] = set()
        self._lock = threading.Lock()
        self._mine: dict[Claim, int] = {}
        self.ending = mmap.mmap(-1, 1)

    def free(self) -> int:
        """How many more claims this process can show. A claim of more would be in hand without a heartbeat."""
        return PER_PROCESS - len(self._taken)

    @contextmanager
    def hold(self, *claims: Claim) -> Iterator[None]:
        """Show the claims to the parent while they are in hand. Raises `RuntimeError` when all places are taken."""
        places: list[int] = []
        try:
            for claim in claims:
                places.append(self._show(claim))
            yield
        finally:
            for claim, place in zip(claims, places, strict=False):
                self._pid(place, 0)
                del self._mine[claim]
            with self._lock:
                self._taken.difference_update(places)

    def _show(self, claim: Claim) -> int:
        place = self._take()
        self._mine[claim] = place
        self.news(place, signalled=False, lost=False, until=time.monotonic() + KINDS[claim.kind].lease)
        words = (claim.id.bytes, claim.kind.encode(), claim.tenant.encode())
        _HOLD.pack_into(self._memory, place * _PLACE, 0, claim.fence, claim.signal, claim.deaths, *words)
        self._pid(place, os.getpid())
        return place

    def stopping(self, claim: Claim) -> bool:
        """Whether the holder of `claim` should stop. A claim that is not on the board is left alone."""
        place = self._mine.get(claim)
        if place is None:
            return False
        signalled, lost, until = _NEWS.unpack_from(self._memory, place * _PLACE + _HOLD.size)
        return signalled or lost or self.ending[0] != 0 or time.monotonic() > until

    def held(self) -> list[Held]:
        """Every claim in hand in any process of the worker, those of dead processes cleared."""
        found = []
        for place, (pid,) in enumerate(_PID.iter_unpack(self._memory)):
            if not pid:
                continue
            _, fence, signal, deaths, id, kind, tenant = _HOLD.unpack_from(self._memory, place * _PLACE)
            if not _alive(pid):
                self._pid(place, 0)
                continue
            names = (part.rstrip(b"\0").decode() for part in (kind, tenant))
            found.append(Held(place, pid, Claim(next(names), UUID(bytes=id), next(names), fence, signal, deaths)))
        return found

    def news(self, place: int, *, signalled: bool, lost: bool, until: float) -> None:
        """Leave word for the holder: `until` is when its lease ends, by `time.monotonic()`."""
        _NEWS.pack_into(self._memory, place * _PLACE + _HOLD.size, signalled, lost, until)

    def end(self) -> None:
        """Ask every holder to stop: the worker is about to end."""
        self.ending[0] = 1

    def _take(self) -> int:
        first = self._number() % PROCESSES * PER_PROCESS
        with self._lock:
            for place in range(first, first + PER_PROCESS):
                if place not in self._taken:
                    self._taken.add(place)
                    return place
        raise RuntimeError(f"More than {PER_PROCESS} claims are in hand in one process: lower the pool's size.")

    def _pid(self, place: int, pid: int) -> None:
        struct.pack_into("=q", self._memory, place * _PLACE, pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
