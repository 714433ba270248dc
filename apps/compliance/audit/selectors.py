"""Reads of the audit log. Each demands the permission in the call that fetches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet, Value

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_VIEW
from apps.audit import selectors as log
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf
from apps.audit.selectors import ConsistencyProof, InclusionProof, Integrity, NotCoveredYet
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.compliance.audit.filters import AuditFilter
from apps.compliance.permissions import AUDIT_VIEW

PAGE: Final = 50
NEAR: Final = 3
"""Entries before, and after, that are shown beside one."""


@dataclass(frozen=True)
class EntryPage:
    """Entries, newest first, and the id after which older ones follow; None: there are none."""

    entries: list[AuditEntry]
    older: UUID | None


def entries_query(*, who: Principal, narrow: AuditFilter) -> QuerySet[AuditEntry]:
    """Entries with their payloads, newest first; each says as `with_addresses` whether mail and network addresses of
    people are to be shown: to whoever may see the members."""
    demand(who, AUDIT_VIEW)
    return narrow.of(log.entries_query().annotate(with_addresses=Value(who.can(MEMBERS_VIEW))))


def entries_page(*, who: Principal, narrow: AuditFilter, before: UUID | None = None) -> EntryPage:
    """A page of entries, those older than the one with the id `before`. One statement, however many there are."""
    rows = entries_query(who=who, narrow=narrow)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    return EntryPage(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def entry_get(*, who: Principal, id: UUID) -> AuditEntry:
    """One entry with its payload. Raises `NotFound` where there is none in this tenant."""
    entry = entries_query(who=who, narrow=AuditFilter()).filter(pk=id).first()
    if entry is None:
        raise NotFound("There is no such entry in the audit log here.", remedy="See the audit log.")
    return entry


def near_subject(*, who: Principal, entry: AuditEntry) -> list[AuditEntry]:
    """The entries next to this one about the same thing, newest first; none where it is about nothing."""
    if not entry.subject_id:
        return []
    return _near(who, entry, Q(subject_kind=entry.subject_kind, subject_id=entry.subject_id))


def near_actor(*, who: Principal, entry: AuditEntry) -> list[AuditEntry]:
    """The entries next to this one of whoever acted, newest first; none where that has no account."""
    return _near(who, entry, Q(actor_id=entry.actor_id)) if entry.actor_id else []


def _near(who: Principal, entry: AuditEntry, same: Q) -> list[AuditEntry]:
    rows = entries_query(who=who, narrow=AuditFilter()).filter(same)
    newer = list(rows.filter(id__gt=entry.pk).order_by("id")[:NEAR])
    return [*reversed(newer), *rows.filter(id__lt=entry.pk)[:NEAR]]


def actors_here(*, who: Principal) -> list[User]:
    """Members and programs of the tenant, also those that are not active any more: whom entries may be asked for of."""
    demand(who, AUDIT_VIEW)
    return list(User.objects.order_by("is_service", "name", "email").only("id", "name", "email", "is_service"))


def integrity(*, who: Principal) -> Integrity:
    """How far the log is covered by checkpoints, as far as the database knows. One statement."""
    demand(who, AUDIT_VIEW)
    return log.integrity()


@dataclass(frozen=True)
class Standing:
    """How an entry is proved."""

    epoch: int
    index: int
    """Its place in the tree, from 0."""
    checkpoint: AuditCheckpoint | None
    """The first that covers it and was published; None where that is still to come."""


def standing(*, who: Principal, entry: AuditEntry) -> Standing | None:
    """The place of an entry in the newest tree that has it, and since when it is covered; None: it waits for its place.

    Two statements.
    """
    demand(who, AUDIT_VIEW)
    leaf = AuditLeaf.objects.filter(entry=entry.pk).order_by("-epoch").first()
    if leaf is None:
        return None
    published = AuditCheckpoint.objects.filter(epoch=leaf.epoch, size__gt=leaf.seq).exclude(published_at=None)
    return Standing(leaf.epoch, leaf.seq, published.order_by("size").first())


def entry_proof(*, who: Principal, id: UUID) -> tuple[AuditEntry, InclusionProof, AuditCheckpoint]:
    """An entry, the proof that it is in the tree, and the newest checkpoint, which the proof leads to.

    Raises `NotFound`, `NotCoveredYet`.
    """
    entry, leaf = entry_get(who=who, id=id), AuditLeaf.objects.filter(entry=id).order_by("-epoch").first()
    top = log.checkpoints().filter(epoch=leaf.epoch).exclude(published_at=None).first() if leaf else None
    if leaf is None or top is None or leaf.seq >= top.size:
        raise NotCoveredYet
    return entry, log.inclusion_at(leaf.epoch, leaf.seq, top.size), top


def consistency(
    *, who: Principal, old: int | None = None, new: int | None = None, epoch: int | None = None
) -> ConsistencyProof:
    """That the tree of `old` entries is the beginning of that of `new`: of the sizes of the first and of the newest
    checkpoint where none are named, in the newest epoch. Raises `NotFound` where there are not so many."""
    demand(who, AUDIT_VIEW)
    known = log.checkpoints() if epoch is None else log.checkpoints().filter(epoch=epoch)
    newest = known.first()
    if newest is None:
        raise NotFound("There is no such checkpoint yet.", remedy="Look at the checkpoints.")
    epoch, new = newest.epoch, new or newest.size
    if old is None:
        first = known.filter(epoch=epoch).last()
        old = first.size if first else new
    if not AuditLeaf.objects.filter(epoch=epoch, seq=new - 1).exists():
        raise NotFound(f"The tree of epoch {epoch} has no {new:,} entries.", remedy="Take sizes of its checkpoints.")
    return log.consistency_proof(old, new, epoch)


def checkpoints_query(*, who: Principal) -> QuerySet[AuditCheckpoint]:
    """The signed checkpoints, newest first."""
    demand(who, AUDIT_VIEW)
    return log.checkpoints()


def public_key(*, who: Principal) -> str:
    """The key that checkpoints are signed with, as a verifier key of signed-note."""
    demand(who, AUDIT_VIEW)
    return log.public_key_text()
