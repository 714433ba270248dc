"""What is told of the log, and proofs from what is stored of the tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.audit import notes, selectors, sequencing, tree
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf
from apps.audit.proving import Prover
from apps.audit.selectors import NotCoveredYet
from apps.common.errors import NotFound
from apps.common.ids import uuid7
from apps.tenants import keys, services
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.audit.conftest import past_the_guards, recorded

Sequence = Callable[[], int]


def put(count: int) -> None:
    recorded(count)
    with transaction.atomic():
        sequencing.append(sequencing.clock())


@pytest.fixture
def grown(acme: Tenant, outside: Path) -> list[bytes]:
    """A log of three checkpoints with two full subtrees of 256. Returns the hashes of its leaves."""
    for count in (7, 400, 193):
        put(count)
    return [bytes(each.hash) for each in AuditLeaf.objects.order_by("seq")]


@pytest.mark.parametrize("index", [0, 6, 255, 256, 511, 512, 599])
def test_an_entry_is_proven_to_be_in_the_tree(grown: list[bytes], index: int) -> None:
    leaf = AuditLeaf.objects.get(epoch=1, seq=index)
    proof = selectors.inclusion_proof(leaf.entry)
    assert (proof.index, proof.size) == (index, 600)
    found = tree.root_by_inclusion(leaf=grown[index], index=index, size=600, proof=proof.hashes)
    assert found == tree.root_of(grown)
    assert Prover(1, 600).inclusion(index) == proof


@pytest.mark.parametrize(("old", "new"), [(7, 407), (7, 600), (407, 600), (600, 600), (1, 600), (256, 512)])
def test_a_tree_is_proven_to_be_the_beginning_of_a_later_one(grown: list[bytes], old: int, new: int) -> None:
    proof = selectors.consistency_proof(old, new, 1)
    roots = {"old_root": tree.root_of(grown[:old]), "new_root": tree.root_of(grown[:new])}
    assert tree.is_consistent(old=old, new=new, proof=proof.hashes, **roots)


def test_proofs_cost_few_statements(grown: list[bytes], django_assert_num_queries: Any) -> None:
    entry = AuditLeaf.objects.get(epoch=1, seq=3).entry
    with django_assert_num_queries(3):
        selectors.inclusion_proof(entry)
    with django_assert_num_queries(1):
        selectors.consistency_proof(7, 600, 1)


def test_a_proof_can_be_for_an_earlier_checkpoint(grown: list[bytes]) -> None:
    entry = AuditLeaf.objects.get(epoch=1, seq=3).entry
    earlier = AuditCheckpoint.objects.get(size=7)
    proof = selectors.inclusion_proof(entry, checkpoint=earlier)
    found = tree.root_by_inclusion(leaf=grown[3], index=3, size=7, proof=proof.hashes)
    assert found == bytes(earlier.root)


def test_there_is_no_proof_of_what_is_not_covered_or_not_there(grown: list[bytes]) -> None:
    (fresh,) = recorded()
    with pytest.raises(NotCoveredYet):
        selectors.inclusion_proof(fresh)
    later, early = AuditLeaf.objects.get(epoch=1, seq=9).entry, AuditCheckpoint.objects.get(size=7)
    with pytest.raises(NotCoveredYet):
        selectors.inclusion_proof(later, checkpoint=early)
    with pytest.raises(NotFound):
        selectors.inclusion_proof(uuid7())
    with pytest.raises(NotFound):
        selectors.consistency_proof(7, 601, 1)
    with pytest.raises(NotFound):
        selectors.consistency_proof(7, 600, 2)


def test_an_entry_of_another_tenant_has_no_proof_here(grown: list[bytes], globex: Tenant) -> None:
    entry = AuditLeaf.objects.get(epoch=1, seq=3).entry
    with tenant_context(globex), pytest.raises(NotFound):
        selectors.inclusion_proof(entry)


def test_a_proof_of_a_million_entries_takes_at_most_a_kilobyte() -> None:
    hashes = [bytes(32)] * 20
    assert len(str(selectors.InclusionProof(1, 999_999, 1_000_000, hashes).as_json())) <= 1024


# Notes.


def test_a_note_says_what_was_signed_and_each_names_the_one_before(grown: list[bytes], acme: Tenant) -> None:
    key = notes.signing_key(acme).public_key()
    before = notes.NO_NOTE
    for each in AuditCheckpoint.objects.order_by("size"):
        said = notes.opened(each.note, key)
        assert (said.tenant, said.epoch, said.size) == (str(acme.pk), 1, each.size)
        assert said.root == bytes(each.root)
        assert (said.at, said.previous) == (each.at, before)
        before = notes.hash_of(each.note)


def test_a_note_that_was_altered_does_not_open(grown: list[bytes], acme: Tenant, globex: Tenant) -> None:
    note, key = AuditCheckpoint.objects.get(size=7).note, notes.signing_key(acme).public_key()
    for wrong in (note.replace("\n7\n", "\n8\n"), note + "\n", note[:-8], "", note.replace("time", "tame")):
        with pytest.raises(notes.NoteInvalid):
            notes.opened(wrong, key)
    with pytest.raises(notes.NoteInvalid, match="another key"):
        notes.opened(note, notes.signing_key(globex).public_key())


def test_the_key_of_tokens_can_be_rotated_and_that_of_checkpoints_stays(acme: Tenant) -> None:
    before = selectors.public_key_text()
    services.signing_key_rotate(tenant=acme)
    assert selectors.public_key_text() == before
    keys.forget()
    assert selectors.public_key_text() == before


# The state of the log.


def test_the_state_says_what_is_covered_since_when_and_where(
    sequence: Sequence, outside: Path, django_assert_num_queries: Any
) -> None:
    recorded(3)
    sequence()
    recorded(2)
    with django_assert_num_queries(1):
        state = selectors.integrity()
    assert (state.epoch, state.size, state.covered, state.pending, state.lost) == (1, 3, 3, 2, 0)
    assert state.since == AuditEntry.objects.order_by("id")[0].at
    assert state.published_at == AuditCheckpoint.objects.get().published_at
    assert state.place == str(outside)
    assert state.is_whole


def test_an_empty_log_is_whole(acme: Tenant, outside: Path) -> None:
    state = selectors.integrity()
    assert (state.size, state.since, state.published_at, state.problem) == (0, None, None, "")


def test_the_state_tells_of_entries_that_nobody_covers(acme: Tenant, outside: Path) -> None:
    recorded()
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set at = at - interval '61 seconds'")
    state = selectors.integrity()
    assert "no worker" in state.problem
    assert not state.is_whole


def test_the_state_tells_of_entries_that_were_deleted_before_they_were_covered(acme: Tenant, outside: Path) -> None:
    first, _ = recorded(2)
    with past_the_guards() as cursor:
        cursor.execute("delete from audit_entry where id = %s", [first])
    state = selectors.integrity()
    assert state.lost == 1
    assert "1 entry was deleted" in state.problem


def test_the_state_tells_what_the_sequencer_found(sequence: Sequence, outside: Path) -> None:
    recorded()
    sequence()
    next(outside.rglob("*.checkpoint")).with_name("000000000009.checkpoint").write_text("later")
    recorded()
    sequence()
    state = selectors.integrity()
    assert "restored" in state.problem
    assert state.ahead.endswith("000000000009.checkpoint")
