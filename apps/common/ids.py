"""Client-made identifiers: a row knows its key before it is stored, and keys sort by time."""

from uuid import UUID

import uuid_utils.compat


def uuid7() -> UUID:
    """Return a new UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits."""
    return UUID(int=uuid_utils.compat.uuid7().int)
