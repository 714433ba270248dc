"""The texts that open a door here: how they look, and what is stored of them.

Each is a mark that says what it is, 256 random bits, and a checksum over both. By mark and checksum a scanner of source
code tells a text of ours from one that only looks like it, without asking us; see the integrators' guide.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from typing import Final

from apps.tenants.context import current_schema

KEY: Final = "ork_"
"""Of an API key; its public prefix follows, and another underscore."""
REFRESH: Final = "orr_"
TICKET: Final = "ort_"
SCIM: Final = "ors_"
"""Of a token that a directory provisions with; its public prefix follows, as that of a key."""

PATTERN: Final = r"\b(?:or[ks]_[0-9a-f]{8}|or[rt])_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}\b"
"""Finds them in a text. API keys that were made before there was a checksum lack the last six characters."""

_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET, _CHECK = 43, 6
"""Letters of 32 bytes in base64url, and of a CRC-32 in base 62."""


def mint(mark: str) -> str:
    """A new text that begins with `mark`. Nobody can guess it, and nobody can show it again."""
    text = mark + secrets.token_urlsafe(32)
    return text + checksum(text)


def checksum(text: str) -> str:
    """The CRC-32 (ISO 3309) of `text` in base 62, most significant digit first, six digits."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


def is_whole(text: str, mark: str, *, or_older: bool = False) -> bool:
    """Whether `text` begins with `mark` and ends with its checksum: one that does not was never made here.

    `or_older`: one without a checksum will do, as API keys were made before.
    """
    if not text.startswith(mark) or not text.isascii() or "\x00" in text:
        return False
    secret = len(text) - len(mark)
    if secret == _SECRET + _CHECK:
        return text[-_CHECK:] == checksum(text[:-_CHECK])
    return or_older and secret == _SECRET


def digest_of(text: str) -> bytes:
    """What is stored of a text. It has 256 random bits, so a plain hash is enough; the schema in front makes what is
    stored of a copied tenant worthless in the copy."""
    return hashlib.sha256(f"{current_schema()}:{text}".encode()).digest()
