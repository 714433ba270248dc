"""Argon2 with a cap: each hash takes 100 MiB and a core for a while, so a flood of sign-ins would take the machine.

So many are computed at once in a process, so many wait for their turn, and whoever comes then is told to come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

from apps.common.errors import Unavailable

PATIENCE: Final = 10.0
"""Seconds that a hash waits for its turn."""


class SignInBusy(Unavailable):
    code = "sign_in_busy"
    status = 503
    title = "Too many are signing in at this moment"
    cause = "Passwords are slow to check on purpose, and more are waiting for it than the server takes on at once."
    effect = "The password was not looked at, and nothing was changed."
    remedy = "Try again in a few seconds."


class Gate:
    """Lets so many through at once and so many wait. Raises `SignInBusy` for the rest."""

    def __init__(self, *, at_once: int, waiting: int, patience: float = PATIENCE) -> None:
        self._room = BoundedSemaphore(at_once)
        self._most = at_once + waiting
        self._patience = patience
        self._lock = Lock()
        self._inside = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._lock:
            if self._inside >= self._most:
                raise SignInBusy
            self._inside += 1
        try:
            if not self._room.acquire(timeout=self._patience):
                raise SignInBusy
            try:
                yield
            finally:
                self._room.release()
        finally:
            with self._lock:
                self._inside -= 1


_gate = Gate(at_once=settings.PASSWORD_HASHES_AT_ONCE, waiting=settings.PASSWORD_HASHES_WAITING)


class CappedArgon2(Argon2PasswordHasher):
    """Django's Argon2 hasher, behind the gate of this process. What it stores is what Django's stores."""

    def encode(self, password: str, salt: str) -> str:
        with _gate.passing():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _gate.passing():
            return bool(super().verify(password, encoded))

    def harden_runtime(self, password: str, encoded: str) -> Any:
        """Nothing: the cost of the stored hash is the cost."""
