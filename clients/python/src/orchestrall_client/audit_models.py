"""What the server tells of the audit log, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Model


class AuditActor(Model):
    """Whoever acted, and how they came in. Addresses are empty for who may not see the members."""

    kind: str
    id: UUID | None
    name: str
    email: str
    via: str
    address: str
    program: str


class AuditSubject(Model):
    """What an entry is about."""

    kind: str
    id: str
    name: str


class AuditEntry(Model):
    """One thing that was done, or that somebody tried."""

    id: UUID
    at: datetime
    kind: str
    title: str
    category: str
    outcome: str
    actor: AuditActor
    subject: AuditSubject
    sentence: str
    request: str
    is_erased: bool


class AuditEntryDetail(AuditEntry):
    """One entry with all that it says."""

    before: dict[str, Any]
    after: dict[str, Any]
    facts: dict[str, Any]
    erased_at: datetime | None
    erased_for: str


class EntryProof(Model):
    """That an entry is in the tree of a checkpoint (RFC 9162, 2.1.3)."""

    entry: dict[str, Any]
    leaf: str
    epoch: int
    index: int
    size: int
    hashes: str
    checkpoint: str
    key: str


class Consistency(Model):
    """That the tree of `old` entries is the beginning of that of `new` (RFC 9162, 2.1.4)."""

    epoch: int
    old: int
    new: int
    hashes: str


class AuditCheckpoint(Model):
    """A signed statement: the tree of this size had this root at that time."""

    epoch: int
    size: int
    root: str
    at: datetime
    note: str
    published_at: datetime | None


class AuditIntegrity(Model):
    """How far the log is covered by checkpoints outside the database."""

    is_whole: bool
    problem: str
    epoch: int
    size: int
    covered: int
    since: datetime | None
    published_at: datetime | None
    place: str
    pending: int
    pending_since: datetime | None


class AuditKey(Model):
    """The key that checkpoints are signed with, as a verifier key of C2SP's signed-note."""

    key: str
