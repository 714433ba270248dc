"""Reading the log: entries, how far it is covered, and proofs. Who may read is asked by those who show it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.audit import notes, places
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf
from apps.audit.stored import NotInTree, hashes_of
from apps.audit.tree import consistency_covers, inclusion_covers
from apps.common.errors import Conflict, NotFound
from apps.tenants.context import current_tenant

LATE: Final = timedelta(seconds=60)
"""How long an entry may wait for a published checkpoint that covers it."""


class NotCoveredYet(Conflict):
    code, status, title = "audit_not_covered", 409, "This entry is not covered by a checkpoint yet"
    cause = "Entries are put into the tree within a minute of being recorded, and a proof needs their place there."
    effect = "No proof was made."
    remedy = "Try again in a minute. If it stays so, the state of the log says what stands in the way."


def entries_query() -> QuerySet[AuditEntry]:
    """The entries, newest first, each with its payload in the same statement."""
    return AuditEntry.objects.select_related("payload").order_by("-id")


@dataclass(frozen=True)
class Integrity:
    """What of the log is covered by checkpoints outside the database, as far as the database knows."""

    epoch: int
    size: int
    """Entries in the tree of this epoch."""
    since: datetime | None
    """When the oldest entry was recorded that the tree covers, of any epoch."""
    covered: int
    """Entries of this epoch that the newest published checkpoint covers."""
    published_at: datetime | None
    """When that checkpoint was stored outside."""
    place: str
    """The folder or bucket."""
    pending: int
    """Entries that are not in the tree yet."""
    pending_since: datetime | None
    """When the oldest of them was recorded."""
    lost: int
    """Those of `pending` that are gone: they were deleted before they were covered."""
    ahead: str
    """The checkpoint outside that the database does not know; empty where there is none. A new epoch is to begin."""
    problem: str
    """What is wrong, in words; empty where nothing is."""

    @property
    def is_whole(self) -> bool:
        """Whether all that was recorded more than a minute ago is covered."""
        return not self.problem


_INTEGRITY: Final = """
select c.epoch, c.size, p.size, p.published_at, first.at, w.count, w.oldest, w.lost, a.problem, a.ahead,
    clock_timestamp()
from (select 1) one
left join lateral (select epoch, size from audit_checkpoint order by epoch desc, size desc limit 1) c on true
left join lateral (
    select size, published_at from audit_checkpoint x where x.epoch = c.epoch and published_at is not null
    order by size desc limit 1
) p on true
left join lateral (
    select e.at from audit_leaf l join audit_entry e on e.id = l.entry order by l.epoch, l.seq limit 1
) first on true
left join lateral (
    select count(*), min(e.at) as oldest, count(*) filter (where e.id is null) as lost
    from audit_pending q left join audit_entry e on e.id = q.entry
) w on true
left join audit_place a on a.id = 1
"""


def integrity() -> Integrity:
    """How far the log is covered, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_INTEGRITY)
        epoch, size, covered, published, since, pending, oldest, lost, problem, ahead, now = cursor.fetchone()
    wrong = [problem] if problem else []
    if lost:
        what = "1 entry was" if lost == 1 else f"{lost} entries were"
        wrong.append(f"{what} deleted from the database before a checkpoint covered them.")
    if oldest and now - oldest > LATE and not problem:
        wrong.append("Entries wait for longer than a minute to be covered: no worker takes up the work.")
    if (covered or 0) < (size or 0) and not wrong and pending == 0 and published is None:
        wrong.append("No checkpoint was published yet.")
    return Integrity(
        epoch=epoch or 1,
        size=size or 0,
        since=since,
        covered=covered or 0,
        published_at=published,
        place=places.place().text,
        pending=pending,
        pending_since=oldest,
        lost=lost,
        ahead=ahead or "",
        problem=" ".join(wrong),
    )


@dataclass(frozen=True)
class InclusionProof:
    """That an entry is in the tree of a checkpoint (RFC 9162, 2.1.3)."""

    epoch: int
    index: int
    size: int
    hashes: Sequence[bytes]

    def as_json(self) -> dict[str, Any]:
        """As it is handed out: the hashes one behind the other in base64, at most 1 kB for four million entries."""
        return {"epoch": self.epoch, "index": self.index, "size": self.size, "hashes": _joined(self.hashes)}


@dataclass(frozen=True)
class ConsistencyProof:
    """That the tree of a checkpoint is the beginning of that of a later one (RFC 9162, 2.1.4)."""

    epoch: int
    old: int
    new: int
    hashes: Sequence[bytes]

    def as_json(self) -> dict[str, Any]:
        """As it is handed out."""
        return {"epoch": self.epoch, "old": self.old, "new": self.new, "hashes": _joined(self.hashes)}


def inclusion_proof(entry_id: UUID, *, checkpoint: AuditCheckpoint | None = None) -> InclusionProof:
    """That an entry is in the tree of the newest checkpoint of its epoch, or of `checkpoint`. Three statements.

    Raises `NotFound`, `NotCoveredYet`.
    """
    leaf = AuditLeaf.objects.filter(entry=entry_id).order_by("-epoch").first()
    if leaf is None:
        if AuditEntry.objects.filter(pk=entry_id).exists():
            raise NotCoveredYet
        raise NotFound(f"There is no audit entry {entry_id}.")
    top = checkpoint or AuditCheckpoint.objects.filter(epoch=leaf.epoch).order_by("-size").first()
    if top is None or top.epoch != leaf.epoch or leaf.seq >= top.size:
        raise NotCoveredYet
    return inclusion_at(leaf.epoch, leaf.seq, top.size)


def inclusion_at(epoch: int, index: int, size: int) -> InclusionProof:
    """The proof for a place, in one statement. Raises `NotFound` where the tree is not stored whole."""
    try:
        return InclusionProof(epoch, index, size, hashes_of(epoch, inclusion_covers(index, size)))
    except (NotInTree, ValueError) as error:
        raise NotFound(str(error)) from error


def consistency_proof(old_size: int, new_size: int, epoch: int) -> ConsistencyProof:
    """That the tree of `old_size` entries is the beginning of that of `new_size`, in one statement.

    Raises `NotFound` for sizes that the epoch has no trees of.
    """
    try:
        return ConsistencyProof(epoch, old_size, new_size, hashes_of(epoch, consistency_covers(old_size, new_size)))
    except (NotInTree, ValueError) as error:
        raise NotFound(f"There is no such proof in epoch {epoch}. {error}") from error


def checkpoints() -> QuerySet[AuditCheckpoint]:
    """The checkpoints, newest first."""
    return AuditCheckpoint.objects.order_by("-epoch", "-size")


def public_key_text() -> str:
    """The key that the current tenant's checkpoints are signed with, as a verifier key of C2SP's signed-note."""
    return notes.key_text(current_tenant())


def _joined(hashes: Sequence[bytes]) -> str:
    return base64.b64encode(b"".join(hashes)).decode()
