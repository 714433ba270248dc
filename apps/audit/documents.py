"""The bytes that are hashed: of an entry, and of the two parts of its payload.

They are the same in every version of the product, as old logs must verify: the stand-alone verifier has its own copy.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from apps.audit.models import AuditEntry

VERSION: Final = 1
SALT_BYTES: Final = 32


def canonical(value: Any) -> bytes:
    """The one spelling of a value as JSON: names in order of code points, no space, UTF-8. It differs from RFC 8785 in
    the order of names beyond the basic plane alone. Values are text, whole numbers, booleans, null, lists and objects.

    Raises `TypeError` for anything else: numbers with a fraction have no spelling that all languages share, and are
    kept as text.
    """
    _require_plain(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def instant(at: datetime) -> str:
    """A point in time as the log spells it: UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def salted(content: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a payload as it is kept: what it says, and a salt without which its digest tells nothing of it."""
    return {"salt": secrets.token_hex(SALT_BYTES), "content": dict(content)}


def digest_of(part: Mapping[str, Any]) -> bytes:
    """SHA-256 over the salt and the canonical content of a part."""
    return hashlib.sha256(bytes.fromhex(part["salt"]) + canonical(part["content"])).digest()


def document_of(entry: AuditEntry) -> dict[str, Any]:
    """What an entry commits to."""
    return {
        "version": VERSION,
        "id": str(entry.id),
        "at": instant(entry.at),
        "kind": entry.kind,
        "outcome": entry.outcome,
        "actor": {"kind": entry.actor_kind, "id": str(entry.actor_id or ""), "via": entry.via},
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
        "request": entry.request,
        "facts": bytes(entry.facts_digest).hex(),
        "personal": bytes(entry.personal_digest).hex(),
    }


def leaf_hash(document: Mapping[str, Any]) -> bytes:
    """The hash of a leaf, RFC 6962, 2.1: SHA-256 over 0x00 and the entry."""
    return hashlib.sha256(b"\x00" + canonical(document)).digest()


def _require_plain(value: Any) -> None:
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, list):
        for item in value:
            _require_plain(item)
    elif isinstance(value, dict) and all(isinstance(name, str) for name in value):
        for item in value.values():
            _require_plain(item)
    else:
        raise TypeError(f"{type(value).__name__} has no canonical form: give text.")
