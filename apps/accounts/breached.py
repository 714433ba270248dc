"""Passwords that were stolen somewhere, of a file that the operator keeps: looked up on this machine alone.

The file has one line for each, ``SHA1HEX:count``, in the order of the hashes. It may have many gigabytes: a look-up
reads some forty lines of it, by halving, and the file may be replaced by a newer one at any time.
"""

from __future__ import annotations

import logging
import os
import re
from hashlib import sha1
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError

from apps.accounts.passwords import normalised

_LINE: Final = re.compile(rb"([0-9A-Fa-f]{40})(:\d+)?\r?\n?")
_LONGEST: Final = 128
"""Bytes within which a line ends."""
_SAMPLES: Final = 256
_HINT: Final = (
    "Name a file with lines of SHA1HEX:count in the order of the hashes (`LC_ALL=C sort`) in "
    "ORCHESTRALL_BREACHED_PASSWORDS, or leave the variable out. The operators' guide says more."
)
logger = logging.getLogger(__name__)


class BreachedUnusable(Exception):
    """The file cannot be read, or is not of the form that is asked for; its text says which."""


class BreachedPasswords:
    """The file, while it is open. Raises `BreachedUnusable`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> BreachedPasswords:
        try:
            self._file = open(self._path, "rb", buffering=0)  # closed in __exit__
            self._size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise BreachedUnusable(f"{self._path} cannot be read: {error.strerror}.") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def holds(self, password: str) -> bool:
        wanted = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        low, high = 0, self._size  # the first line that is not before the wanted one begins in between
        while low < high:
            middle = (low + high) // 2
            begin, found = self._first_from(middle)
            if found is None or found >= wanted:
                high = middle
            else:
                low = begin + 1
        return self._first_from(low)[1] == wanted

    def look_over(self) -> None:
        """Raise `BreachedUnusable` where the file is empty, of another form, or out of order in lines all over it."""
        if self._first_from(0)[1] is None:
            raise BreachedUnusable(f"{self._path} is empty.")
        before = b""
        for part in range(_SAMPLES):
            begin, found = self._first_from(self._size * part // _SAMPLES)
            if found is None:
                return
            if found < before:
                raise BreachedUnusable(f"{self._path} is not in the order of its hashes: see the line at byte {begin}.")
            before = found

    def _first_from(self, offset: int) -> tuple[int, bytes | None]:
        """Where the first line begins that does not begin before `offset`, and its hash; None where there is none."""
        try:
            text = os.pread(self._file.fileno(), 2 * _LONGEST, max(offset - 1, 0))
        except OSError as error:
            raise BreachedUnusable(f"{self._path} cannot be read: {error.strerror}.") from error
        skipped = 0
        if offset:
            skipped = text.find(b"\n") + 1
            if not skipped and len(text) <= _LONGEST:
                return self._size, None
        line = text[skipped:].partition(b"\n")[0]
        begin = max(offset - 1, 0) + skipped
        if not line and begin >= self._size:
            return self._size, None
        match = _LINE.fullmatch(line)
        if match is None or (offset and not skipped):
            raise BreachedUnusable(f"{self._path} has a line that is not SHA1HEX:count, at byte {begin}.")
        return begin, match[1].upper()


class NotBreached:
    """Refuses a password that is in the operator's file; everything passes where there is no file."""

    def validate(self, password: str, user: Any = None) -> None:
        if not settings.BREACHED_PASSWORDS:
            return
        try:
            with BreachedPasswords(settings.BREACHED_PASSWORDS) as known:
                found = known.holds(normalised(password))
        except BreachedUnusable as error:
            logger.exception("The file of breached passwords cannot be used: no password can be set.")
            raise ValidationError(
                "This password could not be compared with those that were stolen elsewhere, and was not set. "
                "The operator of this installation has to look at the list of them.",
                code="password_not_compared",
            ) from error
        if found:
            raise ValidationError(
                "This password was stolen somewhere and is tried by programs that guess. Choose one that you have "
                "never used.",
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return "Not one that is known to be stolen."


def usable_file(**_: Any) -> list[CheckMessage]:
    """Refuse a file that is named and cannot be used, at start rather than at the first password."""
    if not settings.BREACHED_PASSWORDS:
        return []
    try:
        with BreachedPasswords(settings.BREACHED_PASSWORDS) as known:
            known.look_over()
    except BreachedUnusable as error:
        return [Error(str(error), hint=_HINT, id="accounts.E001")]
    return []
