"""The protocol of a work row, rule by rule (docs/guides/engine.md): each test breaks when its rule is broken."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.common import work
from apps.common.ids import uuid7
from apps.common.work import Claim, FenceLost
from apps.dispatch import rows, wakeups
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.dispatch.conftest import KIND, Take, at_once, expire, nearly_expire, scheduled, stored


def test_a_row_is_claimed_by_one_of_many_workers(take: Take, acme: Tenant) -> None:
    [id] = scheduled()
    answers = at_once(6, acme, lambda _: take())
    assert [claim.id for claims in answers for claim in claims] == [id]


def test_rows_are_claimed_by_priority_and_then_by_age(take: Take) -> None:
    first, second = scheduled(2)
    [urgent] = scheduled(priority=-1)
    assert [take()[0].id for _ in range(3)] == [urgent, first, second]


def test_many_rows_are_made_in_one_statement_and_wake_a_worker_once(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: woken.append(queue))
    ids = [uuid7() for _ in range(20)]
    with transaction.atomic(), CaptureQueriesContext(connection) as caught:
        work.schedule_many(KIND, ids)
    assert sum("dispatch_work" in each["sql"] for each in caught) == 1
    assert [claim.id for claim in take(limit=64, slots=64)] == ids
    assert woken == ["cpu"]


def test_a_row_that_is_not_due_is_not_claimed(take: Take) -> None:
    scheduled(due_at=timezone.now() + timedelta(hours=1))
    assert take() == []


def test_a_row_of_a_kind_that_this_program_does_not_know_is_left_to_a_newer_one(take: Take) -> None:
    [id] = scheduled()
    with connection.cursor() as cursor:
        cursor.execute("update public.dispatch_work set kind = 'from.tomorrow' where id = %s", [id])
    assert take() == []


def test_a_tenant_sees_no_row_of_another(take: Take, globex: Tenant) -> None:
    scheduled()
    claimed = rows.claim(tenant=globex.schema_name, queue="cpu", limit=64, slots=64)
    assert claimed.claims == []


def test_claims_at_once_never_exceed_a_tenants_slots(take: Take, acme: Tenant) -> None:
    """Rule R10: what is in hand is counted in a statement that begins after the lock is held."""
    scheduled(2)
    answers: list[list[Claim]] = []

    def claim() -> None:
        with tenant_context(acme):
            answers.append(take(slots=1))
        connection.close()

    second = threading.Thread(target=claim)
    with transaction.atomic():
        [_first] = take(slots=1)
        second.start()
        while second.is_alive() and not a_lock_is_waited_for():
            pass  # until the second claim waits, or, which must not be, has answered
    second.join(20)
    assert answers == [[]]


def a_lock_is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_locks where locktype = 'advisory' and not granted)")
        return bool(cursor.fetchone()[0])


def test_a_claim_says_whether_more_is_due(take: Take, acme: Tenant) -> None:
    scheduled(2)
    assert [rows.claim(tenant=acme.schema_name, queue="cpu", limit=1, slots=9).more for _ in range(2)] == [True, False]


def test_a_second_claim_draws_another_fence(take: Take) -> None:
    [id] = scheduled()
    [before] = take()
    expire(id)
    [after] = take()
    assert before.fence != after.fence


def test_nothing_is_written_behind_a_fence_that_has_moved_on(take: Take) -> None:
    """Rule R2: a worker that was stopped past its lease and goes on writes nothing."""
    [id] = scheduled()
    [stale] = take()
    expire(id)
    [fresh] = take()
    with pytest.raises(FenceLost), work.fenced(stale):
        pytest.fail("the block of a lost fence must not run")
    with work.fenced(fresh) as row:
        row.finish()
    assert stored(id) is None


def test_a_fence_that_moves_while_its_holder_waits_for_the_lock_is_lost(take: Take, acme: Tenant) -> None:
    """Rule R2: the fence is compared when the lock is held, not when the statement began."""
    [id] = scheduled()
    [stale] = take()
    locked, go_on = threading.Event(), threading.Event()

    def steal() -> None:
        with tenant_context(acme):
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("update public.dispatch_work set fence = 7 where id = %s", [id])
                locked.set()
                go_on.wait(20)
            connection.close()

    thief = threading.Thread(target=steal)
    thief.start()
    assert locked.wait(20)
    waiting = threading.Timer(0.2, go_on.set)  # the thief commits while the lock below is being waited for
    waiting.start()
    with pytest.raises(FenceLost), work.fenced(stale):
        pytest.fail("the block of a lost fence must not run")
    thief.join(20)


def test_what_is_written_behind_a_fence_is_undone_when_the_block_fails(take: Take, member: Any) -> None:
    [id] = scheduled()
    [claim] = take()

    def fail() -> None:
        with work.fenced(claim) as row:
            row.finish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stored(id)


def test_a_finish_is_refused_when_a_signal_came_in_since_the_claim(take: Take) -> None:
    """Rule R3: whoever signalled had something to say that the holder has not read."""
    [id] = scheduled()
    [claim] = take()
    with transaction.atomic():
        assert work.signal(KIND, id)
    with work.fenced(claim) as row:
        row.finish()
    assert stored(id)
    assert rows.release(claim)
    [again] = take()
    with work.fenced(again) as row:
        row.finish()
    assert stored(id) is None


def test_a_postponed_row_comes_back_when_it_is_due(take: Take) -> None:
    [id] = scheduled()
    [claim] = take()
    with work.fenced(claim) as row:
        row.postpone(timezone.now() + timedelta(hours=1))
    assert take() == []
    with transaction.atomic():
        work.signal(KIND, id)
    assert [each.id for each in take()] == [id]


def test_a_row_that_waits_for_a_signal_comes_back_with_it(take: Take) -> None:
    [id] = scheduled()
    [claim] = take()
    with work.fenced(claim) as row:
        row.postpone(None)
    assert take() == []
    with transaction.atomic():
        work.signal(KIND, id)
    assert [each.id for each in take()] == [id]


def test_a_postponement_is_refused_when_a_signal_came_in_since_the_claim(take: Take) -> None:
    [id] = scheduled()
    [claim] = take()
    with transaction.atomic():
        work.signal(KIND, id)
    with work.fenced(claim) as row:
        row.postpone(None)
    assert [each.id for each in take()] == [id]


def test_signals_that_come_in_at_once_are_all_counted(take: Take, acme: Tenant) -> None:
    [id] = scheduled()
    at_once(8, acme, lambda _: work.signal(KIND, id))
    row = stored(id)
    assert row
    assert row["signal"] == 8


def test_a_signal_to_nothing_says_so(take: Take) -> None:
    assert not work.signal(KIND, uuid7())


def test_scheduling_twice_keeps_one_row_and_the_earlier_time(take: Take) -> None:
    [id] = scheduled(due_at=timezone.now() + timedelta(hours=1))
    with transaction.atomic():
        work.schedule(KIND, id)
    assert [claim.id for claim in take(limit=5)] == [id]


def test_what_is_scheduled_in_a_transaction_that_fails_is_not_there(take: Take, wakes: list[Any]) -> None:
    def fail() -> None:
        with transaction.atomic():
            work.schedule(KIND, uuid7())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert take() == []
    assert wakes == []


def test_a_row_that_nobody_has_in_hand_can_be_taken_back(take: Take) -> None:
    [id] = scheduled()
    assert work.withdraw(KIND, id)
    assert stored(id) is None


def test_a_row_in_hand_is_not_taken_back(take: Take) -> None:
    [id] = scheduled()
    take()
    assert not work.withdraw(KIND, id)
    assert stored(id)


def test_a_claim_after_an_expired_lease_counts_a_death(take: Take) -> None:
    """Rule R6."""
    [id] = scheduled()
    take()
    expire(id)
    assert [claim.deaths for claim in take()] == [1]


def test_a_row_that_was_given_back_counts_no_death(take: Take) -> None:
    scheduled()
    [claim] = take()
    assert rows.release(claim)
    assert [each.deaths for each in take()] == [0]


def test_a_row_with_a_death_is_claimed_alone(take: Take) -> None:
    """Rule R6: what killed its holder shall not take others with it."""
    first, *_ = scheduled(4)
    take()
    expire(first)
    assert [(claim.id, claim.deaths) for claim in take(limit=4)] == [(first, 1)]
    assert len(take(limit=4)) == 3


def test_a_step_that_is_kept_forgets_earlier_deaths(take: Take) -> None:
    [id] = scheduled()
    take()
    expire(id)
    [claim] = take()
    with work.fenced(claim) as row:
        row.postpone(timezone.now())
    row_now = stored(id)
    assert row_now
    assert row_now["deaths"] == 0


def test_a_lease_is_renewed_when_less_than_half_of_it_is_left(take: Take) -> None:
    """Rule R11."""
    [id] = scheduled()
    [claim] = take()
    key = (claim.id, claim.kind, claim.tenant)
    before = rows.renew([claim])[key].left
    assert before <= 2.0, "more than half is left: not renewed"
    nearly_expire(id)
    assert rows.renew([claim])[key].left > 1.0


def test_a_lease_in_other_hands_is_not_renewed(take: Take) -> None:
    [id] = scheduled()
    [stale] = take()
    expire(id)
    [fresh] = take()
    nearly_expire(id)
    state = rows.renew([stale])[stale.id, stale.kind, stale.tenant]
    assert state.fence == fresh.fence
    assert state.left < 1.0


def test_a_row_that_another_transaction_has_locked_does_not_hold_up_the_heartbeat(take: Take, acme: Tenant) -> None:
    one, two = scheduled(2)
    claims = take(limit=2)
    nearly_expire(one, two)
    with work.fenced(claims[0]):
        [states] = at_once(1, acme, lambda _: rows.renew(claims))
    left: dict[Any, float] = {key[0]: state.left for key, state in states.items()}
    assert left[one] < 1.0
    assert left[two] > 1.0


def test_what_is_due_is_found_by_tenant_and_queue(take: Take, acme: Tenant) -> None:
    scheduled()
    assert (acme.schema_name, "cpu") in rows.due()
    take()
    assert (acme.schema_name, "cpu") not in rows.due()


def test_work_of_a_tenant_cannot_be_scheduled_outside_one(board: Any, db: None) -> None:
    with pytest.raises(RuntimeError, match="none is entered"):
        work.schedule(KIND, uuid7())


def test_a_kind_that_nobody_declared_cannot_be_scheduled(board: Any, acme: Tenant) -> None:
    with pytest.raises(RuntimeError, match="declare it"):
        work.schedule("nobody.knows", uuid7())


def test_two_tenants_may_have_work_of_the_same_id(take: Take, acme: Tenant, globex: Tenant) -> None:
    id = uuid7()
    for tenant in (acme, globex):
        with tenant_context(tenant), transaction.atomic():
            work.schedule(KIND, id)
    [mine] = take()
    with work.fenced(mine) as row:
        row.finish()
    [theirs] = rows.claim(tenant=globex.schema_name, queue="cpu", limit=5, slots=5).claims
    assert theirs.id == id
    with pytest.raises(FenceLost), work.fenced(Claim(KIND, id, acme.schema_name, theirs.fence, 0, 0)):
        pytest.fail("a fence of one tenant opens nothing in another")
