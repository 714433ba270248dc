"""The audit log at a million entries: root, proofs, sequencer and export, and what recording costs a change."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import django

from tests.measuring import Case
from tests.running import installation

ENTRIES = int(os.environ.get("AUDIT_ENTRIES", "1000000"))
SEQUENCED = 60_000
"""Entries that go through the sequencer, as recorded ones do."""
RECORDED = 500
ROOT_WITHIN, PROOF_BYTES, STATEMENTS = 5.0, 1024, 2

# As the sequencer writes leaves; their hashes are of nothing, as roots and proofs ask for no entry.
_LEAVES = """
insert into audit_leaf (epoch, seq, entry, hash)
select 7, n, gen_random_uuid(), sha256(n::text::bytea) from generate_series(0, %s - 1) n
"""
_ENTRIES = """
with new as (
    insert into audit_entry (id, at, kind, outcome, actor_kind, via, subject_kind, subject_id, request, facts_digest,
        personal_digest)
    select gen_random_uuid(), clock_timestamp(), 'bench.changed', 'done', 'person', 'console', 'bench.thing', n::text,
        md5(n::text), sha256(n::text::bytea), sha256(n::text::bytea)
    from generate_series(1, %s) n returning id
) insert into audit_pending select id from new
"""


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "var", demo=False) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "CRITICAL"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        with patch("apps.audit.services._nudge"):  # nobody else works on it
            tenant = tenant_create(slug="bench", name="Bench", industry="retail", now=True)
            with tenant_context(tenant):
                yield from recording()
                yield from sequencing_of_many()
                yield from tree_of_many()


def recording() -> Iterator[Case]:
    """A change, and the same change with its entry."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from apps.audit.actors import Actor
    from apps.audit.kinds import EntryKind
    from apps.audit.services import record
    from apps.tenants.models import Tenant

    kind = EntryKind("bench.changed", "Changed", "configuration", "changed it", frozenset({"email"}))
    who = Actor("person", None, "Ada Lovelace", "ada@example.org")

    def change(*, is_audited: bool) -> None:
        with transaction.atomic():
            Tenant.objects.filter(slug="bench").update(name="Bench")
            if is_audited:
                record(kind, who=who, before={"role": "viewer"}, after={"role": "owner", "email": "a@example.org"})

    def statements(*, is_audited: bool) -> int:
        with CaptureQueriesContext(connection) as queries:
            change(is_audited=is_audited)
        return len(queries)

    change(is_audited=True)  # what is done once in a process is no cost of a change
    more = statements(is_audited=True) - statements(is_audited=False)
    yield Case("recording", "more statements of a change", more, bar=f"<= {STATEMENTS}", holds=more <= STATEMENTS)
    plain, audited = _median(lambda: change(is_audited=False)), _median(lambda: change(is_audited=True))
    yield Case("recording", "more time of a change, median", (audited - plain) * 1e6, "µs")


def sequencing_of_many() -> Iterator[Case]:
    from django.db import connection, transaction

    from apps.audit import sequencing

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [SEQUENCED])
    began, done = time.perf_counter(), 0
    while True:
        with transaction.atomic():
            count = sequencing.append(sequencing.clock())
        if not count:
            break
        done += count
    took = time.perf_counter() - began
    yield Case(f"{done:,} entries", "sequencer", round(done / took), "entries/s")


def tree_of_many() -> Iterator[Case]:
    """The tree of many entries, from leaves that stand in the database as the sequencer writes them."""
    from django.db import connection, transaction

    from apps.audit import tree
    from apps.audit.models import AuditLeaf
    from apps.audit.selectors import consistency_proof, inclusion_at
    from apps.audit.stored import growing

    size = f"{ENTRIES:,} entries"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEAVES, [ENTRIES])
        growth, nodes = tree.Growing(), []
        for hash in _hashes(AuditLeaf):
            nodes += growth.append(hash)
        cursor.executemany(
            "insert into audit_node values (7, %s, %s, %s)", [(level, index, hash) for (level, index), hash in nodes]
        )
    with connection.cursor() as cursor:
        cursor.execute("analyze audit_leaf")
        cursor.execute("analyze audit_node")

    began = time.perf_counter()
    root = tree.root_of(_hashes(AuditLeaf))
    took = time.perf_counter() - began
    yield Case(size, "root from all leaves", took, "s", f"<= {ROOT_WITHIN:.0f}", took <= ROOT_WITHIN)
    began = time.perf_counter()
    same = growing(7).root == root
    yield Case(size, "root from what is kept", (time.perf_counter() - began) * 1e3, "ms", "the same", same)

    places = [0, ENTRIES // 3, ENTRIES // 2, ENTRIES - 1]
    proofs = [inclusion_at(7, place, ENTRIES) for place in places]
    leaves = {leaf.seq: bytes(leaf.hash) for leaf in AuditLeaf.objects.filter(epoch=7, seq__in=places)}
    right = all(
        tree.root_by_inclusion(leaf=leaves[each.index], index=each.index, size=ENTRIES, proof=each.hashes) == root
        for each in proofs
    )
    yield Case(size, "proofs of inclusion that verify", len(proofs), bar="all", holds=right)
    most = max(len(json.dumps(each.as_json(), separators=(",", ":"))) for each in proofs)
    yield Case(size, "proof of inclusion", most, "bytes", f"<= {PROOF_BYTES}", most <= PROOF_BYTES)
    took = _median(lambda: inclusion_at(7, ENTRIES // 3, ENTRIES), 20)
    yield Case(size, "proof of inclusion, median", took * 1e3, "ms")
    took = _median(lambda: consistency_proof(ENTRIES // 3, ENTRIES, 7), 20)
    yield Case(size, "proof of consistency, median", took * 1e3, "ms")


def _hashes(leaf: Any) -> Iterator[bytes]:
    rows = leaf.objects.filter(epoch=7).order_by("seq").values_list("hash", flat=True)
    return (bytes(hash) for hash in rows.iterator(chunk_size=20_000))


def _median(act: Callable[[], object], times: int = RECORDED) -> float:
    """Seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
