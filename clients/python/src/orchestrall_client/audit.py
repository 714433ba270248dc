"""The audit log: who did what, with proofs that the record of it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from orchestrall_client.audit_models import (
    AuditCheckpoint,
    AuditEntry,
    AuditEntryDetail,
    AuditIntegrity,
    AuditKey,
    Consistency,
    EntryProof,
)
from orchestrall_client.connection import Connection, get
from orchestrall_client.pages import id_of, listed, moment

EntryId = AuditEntry | UUID | str
PATH = "/api/v1/audit"


class Audit:
    """`client.audit`. Reading it takes `audit.view`, exporting it `audit.export` and `members.view` besides."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(
        self,
        *,
        q: str = "",
        category: str = "",
        kind: str = "",
        actor: UUID | str = "",
        subject_kind: str = "",
        subject: UUID | str = "",
        outcome: str = "",
        via: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The entries, newest first. With `fields` each is a dict of these alone.

        for entry in client.audit.list(category="access", outcome="failed"):
            print(entry.at, entry.sentence)
        """
        narrow = _narrowed(q, category, kind, actor, subject_kind, subject, outcome, via, since, before)
        return listed(self._connection, f"{PATH}/entries", AuditEntry, fields=fields, limit=page_size, **narrow)

    def get(self, entry: EntryId) -> AuditEntryDetail:
        """One entry with what was before and after."""
        return self._connection.one(get(_at(entry)), AuditEntryDetail)

    def proof(self, entry: EntryId) -> EntryProof:
        """That an entry is in the tree. `Conflict` for one that no checkpoint covers yet: that takes a minute at most.

        `verify_audit.py` verifies it, with checkpoints from where they are kept.
        """
        return self._connection.one(get(f"{_at(entry)}/proof"), EntryProof)

    def consistency(self, old: int | None = None, new: int | None = None, *, epoch: int | None = None) -> Consistency:
        """That what the log was with `old` entries is the beginning of what it is with `new`: of the first and of the
        newest checkpoint where none are named."""
        return self._connection.one(get(f"{PATH}/consistency", **{"from": old, "to": new}, epoch=epoch), Consistency)

    def checkpoints(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The signed checkpoints, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, f"{PATH}/checkpoints", AuditCheckpoint, fields=fields, limit=page_size)

    def integrity(self) -> AuditIntegrity:
        """How far the log is covered, and what stands in the way where it is not."""
        return self._connection.one(get(f"{PATH}/integrity"), AuditIntegrity)

    def public_key(self) -> str:
        """The key that checkpoints are signed with: keep it where nobody can exchange it."""
        return self._connection.one(get(f"{PATH}/public-key"), AuditKey).key

    def export(
        self,
        to: str | Path | BinaryIO,
        *,
        q: str = "",
        category: str = "",
        kind: str = "",
        actor: UUID | str = "",
        subject_kind: str = "",
        subject: UUID | str = "",
        outcome: str = "",
        via: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> None:
        """Write the log as JSON lines for `verify_audit.py`: all of it, or what matches. The export is recorded.

        client.audit.export("audit.jsonl")
        """
        narrow = _narrowed(q, category, kind, actor, subject_kind, subject, outcome, via, since, before)
        self._connection.download(get(f"{PATH}/export", **narrow), to)


def _at(entry: EntryId) -> str:
    return f"{PATH}/entries/{id_of(entry, 'entry')}"


def _narrowed(
    q: str, category: str, kind: str, actor: UUID | str, subject_kind: str, subject: UUID | str, outcome: str, via: str,
    since: datetime | None, before: datetime | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "q": q, "category": category, "kind": kind, "actor": str(actor), "subject_kind": subject_kind,
        "subject": str(subject), "outcome": outcome, "via": via, "since": moment(since, "since"),
        "before": moment(before, "before"),
    }  # fmt: skip
