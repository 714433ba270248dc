"""Rule R12: what is finished costs claims nothing, even while an old transaction keeps it from being cleared away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.common import work
from apps.dispatch import rows, worker
from apps.dispatch.board import Board
from apps.tenants.models import Tenant
from tests.dispatch.conftest import Take, expire, run_turn, scheduled, stored

FINISHED = 300


@contextmanager
def old_transaction() -> Iterator[None]:
    """Another connection that has looked at the database and still looks at it as it was then."""
    known = connection.get_connection_params()
    words = {name: known[name] for name in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**words) as other:
        other.execute("set transaction isolation level repeatable read")
        other.execute("select count(*) from public.dispatch_work")
        yield


def finish_many(tenant: Tenant, board: Board) -> None:
    """Rows that were due a minute ago come and go."""
    scheduled(FINISHED, due_at=timezone.now() - timedelta(minutes=1))
    for _ in range(FINISHED):
        [claim] = rows.claim(tenant=tenant.schema_name, queue="cpu", limit=1, slots=4).claims
        with work.fenced(claim) as row:
            row.finish()


def made_due(id: UUID, seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set due_at = clock_timestamp() - %s * interval '1 second' where id = %s",
            [seconds_ago, id],
        )


def entries_read(tenant: Tenant) -> int:
    """How many entries of the index of what is due a claim goes through."""
    asked = "select pg_stat_get_xact_tuples_returned('public.dispatch_work_due'::regclass)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("set local enable_bitmapscan = off")
        cursor.execute(asked)
        (before,) = cursor.fetchone()
        rows.claim(tenant=tenant.schema_name, queue="cpu", limit=1, slots=4)
        cursor.execute(asked)
        (after,) = cursor.fetchone()
        return int(after - before)


def test_a_claim_reads_nothing_of_what_was_finished_before_the_mark(take: Take, acme: Tenant, board: Board) -> None:
    with old_transaction():
        finish_many(acme, board)
        [last] = scheduled()
        rows.look()
        assert entries_read(acme) < 10
        row = stored(last)
        assert row
        assert row["leased"], "it was found"


def test_without_a_mark_a_claim_looks_at_everything(take: Take, acme: Tenant, board: Board) -> None:
    """A mark that is lost makes a claim slower and never wrong."""
    with old_transaction():
        finish_many(acme, board)
        [last] = scheduled()
        assert entries_read(acme) > FINISHED
        row = stored(last)
        assert row
        assert row["leased"], "it was found"


def test_a_look_puts_the_mark_five_seconds_before_the_earliest_row_that_is_due(take: Take, acme: Tenant) -> None:
    early, _late = scheduled(2)
    made_due(early, 60)
    rows.look()
    with connection.cursor() as cursor:
        cursor.execute(
            "select w.due_at - m.due_at = interval '5 seconds' from public.dispatch_mark m "
            "join public.dispatch_work w on w.id = %s and w.tenant = m.tenant and w.queue = m.queue",
            [early],
        )
        assert cursor.fetchall() == [(True,)]


def test_a_row_that_comes_to_be_due_before_the_mark_is_found_after_the_next_look(take: Take, acme: Tenant) -> None:
    scheduled()
    rows.look()
    [late] = scheduled()
    made_due(late, 3600)
    take()
    assert take() == [], "it lies before the mark"
    worker.Ticking()()  # what every worker does every ten seconds
    assert [claim.id for claim in take()] == [late]


def test_a_row_in_hand_holds_the_mark_so_that_it_is_found_when_its_holder_dies(take: Take, acme: Tenant) -> None:
    [held] = scheduled()
    made_due(held, 600)
    assert take()
    scheduled()
    rows.look()
    expire(held)
    assert [claim.id for claim in take()] == [held]


def test_a_worker_looks_at_its_first_tick_and_then_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looked = [100.0], []
    monkeypatch.setattr("apps.dispatch.worker.time.monotonic", lambda: now[0])
    monkeypatch.setattr(rows, "look", lambda: looked.append(now[0]))
    monkeypatch.setattr(worker, "tick", lambda: 0)
    ticking = worker.Ticking()
    for second in range(21):
        now[0] = 100.0 + second
        ticking()
    assert looked == [100.0, 110.0, 120.0]


def test_a_finished_row_is_gone(take: Take, acme: Tenant, board: Board) -> None:
    [id] = scheduled()
    run_turn(acme, board)
    assert stored(id) is None


def test_the_table_is_vacuumed_by_settings_of_its_own(committed_db: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select reloptions from pg_class where oid = 'public.dispatch_work'::regclass")
        options = dict(option.split("=") for option in cursor.fetchone()[0])
    wanted = {"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "2000"}
    assert options | wanted == options


def test_the_indexes_of_what_is_due_and_in_hand_hold_no_other_rows(committed_db: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select indexrelid::regclass::text, pg_get_expr(indpred, indrelid) from pg_index "
            "where indrelid = 'public.dispatch_work'::regclass and not indisprimary"
        )
        found = dict(cursor.fetchall())
    assert {name.rpartition(".")[2].strip('"'): told for name, told in found.items()} == {
        "dispatch_work_due": "(due_at IS NOT NULL)",
        "dispatch_work_leased": "(lease_until IS NOT NULL)",
    }
