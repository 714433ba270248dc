"""The sequencer: it gives pending entries their places in the tree, signs a checkpoint, and publishes it outside.

One work row per tenant, never one per entry. Entries are put into the tree only while the place outside can be seen and
holds nothing that this database does not know: else a restored log would be continued in another way than it was.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from apps.audit import notes, places
from apps.audit.documents import document_of, leaf_hash
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditPlace
from apps.audit.notes import Checkpoint, NoteInvalid
from apps.audit.places import Place, PlaceDiffers, PlaceUnavailable
from apps.audit.services import SEQUENCED_WITHIN
from apps.audit.stored import NotInTree, growing
from apps.audit.tree import EMPTY, Growing
from apps.common.errors import Problem
from apps.common.work import Claim, fenced, stopping
from apps.tenants.context import current_tenant

logger = logging.getLogger(__name__)

BATCH: Final = 20_000
"""Entries that are put into the tree in one transaction."""
_LONGEST_PAUSE: Final = 300
"""Seconds between two tries at a place that does not answer."""

_TAKE: Final = """
with taken as materialized (
    select p.entry from audit_pending p where exists (select from audit_entry e where e.id = p.entry)
    order by p.entry limit %s
), gone as (
    delete from audit_pending p using taken where p.entry = taken.entry returning p.entry
)
select e.* from audit_entry e join gone on gone.entry = e.id order by e.id
"""
_LEAVES: Final = """
insert into audit_leaf (epoch, seq, entry, hash)
select %s, %s + place - 1, entry, hash from unnest(%s::uuid[], %s::bytea[]) with ordinality as new (entry, hash, place)
"""
_NODES: Final = """
insert into audit_node (epoch, level, index, hash)
select %s, level, index, hash from unnest(%s::int[], %s::bigint[], %s::bytea[]) as new (level, index, hash)
"""
# What is pending and has no entry any more is no work: nothing can be made of it, and the state of the log tells it.
_LATE: Final = """
select exists (
    select from audit_pending p join audit_entry e on e.id = p.entry
    where e.at < clock_timestamp() - %s * interval '1 second'
) or exists (
    select from audit_checkpoint where published_at is null and at < clock_timestamp() - %s * interval '1 second'
    and epoch = (select max(epoch) from audit_checkpoint)
)
"""


class Held(Exception):
    """Nothing can be put into the tree now; the text says why, for people."""

    def __init__(self, why: str, ahead: str = "") -> None:
        super().__init__(why)
        self.ahead = ahead
        """The newest checkpoint outside, where this database does not have it."""


@dataclass(frozen=True)
class Standing:
    """Where the log of the current tenant stands."""

    epoch: int
    last: AuditCheckpoint | None
    """The newest checkpoint."""

    @property
    def name(self) -> str:
        """The name of the newest checkpoint outside; empty before the first."""
        return places.checkpoint_name(self.last.epoch, self.last.size) if self.last else ""


def sequence(claim: Claim) -> None:
    """Put what is pending into the tree and publish a checkpoint of it, batch by batch; then wait for more, or end."""
    outside = places.place()
    try:
        while not stopping(claim):
            _publish(outside)
            _require_not_behind(outside)
            with fenced(claim) as row:
                now = clock()
                if not append(now):
                    # Whoever recorded within this time relies on another look (see `services._nudge`).
                    last = standing().last
                    if last is None or last.at <= now - timedelta(seconds=SEQUENCED_WITHIN):
                        row.finish()
                    else:
                        row.postpone(now + timedelta(seconds=SEQUENCED_WITHIN))
                    return
    except Held as held:
        logger.error("the audit log is not covered: %s", held, extra={"tenant": claim.tenant})
        with fenced(claim) as row:
            now = clock()
            row.postpone(now + _told(outside, now, held))


def append(now: datetime) -> int:
    """Put the next pending entries into the tree, with a signed checkpoint. Returns how many.

    In the caller's transaction. Raises `Held` where the tree is not the one that was signed.
    """
    lock()
    entries = list(AuditEntry.objects.raw(_TAKE, [BATCH]))
    if entries:
        at = standing()
        write(at.epoch, _sound(at), entries, now, notes.hash_of(at.last.note) if at.last else notes.NO_NOTE)
    return len(entries)


def _sound(at: Standing) -> Growing:
    """The tree as it is stored, which must be the one that was signed last: what was altered is not signed again."""
    try:
        tree = growing(at.epoch)
        last = notes.opened(at.last.note, notes.signing_key(current_tenant()).public_key()) if at.last else None
    except (NotInTree, NoteInvalid) as error:
        raise Held(f"The log was altered in the database. {error} Have it verified.") from error
    if (tree.size, tree.root) != ((last.size, last.root) if last else (0, EMPTY)):
        raise Held("The log was altered in the database: its tree is not the one that was signed last. Verify it.")
    return tree


def lock() -> None:
    """Let nobody else add to the tree until this transaction ends: no other sequencer, and no new epoch."""
    with connection.cursor() as cursor:
        cursor.execute("lock table audit_leaf in share row exclusive mode")


def write(epoch: int, tree: Growing, entries: list[AuditEntry], now: datetime, previous: bytes) -> None:
    """Write leaves, full subtrees and the checkpoint of a tree that grows by these entries."""
    tenant, first, nodes = current_tenant(), tree.size, []
    hashes = [leaf_hash(document_of(entry)) for entry in entries]
    for hash in hashes:
        nodes += tree.append(hash)
    said = Checkpoint(str(tenant.pk), epoch, tree.size, tree.root, now, previous)
    note = notes.signed(said, notes.signing_key(tenant))
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [epoch, first, [entry.pk for entry in entries], hashes])
        if nodes:
            levels, indexes = [level for (level, _), _ in nodes], [index for (_, index), _ in nodes]
            cursor.execute(_NODES, [epoch, levels, indexes, [hash for _, hash in nodes]])
    AuditCheckpoint.objects.create(epoch=epoch, size=tree.size, root=tree.root, at=now, note=note)


def standing() -> Standing:
    """The current epoch and the newest checkpoint, in one statement."""
    last = AuditCheckpoint.objects.order_by("-epoch", "-size").first()
    return Standing(last.epoch if last else 1, last)


def is_late(by: timedelta) -> bool:
    """Whether something waits for longer than that to be put into the tree, or to be published."""
    with connection.cursor() as cursor:
        cursor.execute(_LATE, [by.total_seconds()] * 2)
        late: bool = cursor.fetchone()[0]
    return late


def gave_up(cause: str) -> None:
    """Keep for whoever looks that the sequencer was given up."""
    now = clock()
    _told(places.place(), now, Held(f"Entries are not put into the tree any more. {cause} Try the work again."))


def clock() -> datetime:
    """The database's time, by which work is due."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _publish(outside: Place) -> None:
    """Store outside what is not yet, of this epoch: what differs was left behind with the one before. Raises `Held`."""
    tenant, newest = current_tenant(), AuditCheckpoint.objects.order_by("-epoch").values("epoch")[:1]
    try:
        for checkpoint in AuditCheckpoint.objects.filter(published_at=None, epoch=newest).order_by("size"):
            outside.put(f"{tenant.pk}/{places.KEY_FILE}", notes.key_text(tenant) + "\n")
            outside.put(f"{tenant.pk}/{places.checkpoint_name(checkpoint.epoch, checkpoint.size)}", checkpoint.note)
            AuditCheckpoint.objects.filter(pk=checkpoint.pk).update(published_at=clock())
    except PlaceUnavailable as error:
        raise Held(f"Checkpoints cannot be published. {error}") from error
    except PlaceDiffers as error:
        raise Held(
            f"Outside the database {error} says something else than here: the log was continued from an older state, "
            "or altered. Begin a new epoch, and have the log verified."
        ) from error
    except Problem as problem:
        raise Held(f"{problem.title}. {problem.remedy}") from problem


def _require_not_behind(outside: Place) -> None:
    """Raises `Held` where a later checkpoint than ours is outside, or nobody can tell."""
    tenant = current_tenant()
    try:
        notes.signing_key(tenant)  # before anything is taken that could not be signed
        newest = outside.newest(str(tenant.pk), standing().name)
    except PlaceUnavailable as error:
        raise Held(f"Checkpoints cannot be published. {error}") from error
    except Problem as problem:
        raise Held(f"{problem.title}. {problem.remedy}") from problem
    if newest is not None:
        raise Held(
            f"Outside the database there is the later checkpoint {newest}: the database was restored to an older "
            "state, or cut off. Begin a new epoch once you know which.",
            ahead=newest,
        )
    _well(outside)


def _well(outside: Place) -> None:
    known = AuditPlace.objects.first()
    if known is None or known.problem or known.place != outside.text:
        values = {"place": outside.text, "seen_at": clock(), "problem": "", "since": None, "ahead": ""}
        AuditPlace.objects.update_or_create(pk=1, defaults=values)


def _told(outside: Place, now: datetime, held: Held) -> timedelta:
    """Keep what is wrong for whoever looks. Returns how long to wait: as long as it has been so, within bounds."""
    known = AuditPlace.objects.first()
    since = (known.since if known else None) or now
    values = {"place": outside.text, "seen_at": now, "problem": str(held), "since": since, "ahead": held.ahead}
    AuditPlace.objects.update_or_create(pk=1, defaults=values)
    return min(max(now - since, timedelta(seconds=SEQUENCED_WITHIN)), timedelta(seconds=_LONGEST_PAUSE))
