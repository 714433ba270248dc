"""The sequencer: every entry gets one place in the tree, whenever its transaction ends, and whatever goes away."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from apps.audit import sequencing, services, tree
from apps.audit.documents import document_of, leaf_hash
from apps.audit.handlers import SequenceWork
from apps.audit.models import AuditCheckpoint, AuditEntry, AuditLeaf, AuditNode, AuditPending, AuditPlace
from apps.audit.services import SEQUENCE, SEQUENCED_WITHIN, record
from apps.common.ids import uuid7
from apps.dispatch.services import work_rebuild
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from tests.audit.conftest import ACTOR, CHANGED, past_the_guards, recorded, work_row

Sequence = Callable[[], int]


def leaves() -> list[bytes]:
    return [bytes(each.hash) for each in AuditLeaf.objects.order_by("epoch", "seq")]


def age_checkpoints(seconds: int) -> None:
    with past_the_guards() as cursor:
        cursor.execute("update audit_checkpoint set at = at - %s", [timedelta(seconds=seconds)])


def test_entries_get_places_without_a_gap_and_a_root_that_is_theirs(
    sequence: Sequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencing, "BATCH", 200)
    recorded(300)
    ids = {*recorded(230)}
    assert sequence() == 1
    assert [each.seq for each in AuditLeaf.objects.order_by("seq")] == [*range(530)]
    assert not AuditPending.objects.exists()
    assert ids < set(AuditLeaf.objects.values_list("entry", flat=True))
    entries = {each.pk: each for each in AuditEntry.objects.all()}
    wanted = [leaf_hash(document_of(entries[each.entry])) for each in AuditLeaf.objects.order_by("seq")]
    assert leaves() == wanted
    sizes = list(AuditCheckpoint.objects.order_by("size").values_list("size", flat=True))
    assert sizes == [200, 400, 530]
    for checkpoint in AuditCheckpoint.objects.all():
        assert bytes(checkpoint.root) == tree.root_of(wanted[: checkpoint.size])
        assert checkpoint.published_at is not None
    kept = {(each.level, each.index): bytes(each.hash) for each in AuditNode.objects.all()}
    assert kept == {(8, 0): tree.root_of(wanted[:256]), (8, 1): tree.root_of(wanted[256:512])}


def test_a_batch_costs_the_same_statements_however_many_entries_it_has(
    acme: Tenant, outside: Path, django_assert_num_queries: Any
) -> None:
    for count in (3, 300):
        recorded(count)
        now = sequencing.clock()
        with django_assert_num_queries(6 if count == 3 else 7):  # with a node that is full
            assert sequencing.append(now) == count


def test_a_transaction_that_ends_late_is_seen_by_the_next_look(sequence: Sequence) -> None:
    early = uuid7()  # its transaction begins first and ends last
    (later,) = recorded()
    sequence()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_entry select %s, at, kind, outcome, actor_kind, actor_id, via, subject_kind, "
            "subject_id, request, facts_digest, personal_digest from audit_entry where id = %s",
            [early, later],
        )
        cursor.execute("insert into audit_pending values (%s)", [early])
    sequence()
    assert list(AuditLeaf.objects.order_by("seq").values_list("entry", flat=True)) == [later, early]


# The nudge: who records makes the work row, but not for every entry.


def test_what_is_recorded_makes_one_work_row_that_is_due_soon(acme: Tenant, board: Any) -> None:
    recorded()
    held, due = work_row() or (True, 0)
    assert not held
    assert 0 < due <= SEQUENCED_WITHIN


def test_a_process_makes_no_second_row_while_it_relies_on_the_first(
    acme: Tenant, board: Any, django_assert_num_queries: Any
) -> None:
    recorded()
    with django_assert_num_queries(3):  # begin, the entries, commit
        recorded()


def test_an_entry_that_commits_after_the_look_and_before_another_nudge_is_seen(sequence: Sequence) -> None:
    recorded()
    assert sequence() == 1
    (late,) = recorded()  # it makes no row: the process relies on the one before
    held, due = work_row() or (True, 0)
    assert not held
    assert 0 < due <= SEQUENCED_WITHIN
    sequence()
    assert AuditLeaf.objects.filter(entry=late).exists()


def test_the_row_comes_back_also_where_another_process_had_made_it_due_earlier(sequence: Sequence) -> None:
    recorded()  # another process: its row is taken up early
    services._relied_on.clear()
    recorded()  # this one relies on the row that there is
    sequence()
    sequence()  # and once more, for nothing
    (late,) = recorded()
    assert work_row() is not None
    sequence()
    assert AuditLeaf.objects.filter(entry=late).exists()


def test_the_row_ends_when_nothing_came_for_as_long_as_anybody_relies_on_it(sequence: Sequence) -> None:
    recorded()
    sequence()
    age_checkpoints(SEQUENCED_WITHIN)
    sequence()
    assert work_row() is None


def test_a_signal_during_the_look_brings_another_one(sequence: Sequence, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded()
    append, late = sequencing.append, list[None]()

    def interrupted(now: Any) -> int:
        count = append(now)
        if not late:
            late.append(None)
            with connection.cursor() as cursor:  # as another process would
                cursor.execute("update public.dispatch_work set signal = signal + 1 where kind = %s", [SEQUENCE])
        return count

    monkeypatch.setattr(sequencing, "append", interrupted)
    sequence()
    held, due = work_row() or (True, 0)
    assert not held
    assert due > 0  # it looked again at once, and found nothing


def test_the_row_is_made_in_the_tenant_of_the_entries_wherever_the_transaction_ends(
    acme: Tenant, board: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with (
        public_context(),
        django_capture_on_commit_callbacks(execute=True),
        tenant_context(acme),
        transaction.atomic(),
    ):
        record(CHANGED, who=ACTOR)
    with connection.cursor() as cursor:
        cursor.execute("select id, tenant from public.dispatch_work where kind = %s", [SEQUENCE])
        assert cursor.fetchall() == [(acme.pk, acme.schema_name)]


def test_what_a_killed_process_left_is_found_by_the_comparison(sequence: Sequence) -> None:
    recorded()
    with connection.cursor() as cursor:
        cursor.execute("delete from public.dispatch_work where kind = %s", [SEQUENCE])
    assert not list(SequenceWork().pending())
    with past_the_guards() as cursor:
        cursor.execute("update audit_entry set at = at - interval '61 seconds'")
    assert list(SequenceWork().pending()) != []
    assert work_rebuild()[SEQUENCE] == 1
    sequence()
    assert not AuditPending.objects.exists()
    assert not list(SequenceWork().pending())


# The place outside.


def published(outside: Path) -> list[Path]:
    return sorted(outside.rglob("*.checkpoint"))


def test_a_checkpoint_is_stored_outside_beside_the_key(sequence: Sequence, acme: Tenant, outside: Path) -> None:
    recorded(3)
    sequence()
    (file,) = published(outside)
    assert file.relative_to(outside).as_posix() == f"{acme.pk}/000001/000000000/000000000003.checkpoint"
    assert file.read_text() == AuditCheckpoint.objects.get().note
    assert (outside / str(acme.pk) / "public-key.txt").read_text().startswith(f"orchestrall/{acme.pk}+")


def test_nothing_is_put_into_the_tree_while_the_place_does_not_answer(
    sequence: Sequence, outside: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outside.parent.mkdir(parents=True, exist_ok=True)
    outside.write_text("no folder")
    recorded()
    sequence()
    assert AuditPending.objects.count() == 1
    assert not AuditLeaf.objects.exists()
    place = AuditPlace.objects.get()
    assert "cannot be" in place.problem
    assert place.since is not None
    held, due = work_row() or (True, 0)
    assert not held
    assert due > 1
    outside.unlink()
    sequence()
    assert AuditLeaf.objects.count() == 1
    assert AuditPlace.objects.get().problem == ""


def test_tries_at_a_place_that_does_not_answer_become_rarer(sequence: Sequence, outside: Path) -> None:
    outside.parent.mkdir(parents=True, exist_ok=True)
    outside.write_text("no folder")
    recorded()
    sequence()
    AuditPlace.objects.update(since=sequencing.clock() - timedelta(seconds=100))
    sequence()
    _, due = work_row() or (True, 0)
    assert 90 < due < 101
    AuditPlace.objects.update(since=sequencing.clock() - timedelta(days=1))
    sequence()
    _, due = work_row() or (True, 0)
    assert 290 < due < 301


def test_a_checkpoint_that_could_not_be_published_is_published_before_anything_else(
    sequence: Sequence, acme: Tenant, outside: Path
) -> None:
    recorded()
    with transaction.atomic():
        sequencing.append(sequencing.clock())  # and the process was killed here
    recorded()
    sequence()
    assert [path.stem for path in published(outside)] == ["000000000001", "000000000002"]


def test_one_that_was_published_by_a_process_that_died_then_counts_as_published(
    sequence: Sequence, acme: Tenant, outside: Path
) -> None:
    recorded()
    with transaction.atomic():
        sequencing.append(sequencing.clock())
    (checkpoint,) = AuditCheckpoint.objects.all()
    path = outside / str(acme.pk) / "000001" / "000000000" / "000000000001.checkpoint"
    path.parent.mkdir(parents=True)
    path.write_text(checkpoint.note)
    sequence()
    assert AuditCheckpoint.objects.get().published_at is not None
    assert AuditPlace.objects.get().problem == ""


def test_a_database_that_lags_behind_what_was_published_is_not_continued(
    sequence: Sequence, acme: Tenant, outside: Path
) -> None:
    recorded(2)
    sequence()
    later = published(outside)[0].with_name("000000000009.checkpoint")
    later.write_text("of a later state")
    recorded()
    sequence()
    assert AuditLeaf.objects.count() == 2
    place = AuditPlace.objects.get()
    assert "restored" in place.problem
    assert place.ahead.endswith("000000000009.checkpoint")


def test_what_stands_outside_with_other_words_is_not_written_over(
    sequence: Sequence, acme: Tenant, outside: Path
) -> None:
    recorded()
    with transaction.atomic():
        sequencing.append(sequencing.clock())
    path = outside / str(acme.pk) / "000001" / "000000000" / "000000000001.checkpoint"
    path.parent.mkdir(parents=True)
    path.write_text("another one")
    sequence()
    assert path.read_text() == "another one"
    assert "something else" in AuditPlace.objects.get().problem


def test_an_entry_that_is_gone_before_it_was_put_into_the_tree_stays_pending(sequence: Sequence) -> None:
    first, _ = recorded(2)
    with past_the_guards() as cursor:
        cursor.execute("delete from audit_entry where id = %s", [first])
    sequence()
    assert AuditLeaf.objects.count() == 1
    assert [each.entry for each in AuditPending.objects.all()] == [first]


def test_files_outside_can_only_be_read(sequence: Sequence, outside: Path) -> None:
    recorded()
    sequence()
    assert os.stat(published(outside)[0]).st_mode & 0o222 == 0


def test_work_that_was_given_up_is_told(acme: Tenant, outside: Path) -> None:
    sequencing.gave_up("Three workers died.")
    assert "Three workers died." in AuditPlace.objects.get().problem
