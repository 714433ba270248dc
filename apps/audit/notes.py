"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), and the key that a tenant's are signed with.

    orchestrall/<tenant id>/<epoch>         origin
    <size>
    <root, base64>
    time 2026-11-26T10:33:01.000000Z
    previous <SHA-256 of the note before it, base64>

    — orchestrall/<tenant id> <4 bytes of the key's hash and an Ed25519 signature over the text, base64>

The key is derived from the tenant's data key, which is outside the database: rotating the key of tokens, or the master
key, leaves it as it is, and with the data key it is gone.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from apps.audit.documents import instant
from apps.tenants.keys import require_data_key
from apps.tenants.models import Tenant

_PURPOSE: Final = "audit_checkpoint.note"
_ED25519: Final = b"\x01"
_SIGNED: Final = "\u2014 "  # an em dash and a space, as the format has it
NO_NOTE: Final = bytes(32)
"""In the place of the hash of a note before the first one."""


class NoteInvalid(ValueError):
    """A text is no checkpoint, or not signed by the key; it says why."""


@dataclass(frozen=True)
class Checkpoint:
    """What a note says."""

    tenant: str
    epoch: int
    size: int
    root: bytes
    at: datetime
    previous: bytes
    """Hash of the note before it; zeros for the very first."""

    @property
    def text(self) -> str:
        return (
            f"orchestrall/{self.tenant}/{self.epoch}\n{self.size}\n{_text(self.root)}\n"
            f"time {instant(self.at)}\nprevious {_text(self.previous)}\n"
        )


def signing_key(tenant: Tenant) -> Ed25519PrivateKey:
    """The key of a tenant's checkpoints. Raises as `require_data_key`."""
    return Ed25519PrivateKey.from_private_bytes(require_data_key(tenant).derive(_PURPOSE))


def key_text(tenant: Tenant) -> str:
    """The public key as it is handed out: name, hash and key (a verifier key of signed-note)."""
    name, key = key_name(str(tenant.pk)), signing_key(tenant).public_key().public_bytes_raw()
    return f"{name}+{_key_hash(name, key).hex()}+{_text(_ED25519 + key)}"


def key_name(tenant: str) -> str:
    return f"orchestrall/{tenant}"


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note of a checkpoint."""
    name, text = key_name(checkpoint.tenant), checkpoint.text
    hash = _key_hash(name, key.public_key().public_bytes_raw())
    return f"{text}\n{_SIGNED}{name} {_text(hash + key.sign(text.encode()))}\n"


def opened(note: str, key: Ed25519PublicKey) -> Checkpoint:
    """What a note says that this key has signed. Raises `NoteInvalid`."""
    text, _, signature = note.partition("\n\n")
    try:
        origin, size, root, at, previous = text.split("\n")
        (_, tenant, epoch), when, before = (
            origin.split("/"),
            at.removeprefix("time "),
            previous.removeprefix("previous "),
        )
        moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        found = Checkpoint(tenant, int(epoch), int(size), _bytes(root), moment, _bytes(before))
        name, sealed = signature.removeprefix(_SIGNED).removesuffix("\n").split(" ")
        proof = _bytes(sealed)
    except ValueError as error:
        raise NoteInvalid("It is no checkpoint of this log.") from error
    if f"{found.text}\n{_SIGNED}{name} {sealed}\n" != note or name != key_name(tenant):
        raise NoteInvalid("It is not spelled as a checkpoint is.")
    if proof[:4] != _key_hash(name, key.public_bytes_raw()):
        raise NoteInvalid("It is signed by another key.")
    try:
        key.verify(proof[4:], found.text.encode())
    except InvalidSignature as error:
        raise NoteInvalid("Its signature is wrong.") from error
    return found


def hash_of(note: str) -> bytes:
    """What the next note names it by."""
    return hashlib.sha256(note.encode()).digest()


def _key_hash(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key).digest()[:4]


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
