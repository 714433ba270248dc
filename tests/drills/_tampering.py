"""What somebody does to a log who owns the database, and also who holds the key and the program: past all triggers.

Each attack changes the stored log of the current tenant, in the caller's transaction. None reaches the checkpoints that
were kept outside. `verified` exports the log and has the stand-alone verifier look at it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from apps.audit import notes, sequencing, services, verify_audit
from apps.audit.actors import Actor
from apps.audit.documents import digest_of, document_of, leaf_hash
from apps.audit.exports import export_lines
from apps.audit.kinds import EntryKind
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditPayload
from apps.audit.places import place
from apps.audit.services import Record, record_many
from apps.audit.tree import Growing, Place
from apps.audit.verify_audit import Report
from apps.common.ids import uuid7
from apps.tenants.context import current_tenant
from apps.tenants.fields import sealed_for

AGE: Final = timedelta(minutes=10)
"""How old a log is before somebody gets at it."""
_CHANGED: Final = EntryKind("drill.changed", "Changed", "configuration", "changed {subject}", frozenset({"email"}))
_TABLES: Final = "audit_entry, audit_payload, audit_pending, audit_leaf, audit_node, audit_checkpoint"
_COLUMNS: Final = "at, kind, outcome, actor_kind, actor_id, via, subject_kind, subject_id, request, facts_digest, "
_COLUMNS_ALL: Final = _COLUMNS + "personal_digest"
_FAR: Final = 1_000_000
Attack = Callable[[random.Random, int], str]


def log_make(entries: int, *, every: int) -> None:
    """Record entries, some minutes ago, with a checkpoint outside for every so many."""
    began = timezone.now() - AGE
    for start in range(0, entries, every):
        at = began + AGE / 2 * start / entries
        with patch.object(timezone, "now", lambda at=at: at), patch.object(services, "_nudge"):
            record_some(min(every, entries - start), start)
        with transaction.atomic():
            sequencing.append(at)
        sequencing._publish(place())


def log_clear() -> None:
    """Begin with no history at all."""
    with transaction.atomic():
        _sql("set local session_replication_role = replica")
        _sql(f"truncate {_TABLES}")


def record_some(count: int, start: int = 0) -> list[UUID]:
    """Record so many entries in a transaction of their own. Returns their ids."""
    said = [
        Record(_CHANGED, Actor("person", None, f"Person {n}"), after={"n": n, "email": f"{n}@example.org"})
        for n in range(start, start + count)
    ]
    with transaction.atomic():
        return record_many(said)


def verified(outside: Path) -> Report:
    """What the stand-alone verifier finds in an export of the log as it is stored now."""
    report = Report()
    checkpoints = verify_audit.outside_of(outside, None, report)
    verify_audit.verify_export(export_lines(), checkpoints, report)
    return report


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done to the stored log inside is undone, and no trigger stands in its way."""
    with transaction.atomic():
        _sql("set local session_replication_role = replica")
        yield
        transaction.set_rollback(True)


def attacks(seed: int, size: int, shares: dict[str, int]) -> Iterator[tuple[str, Iterator[Callable[[], str]]]]:
    """So many attacks of each sort on a log of this size. Each is called, and says what it did."""
    rng = random.Random(seed)

    def of(ways: list[Attack], share: int) -> Iterator[Callable[[], str]]:
        for number in range(share):
            way, own = ways[number % len(ways)], random.Random(rng.random())
            yield partial(_done, way, own, size)

    for sort, share in shares.items():
        yield sort, of(SORTS[sort], share)


def _done(way: Attack, rng: random.Random, size: int) -> str:
    return f"{way.__name__}: {way(rng, size)}"


# Edits


def edit_column(rng: random.Random, size: int) -> str:
    column = rng.choice(["kind", "outcome", "actor_kind", "via", "subject_kind", "subject_id", "request"])
    value = rng.choice(["x", "refused", "nobody", "other"]) + str(rng.randrange(99))
    return f"{column}: {_entry(rng, size, f'{column} = %s', value[:8])}"


def edit_actor(rng: random.Random, size: int) -> str:
    return _entry(rng, size, "actor_id = %s", UUID(int=rng.getrandbits(128)))


def edit_time(rng: random.Random, size: int) -> str:
    return _entry(rng, size, "at = at + %s", timedelta(microseconds=rng.choice([1, -1, 10**6, -(10**9)])))


def edit_digest(rng: random.Random, size: int) -> str:
    return _entry(rng, size, f"{rng.choice(['facts', 'personal'])}_digest = %s", rng.randbytes(32))


def edit_stored_payload(rng: random.Random, size: int) -> str:
    """A bit of what is stored."""
    part, id = rng.choice(["facts", "personal"]), _id(rng.randrange(size))
    _sql(f"update audit_payload set {part} = set_byte({part}, 20, get_byte({part}, 20) # 1) where entry_id = %s", id)
    return f"{part} of {id}"


def edit_payload_by_insider(rng: random.Random, size: int) -> str:
    """What it says, sealed as it should be."""
    return str(_reseal(rng.randrange(size), "facts", lambda content: {**content, "reason": "another"}).pk)


def edit_payload_and_digest(rng: random.Random, size: int) -> str:
    payload = _reseal(rng.randrange(size), "personal", lambda content: {**content, "actor": "Somebody else"})
    _sql("update audit_entry set personal_digest = %s where id = %s", digest_of(payload.personal), payload.pk)
    return str(payload.pk)


def edit_entry_and_leaf(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _sql("update audit_entry set kind = 'other.kind' where id = %s", _id(seq))
    _sql("update audit_leaf set hash = %s where seq = %s", _leaf(_id(seq)), seq)
    return str(seq)


def edit_leaf(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _sql("update audit_leaf set hash = %s where seq = %s", rng.randbytes(32), seq)
    return str(seq)


# Deletions


def delete_entry(rng: random.Random, size: int) -> str:
    id = _id(rng.randrange(size))
    _sql("delete from audit_entry where id = %s", id)
    return str(id)


def delete_payload(rng: random.Random, size: int) -> str:
    id = _id(rng.randrange(size))
    _sql("delete from audit_payload where entry_id = %s", id)
    return str(id)


def delete_part_of_payload(rng: random.Random, size: int) -> str:
    id, part = _id(rng.randrange(size)), rng.choice(["facts", "personal"])
    _sql(f"update audit_payload set {part} = null where entry_id = %s", id)
    return f"{part} of {id}"


def delete_leaf(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _sql("delete from audit_leaf where seq = %s", seq)
    return str(seq)


def delete_and_close_the_gap(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _delete(seq, seq)
    return str(seq)


def delete_a_run_and_close_the_gap(rng: random.Random, size: int) -> str:
    first = rng.randrange(size - 1)
    last = min(size - 1, first + rng.randrange(1, 20))
    _delete(first, last)
    return f"{first} to {last}"


def delete_checkpoint(rng: random.Random, size: int) -> str:
    chosen = rng.choice(list(AuditCheckpoint.objects.values_list("size", flat=True)))
    _sql("delete from audit_checkpoint where size = %s", chosen)
    return str(chosen)


# Insertions


def insert_entry(rng: random.Random, size: int) -> str:
    return str(_forge(rng.randrange(size)))


def insert_entry_and_pending(rng: random.Random, size: int) -> str:
    id = _forge(rng.randrange(size))
    _sql("insert into audit_pending values (%s)", id)
    return str(id)


def insert_at_the_end(rng: random.Random, size: int) -> str:
    id = _forge(rng.randrange(size))
    _sql("insert into audit_leaf (epoch, seq, entry, hash) values (1, %s, %s, %s)", size, id, _leaf(id))
    return str(id)


def insert_in_between(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _insert(seq)
    return str(seq)


def insert_by_insider(rng: random.Random, size: int) -> str:
    """One that looks as if it had been recorded, in the place that its time gives it."""
    seq = rng.randrange(size)
    id = _insert(seq)
    _sql("delete from audit_payload where entry_id = %s", id)
    payload = AuditPayload(pk=id)
    parts = {name: {"salt": "00" * 32, "content": {"actor": "Ada"}} for name in ("facts", "personal")}
    AuditPayload.objects.create(pk=id, **sealed_for(payload, **parts))
    digest = digest_of(parts["facts"])
    _sql("update audit_entry set facts_digest = %s, personal_digest = %s where id = %s", digest, digest, id)
    _sql("update audit_leaf set hash = %s where entry = %s", _leaf(id), id)
    return str(seq)


# Swaps


def swap_leaves(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_leaf", "seq", "entry, hash", ids=False)


def swap_entries_of_leaves(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_leaf", "seq", "entry", ids=False)


def swap_hashes(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_leaf", "seq", "hash", ids=False)


def swap_contents(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_entry", "id", _COLUMNS_ALL)


def swap_digests(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_entry", "id", rng.choice(["facts_digest", "personal_digest"]))


def swap_payloads(rng: random.Random, size: int) -> str:
    return _swap(rng, size, "audit_payload", "entry_id", "facts, personal")


def swap_payloads_by_insider(rng: random.Random, size: int) -> str:
    one, other = _two(rng, size)
    first, second = (AuditPayload.objects.get(pk=_id(seq)).facts for seq in (one, other))
    for seq, part in ((one, second), (other, first)):
        payload = AuditPayload(pk=_id(seq))
        AuditPayload.objects.filter(pk=payload.pk).update(**sealed_for(payload, facts=part))
    return f"{one} and {other}"


# Truncations


def truncate_leaves(rng: random.Random, size: int) -> str:
    keep = rng.randrange(size)
    _sql("delete from audit_leaf where seq >= %s", keep)
    return str(keep)


def truncate_the_end(rng: random.Random, size: int) -> str:
    """With all that tells of it in the database."""
    keep = rng.randrange(size)
    _truncate(keep)
    return str(keep)


def truncate_to_a_checkpoint(rng: random.Random, size: int) -> str:
    """To what the database was at some time: nothing in it tells that there was more."""
    keep = rng.choice(list(AuditCheckpoint.objects.values_list("size", flat=True).order_by("size"))[:-1])
    _truncate(keep)
    return str(keep)


def truncate_the_beginning(rng: random.Random, size: int) -> str:
    drop = rng.randrange(1, size)
    _delete(0, drop - 1)
    return str(drop)


def truncate_everything(rng: random.Random, size: int) -> str:
    chosen = rng.choice(["audit_leaf, audit_node, audit_checkpoint", "audit_entry", "audit_payload", _TABLES])
    _sql(f"truncate {chosen}")
    return chosen


# Rewrites: the tree is made anew, so that everything in the database agrees


def rewrite_after_an_edit(rng: random.Random, size: int) -> str:
    payload = _reseal(rng.randrange(size), "facts", lambda content: {**content, "reason": "another"})
    _sql("update audit_entry set facts_digest = %s where id = %s", digest_of(payload.facts), payload.pk)
    return _anew(rng)


def rewrite_after_a_deletion(rng: random.Random, size: int) -> str:
    seq = rng.randrange(size)
    _delete(seq, seq)
    return _anew(rng)


def rewrite_after_an_insertion(rng: random.Random, size: int) -> str:
    insert_by_insider(rng, size)
    return _anew(rng)


def rewrite_after_a_swap(rng: random.Random, size: int) -> str:
    swap_leaves(rng, size)
    return _anew(rng)


def rewrite_after_a_truncation(rng: random.Random, size: int) -> str:
    _truncate(rng.randrange(1, size))
    return _anew(rng)


def rewrite_checkpoint(rng: random.Random, size: int) -> str:
    """One that says something else, with the signature that it had or with a right one."""
    chosen = rng.choice(list(AuditCheckpoint.objects.all()))
    said = notes.opened(chosen.note, _key().public_key())
    other = notes.Checkpoint(said.tenant, 1, said.size, rng.randbytes(32), said.at, said.previous)
    note = rng.choice([notes.signed(other, _key()), chosen.note.replace(said.text, other.text)])
    root = rng.choice([other.root, chosen.root])
    _sql("update audit_checkpoint set root = %s, note = %s where size = %s", root, note, chosen.size)
    return str(chosen.size)


def rewrite_everything(rng: random.Random, size: int) -> str:
    """Another history of the same length, by the program itself, with signatures that are right."""
    every = AuditCheckpoint.objects.order_by("size")[0].size
    _sql(f"truncate {_TABLES}")
    keep = rng.randrange(1, size + 1)
    with patch.object(sequencing, "_publish"):
        log_make(keep, every=every)
    _sql("update audit_checkpoint set published_at = at")
    return str(keep)


SORTS: Final[dict[str, list[Attack]]] = {
    sort: [attack for name, attack in globals().copy().items() if name.startswith(f"{prefix}_")]
    for sort, prefix in {
        "edits": "edit",
        "deletions": "delete",
        "insertions": "insert",
        "swaps": "swap",
        "truncations": "truncate",
        "rewrites": "rewrite",
    }.items()
}


def _sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def _key() -> Any:
    return notes.signing_key(current_tenant())


def _id(seq: int) -> UUID:
    return AuditLeaf.objects.values_list("entry", flat=True).get(epoch=1, seq=seq)


def _leaf(id: UUID) -> bytes:
    return leaf_hash(document_of(AuditEntry.objects.get(pk=id)))


def _entry(rng: random.Random, size: int, change: str, value: Any) -> str:
    id = _id(rng.randrange(size))
    _sql(f"update audit_entry set {change} where id = %s", value, id)
    return str(id)


def _reseal(seq: int, part: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> AuditPayload:
    payload = AuditPayload.objects.get(pk=_id(seq))
    said = getattr(payload, part)
    changed = {"salt": said["salt"], "content": change(said["content"])}
    AuditPayload.objects.filter(pk=payload.pk).update(**sealed_for(payload, **{part: changed}))
    return AuditPayload.objects.get(pk=payload.pk)


def _delete(first: int, last: int) -> None:
    """Take entries out, with all that belongs to them, and move the later ones up."""
    for table, key in (("audit_payload", "entry_id"), ("audit_entry", "id")):
        _sql(
            f"delete from {table} where {key} in (select entry from audit_leaf where seq between %s and %s)",
            first,
            last,
        )
    _sql("delete from audit_leaf where seq between %s and %s", first, last)
    _move(last + 1, first - last - 1)


def _move(begin: int, by: int) -> None:
    _sql("update audit_leaf set seq = seq + %s where seq >= %s", _FAR, begin)
    _sql("update audit_leaf set seq = seq - %s where seq >= %s", _FAR - by, _FAR)


def _truncate(keep: int) -> None:
    for table, key in (("audit_payload", "entry_id"), ("audit_entry", "id")):
        _sql(f"delete from {table} where {key} in (select entry from audit_leaf where seq >= %s)", keep)
    _sql("delete from audit_leaf where seq >= %s", keep)
    _sql("delete from audit_node where (index + 1) << level > %s", keep)
    _sql("delete from audit_checkpoint where size > %s", keep)


def _forge(like: int) -> UUID:
    """An entry as another one, under an id of its own."""
    id, other = uuid7(), _id(like)
    _sql(
        f"insert into audit_entry (id, {_COLUMNS_ALL}) select %s, {_COLUMNS_ALL} from audit_entry where id = %s",
        id,
        other,
    )
    _sql("update audit_entry set kind = 'drill.forged' where id = %s", id)
    _sql(
        "insert into audit_payload (entry_id, facts, personal, shredded_for) "
        "select %s, facts, personal, '' from audit_payload where entry_id = %s",
        id,
        other,
    )
    return id


def _insert(seq: int) -> UUID:
    id = _forge(seq)
    _move(seq, 1)
    _sql("insert into audit_leaf (epoch, seq, entry, hash) values (1, %s, %s, %s)", seq, id, _leaf(id))
    return id


def _two(rng: random.Random, size: int) -> tuple[int, int]:
    one, other = rng.sample(range(size), 2)
    return one, other


def _swap(rng: random.Random, size: int, table: str, key: str, columns: str, *, ids: bool = True) -> str:
    one, other = _two(rng, size)
    first, second = (_id(one), _id(other)) if ids else (one, other)
    found = []
    for which in (first, second):
        with connection.cursor() as cursor:
            cursor.execute(f"select {columns} from {table} where {key} = %s", [which])
            found.append(cursor.fetchone())
    if "entry" in columns.split(", "):  # an entry has one place: out of the way first
        _sql("update audit_leaf set entry = %s where seq = %s", uuid7(), first)
    changes = ", ".join(f"{column} = %s" for column in columns.split(", "))
    for which, values in ((second, found[0]), (first, found[1])):
        _sql(f"update {table} set {changes} where {key} = %s", *values, which)
    return f"{columns} of {one} and {other}"


def _anew(rng: random.Random) -> str:
    """Make leaves, subtrees and checkpoints of what the entries say now; signed with the key, or not."""
    entries = {entry.pk: entry for entry in AuditEntry.objects.all()}
    order = list(AuditLeaf.objects.order_by("seq").values_list("entry", flat=True))
    hashes = [leaf_hash(document_of(entries[id])) for id in order]
    _sql(
        "update audit_leaf l set hash = n.hash from unnest(%s::uuid[], %s::bytea[]) n (id, hash) where l.entry = n.id",
        order,
        hashes,
    )
    tree, roots, nodes = Growing(), {}, list[tuple[Place, bytes]]()
    for hash in hashes:
        nodes += tree.append(hash)
        roots[tree.size] = tree.root
    _sql("truncate audit_node")
    for (level, index), hash in nodes:
        _sql("insert into audit_node values (1, %s, %s, %s)", level, index, hash)
    is_signed, before = rng.random() < 0.7, notes.NO_NOTE
    for each in AuditCheckpoint.objects.order_by("size"):
        root = roots.get(each.size, tree.root)
        said = notes.Checkpoint(str(current_tenant().pk), 1, each.size, root, each.at, before)
        note = notes.signed(said, _key()) if is_signed else each.note
        _sql("update audit_checkpoint set root = %s, note = %s where size = %s", root, note, each.size)
        before = notes.hash_of(note)
    return "signed anew" if is_signed else "with the signatures that were there"
