"""The audit log as the API tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.audit.documents import document_of, leaf_hash
from apps.audit.models import AuditCheckpoint, AuditEntry
from apps.audit.selectors import ConsistencyProof, InclusionProof, Integrity
from apps.common.schemas import Moment, StrictModel
from apps.compliance.audit.filters import AuditFilter
from apps.compliance.audit.showing import Shown, shown

Outcome = Literal["done", "refused", "failed"]
_ACTOR: dict[str, Any] = {
    "kind": "person", "id": "0192f3a4-b5c6-7d8e-9f00-112233445501", "name": "Ada Lovelace",
    "email": "ada@acme.example", "via": "console", "address": "203.0.113.7", "program": "Firefox/140",
}  # fmt: skip
_SUBJECT: dict[str, Any] = {
    "kind": "accounts.user", "id": "0192f3a4-b5c6-7d8e-9f00-112233445502", "name": "Grace Hopper",
}  # fmt: skip
_ENTRY: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566", "at": "2026-11-25T16:40:00.123456Z", "kind": "accounts.role_set",
    "title": "Role changed", "category": "access", "outcome": "done", "actor": _ACTOR, "subject": _SUBJECT,
    "sentence": "Ada Lovelace gave Grace Hopper the role administrator in place of viewer", "request": "01a2177f0b",
    "is_erased": False,
}  # fmt: skip
_DETAIL: dict[str, Any] = {
    **_ENTRY, "before": {"role": "viewer"}, "after": {"role": "administrator"}, "facts": {"reason": "as asked"},
    "erased_at": None, "erased_for": "",
}  # fmt: skip
_TENANT = "0192f3a4-b5c6-7d8e-9f00-112233445500"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_KEY = f"orchestrall/{_TENANT}+1a2b3c4d+AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdEf"
_NOTE = (
    f"orchestrall/{_TENANT}/1\n1024\nn4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\ntime 2026-11-25T16:41:00.000000Z\n"
    f"previous AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u2014 orchestrall/{_TENANT} Gis8TQ==\n"
)
_DOCUMENT: dict[str, Any] = {
    "version": 1, "id": _ENTRY["id"], "at": _ENTRY["at"], "kind": "accounts.role_set", "outcome": "done",
    "actor": {"kind": "person", "id": _ACTOR["id"], "via": "console"},
    "subject": {"kind": "accounts.user", "id": _SUBJECT["id"]}, "request": "01a2177f0b", "facts": _HASH,
    "personal": _HASH,
}  # fmt: skip
_HASHES = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
_PROOF: dict[str, Any] = {
    "entry": _DOCUMENT, "leaf": _HASH, "epoch": 1, "index": 17, "size": 1024, "hashes": _HASHES, "checkpoint": _NOTE,
    "key": _KEY,
}  # fmt: skip
_CONSISTENCY: dict[str, Any] = {"epoch": 1, "old": 512, "new": 1024, "hashes": _HASHES}
_CHECKPOINT: dict[str, Any] = {
    "epoch": 1, "size": 1024, "root": _HASH, "at": "2026-11-25T16:41:00Z", "note": _NOTE,
    "published_at": "2026-11-25T16:41:00.120000Z",
}  # fmt: skip
_INTEGRITY: dict[str, Any] = {
    "is_whole": True, "problem": "", "epoch": 1, "size": 1024, "covered": 1024, "since": "2026-09-01T08:00:00Z",
    "published_at": "2026-11-25T16:41:00.120000Z", "place": "s3://acme-checkpoints/audit", "pending": 2,
    "pending_since": "2026-11-25T16:41:12Z",
}  # fmt: skip


class AuditQuery(StrictModel):
    """What of the log is asked for."""

    q: str = Field(default="", max_length=100)
    category: str = Field(default="", max_length=20)
    kind: str = Field(default="", max_length=60)
    actor: str = Field(default="", max_length=40)
    subject_kind: str = Field(default="", max_length=60)
    subject: str = Field(default="", max_length=100)
    outcome: Outcome | None = None
    via: str = Field(default="", max_length=80)
    since: Moment | None = None
    before: Moment | None = None

    @property
    def narrow(self) -> AuditFilter:
        return AuditFilter(
            search=self.q, category=self.category, kind=self.kind, actor=self.actor, subject_kind=self.subject_kind,
            subject=self.subject, outcome=self.outcome or "", via=self.via, since=self.since, before=self.before,
        )  # fmt: skip


class ListQuery(StrictModel):
    """A page of a list."""

    fields: str | None = None
    cursor: str | None = None
    limit: str | None = None
    order: str | None = None


class AuditEntriesQuery(AuditQuery, ListQuery):
    """A page of the log."""


class AuditActor(BaseModel):
    """Whoever acted, and how they came in."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACTOR]})

    kind: str = Field(description="`person`, `program`, `operator`, `workflow`, `agent`, `system` or `nobody`.")
    id: UUID | None = Field(description="Of the account.")
    name: str
    email: str = Field(description="Empty for who may not see the members.")
    via: str
    address: str = Field(description="Network address; empty for who may not see the members.")
    program: str = Field(description="What their program called itself.")


class AuditSubject(BaseModel):
    """What an entry is about."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUBJECT]})

    kind: str = Field(description="Empty where it is about nothing in particular.")
    id: str
    name: str


class AuditEntryOut(BaseModel):
    """One thing that was done, or that somebody tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    id: UUID
    at: datetime
    kind: str
    title: str
    category: str = Field(description="Empty for a kind that this version does not know.")
    outcome: Outcome
    actor: AuditActor
    subject: AuditSubject
    sentence: str = Field(description="The entry in words; what was erased reads `(erased)`.")
    request: str = Field(description="Id of the request that did it, as in its log lines.")
    is_erased: bool = Field(description="Whether a part of what it said was erased.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(**cls.read(shown(entry)))

    @classmethod
    def read(cls, item: Shown) -> dict[str, Any]:
        """What all entries tell."""
        entry, said = item.entry, item.said
        actor = AuditActor(
            kind=entry.actor_kind, id=entry.actor_id, name=item.sentence.actor, email=item.email, via=entry.via,
            address=item.address, program=said.agent,
        )  # fmt: skip
        return {
            "id": entry.pk, "at": entry.at, "kind": entry.kind, "title": item.title, "category": item.category,
            "outcome": entry.outcome, "actor": actor, "sentence": item.sentence.text, "request": entry.request,
            "subject": AuditSubject(kind=entry.subject_kind, id=entry.subject_id, name=said.subject),
            "is_erased": item.is_erased,
        }  # fmt: skip


class AuditEntryDetail(AuditEntryOut):
    """One entry with all that it says."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    before: dict[str, Any] = Field(description="Of what changed, what was before.")
    after: dict[str, Any]
    facts: dict[str, Any] = Field(description="What else is told of it.")
    erased_at: datetime | None
    erased_for: str = Field(description="Why a part was erased.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        item = shown(entry)
        payload = getattr(entry, "payload", None)
        return cls(
            **cls.read(item), before=dict(item.said.before), after=dict(item.said.after), facts=dict(item.said.facts),
            erased_at=getattr(payload, "shredded_at", None), erased_for=getattr(payload, "shredded_for", ""),
        )  # fmt: skip


class EntryProof(BaseModel):
    """That an entry is in the tree (RFC 9162, 2.1.3): from the hash of its document the proof leads to the root that
    the checkpoint has signed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROOF]})

    entry: dict[str, Any] = Field(description="The document whose hash is the leaf; it names nobody.")
    leaf: str = Field(description="SHA-256 over 0x00 and the document as canonical JSON, in hexadecimal.")
    epoch: int
    index: int = Field(description="Its place in the tree, from 0.")
    size: int = Field(description="Entries in the tree of the checkpoint.")
    hashes: str = Field(description="The proof: 32 bytes each, from the leaf upwards, in base64.")
    checkpoint: str = Field(description="A signed note (C2SP), as it is published.")
    key: str = Field(description="The verifier key of the note. Take it from outside where you trust nobody here.")

    @classmethod
    def of(cls, entry: AuditEntry, proof: InclusionProof, checkpoint: AuditCheckpoint, *, key: str) -> Self:
        document = document_of(entry)
        return cls(
            entry=document, leaf=leaf_hash(document).hex(), checkpoint=checkpoint.note, key=key, **proof.as_json()
        )


class ConsistencyQuery(StrictModel):
    """Two sizes of the tree of an epoch."""

    old: int | None = Field(default=None, alias="from", ge=1, le=2**53)
    new: int | None = Field(default=None, alias="to", ge=1, le=2**53)
    epoch: int | None = Field(default=None, ge=1, le=2**31 - 1)
    fields: str | None = None


class Consistency(BaseModel):
    """That the tree of `old` entries is the beginning of that of `new` (RFC 9162, 2.1.4)."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CONSISTENCY]})

    epoch: int
    old: int
    new: int
    hashes: str = Field(description="The proof: 32 bytes each, in base64.")

    @classmethod
    def of(cls, proof: ConsistencyProof) -> Self:
        return cls(**proof.as_json())


class Checkpoint(BaseModel):
    """A signed statement: the tree of this size had this root at that time."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHECKPOINT]})

    epoch: int
    size: int
    root: str = Field(description="In hexadecimal.")
    at: datetime
    note: str = Field(description="A signed note (C2SP), as it is published.")
    published_at: datetime | None = Field(description="When it was stored outside the database.")

    @classmethod
    def of(cls, row: AuditCheckpoint) -> Self:
        return cls(
            epoch=row.epoch, size=row.size, root=bytes(row.root).hex(), at=row.at, note=row.note,
            published_at=row.published_at,
        )  # fmt: skip


class AuditIntegrity(BaseModel):
    """How far the log is covered by checkpoints outside the database, as far as the database knows."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INTEGRITY]})

    is_whole: bool = Field(description="Whether all that was recorded more than a minute ago is covered.")
    problem: str = Field(description="What is wrong, in words; empty where nothing is.")
    epoch: int
    size: int = Field(description="Entries in the tree of this epoch.")
    covered: int = Field(description="Entries of it that the newest published checkpoint covers.")
    since: datetime | None = Field(description="When the oldest entry was recorded that the tree covers.")
    published_at: datetime | None = Field(description="When the newest checkpoint was stored outside.")
    place: str = Field(description="The folder or bucket.")
    pending: int = Field(description="Entries that are not in the tree yet.")
    pending_since: datetime | None = Field(description="When the oldest of them was recorded.")

    @classmethod
    def of(cls, found: Integrity) -> Self:
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class AuditKey(BaseModel):
    """The key that checkpoints are signed with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": _KEY}]})

    key: str = Field(description="A verifier key of C2SP's signed-note: name, hash and Ed25519 key.")
