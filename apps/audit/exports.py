"""The log as JSON lines, for whoever verifies it by themselves with `verify_audit.py`.

The first line says what it is: tenant, public key, epochs with their newest published checkpoints, and whether it is
the whole log. Then comes one line per entry in the order of the tree; those that have no place there yet; for the whole
log its checkpoints; and a last line with the number of entries, by which a file that was cut off is known.

    {"entry": <document>, "epoch": 1, "index": 0, "leaf": <hash>, "facts": {salt, content}, "personal": {...}}

A part of a payload that was shredded is null, and `shredded` says when and why; one that does not open stands in
`broken`. In an export that is not the whole log, each entry of the tree carries its `proof`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from apps.audit.documents import document_of, instant
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf
from apps.audit.notes import key_text
from apps.audit.proving import Prover
from apps.audit.sequencing import clock
from apps.audit.stored import NotInTree
from apps.tenants.context import current_tenant
from apps.tenants.sealing import SealBroken

FORMAT: Final = "orchestrall-audit-export"
VERSION: Final = 1
BATCH: Final = 1000
"""Entries that are read at once."""

# Of each epoch: the leaves within the time, all leaves, and the newest checkpoint that is outside.
_EPOCHS: Final = """
select l.epoch, min(l.seq) filter (where {within}), max(l.seq) filter (where {within}), max(l.seq) + 1
from audit_leaf l left join audit_entry e on e.id = l.entry group by l.epoch order by l.epoch
"""
# Those without a place in the tree, whether they wait for one or not; what came after the beginning is another file's.
_OUTSIDE: Final = """
select e.id from audit_entry e
where {within} and e.at <= %(made_at)s and not exists (select from audit_leaf l where l.entry = e.id) order by e.id
"""


@dataclass(frozen=True)
class _Epoch:
    """What of an epoch is exported."""

    number: int
    first: int
    last: int
    size: int
    note: str | None
    """Of its newest published checkpoint."""
    covered: int

    def as_json(self) -> dict[str, Any]:
        return {
            "epoch": self.number,
            "first": self.first,
            "last": self.last,
            "size": self.size,
            "checkpoint": self.note,
        }


def export_lines(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    entries: QuerySet[AuditEntry] | None = None,
) -> Iterator[str]:
    """The log of the current tenant, line by line, each with its end.

    With `since` or `until` what lies between the first and the last entry of that time: without a gap, so that one that
    is missing would show. With `entries` only those, each proven by itself. Reads a batch at a time; statements grow
    with the number of entries.
    """
    within, times = _within(since, until)
    made_at = clock()  # before anything is read: what is covered later than this is none of this file's business
    epochs = list(_epochs(within, times))
    is_whole = not times and entries is None
    yield _line(
        {
            "format": FORMAT,
            "version": VERSION,
            "tenant": str(current_tenant().pk),
            "name": current_tenant().name,
            "key": key_text(current_tenant()),
            "made_at": instant(made_at),
            "since": instant(since) if since else None,
            "until": instant(until) if until else None,
            "whole": is_whole,
            "filtered": entries is not None,
            "epochs": [each.as_json() for each in epochs],
        }
    )
    count = 0
    for epoch in epochs:
        prover = None if is_whole else Prover(epoch.number, epoch.covered)
        for batch in _leaves(epoch, entries):
            known = _entries([leaf.entry for leaf in batch])
            for leaf in batch:
                count += 1
                yield _line(_told(known.get(leaf.entry), leaf) | _proven(prover, leaf))
    for ids in _batches(_outside(within, {**times, "made_at": made_at}, entries)):
        known = _entries(ids)
        for id in ids:
            count += 1
            yield _line(_told(known.get(id), None))
    if is_whole:
        yield from _checkpoints()
    yield _line({"end": True, "entries": count})


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as an export has it: its document, and what is left of its payload."""
    payload = getattr(entry, "payload", None)
    found: dict[str, Any] = {"entry": document_of(entry), "facts": None, "personal": None}
    for part in ("facts", "personal") if payload else ():
        try:
            found[part] = getattr(payload, part)
        except SealBroken:  # it was changed in the database: who reads the file has to know
            found.setdefault("broken", []).append(part)
    if payload and payload.shredded_at:
        found["shredded"] = {"at": instant(payload.shredded_at), "for": payload.shredded_for}
    return found


def _told(entry: AuditEntry | None, leaf: AuditLeaf | None) -> dict[str, Any]:
    place: dict[str, Any] = {"epoch": None, "index": None}
    if leaf is not None:
        place = {"epoch": leaf.epoch, "index": leaf.seq, "leaf": bytes(leaf.hash).hex()}
    if entry is None:  # deleted from the database: the verifier says so
        return {"entry": None, **place}
    return entry_json(entry) | place


def _proven(prover: Prover | None, leaf: AuditLeaf) -> dict[str, Any]:
    if prover is None or leaf.seq >= prover.size:
        return {}
    try:
        return {"proof": prover.inclusion(leaf.seq).as_json()["hashes"]}
    except NotInTree:  # the verifier says so
        return {"proof": None}


def _epochs(within: str, times: dict[str, Any]) -> Iterator[_Epoch]:
    newest = AuditCheckpoint.objects.exclude(published_at=None).order_by("epoch", "-size").distinct("epoch")
    notes = {each.epoch: each for each in newest}
    with connection.cursor() as cursor:
        cursor.execute(_EPOCHS.format(within=within), times)
        for number, first, last, size in cursor.fetchall():
            note = notes.get(number)
            if first is not None:
                covered = note.size if note else 0
                yield _Epoch(number, first, last, size, note.note if note else None, covered)


def _checkpoints() -> Iterator[str]:
    """All of them, as the database has them."""
    for each in AuditCheckpoint.objects.order_by("epoch", "size").iterator(chunk_size=BATCH):
        told = {"checkpoint": each.note, "published": each.published_at is not None}
        yield _line({**told, "epoch": each.epoch, "size": each.size, "root": bytes(each.root).hex()})


def _leaves(epoch: _Epoch, entries: QuerySet[AuditEntry] | None) -> Iterator[Sequence[AuditLeaf]]:
    rows = AuditLeaf.objects.filter(epoch=epoch.number, seq__lte=epoch.last).order_by("seq")
    if entries is not None:
        rows = rows.filter(entry__in=entries.order_by().values("pk"))
    begin = epoch.first
    while batch := list(rows.filter(seq__gte=begin)[:BATCH]):
        yield batch
        begin = batch[-1].seq + 1


def _outside(within: str, times: dict[str, Any], entries: QuerySet[AuditEntry] | None) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE.format(within=within), times)
        ids = [id for (id,) in cursor.fetchall()]
    if entries is None or not ids:
        return ids
    return list(entries.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def _entries(ids: Iterable[UUID]) -> dict[UUID, AuditEntry]:
    return {entry.pk: entry for entry in AuditEntry.objects.filter(pk__in=ids).select_related("payload")}


def _batches(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _within(since: datetime | None, until: datetime | None) -> tuple[str, dict[str, Any]]:
    """SQL that holds for the entries `e` of a time, and its parameters."""
    times: dict[str, Any] = {}
    parts = []
    for name, sign, at in (("since", ">=", since), ("until", "<", until)):
        if at is not None:
            times[name] = at
            parts.append(f"e.at {sign} %({name})s")
    return " and ".join(parts) or "true", times


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
