"""What the pump must survive: each test forces the moment at which a rule of the protocol matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from apps.accounts.models import User
from apps.common.work import Claim
from apps.dispatch import rows
from apps.dispatch.models import DeadLetter, WorkRow
from apps.tenants.models import Tenant
from apps.workflows import pump, services, store
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.models import Approval, StepRun, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after, chain


def claim(tenant: Tenant) -> list[Claim]:
    return rows.claim(tenant=tenant.schema_name, queue="flow", limit=64, slots=64).claims


def expire() -> None:
    """Let every lease run out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set lease_until = clock_timestamp() - interval '1 second' "
            "where lease_until is not null"
        )


def test_a_pump_that_was_stopped_past_its_lease_writes_nothing(
    acme: Tenant, workflow: MakeWorkflow, start: Start
) -> None:
    run = start(workflow(chain(3), inputs=AMOUNT), amount=1)
    stale = pump.Pump(claim(acme))
    expire()
    pump.Pump(claim(acme)).run()
    assert after(run).status == "succeeded"
    seq = run.seq
    stale.run()
    assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(3)]
    assert after(run).seq == seq


def test_an_answer_that_comes_while_the_run_is_given_back_is_not_lost(
    workflow: MakeWorkflow, start: Start, worked: Work, member: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    approver = member("approver")
    steps = {
        "ask": {"kind": "approval", "question": "Yes?"},
        "wait": {"kind": "wait", "duration": "1h", "after": []},
        "then": give(1, after=["ask"]),
    }
    run = start(workflow(steps))
    real = store.commit

    def answer_before(*what: Any) -> Any:
        asked = Approval.objects.filter(decided_at=None).first()
        if asked is not None:
            approval_decide(who=approver, user=approver, approval=asked, approved=True)
        return real(*what)

    worked()
    assert (0, -1, 1, "opened") in ledger(run)
    services.run_pause(who=member("builder"), run=run)  # so that the next turn reads the ledger and rests again
    monkeypatch.setattr(store, "commit", answer_before)
    worked()
    monkeypatch.undo()
    services.run_resume(who=member("builder"), run=run)
    worked()
    assert (2, -1, 1, "succeeded") in ledger(run)


def test_a_signal_between_the_look_and_the_release_keeps_the_run_in_hand(
    acme: Tenant, workflow: MakeWorkflow, start: Start, builder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(workflow({"wait": {"kind": "wait", "duration": "1h"}}))
    real = store.commit
    cancelled: list[WorkflowRun] = []

    def cancel_before(*what: Any) -> Any:
        if not cancelled:
            cancelled.append(services.run_cancel(who=builder, run=run))
        return real(*what)

    monkeypatch.setattr(store, "commit", cancel_before)
    pump.Pump(claim(acme)).run()
    assert after(run).status == "cancelled"
    assert not WorkRow.objects.exists()


def test_what_a_commit_did_not_record_is_done_again_and_recorded_once(
    committed_db: str,
    acme: Tenant,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = start(workflow(chain(5), inputs=AMOUNT, outputs={"sum": "${steps.s4.x}"}), amount=1)
    real, calls = store.commit, []

    def broken(*what: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise OperationalError("the connection is gone before the statement arrived")
        found = real(*what)
        if len(calls) == 5:
            raise OperationalError("the connection is gone before the answer arrived")
        return found

    monkeypatch.setattr(store, "commit", broken)
    worked()
    assert after(run).status == "succeeded"
    assert run.outputs == {"sum": 5}
    assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(5)]


def test_a_run_whose_workers_die_three_times_is_given_up_and_goes_on_when_a_person_says_so(
    acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(chain(2), inputs=AMOUNT), amount=1)
    for _ in range(3):
        assert claim(acme)
        expire()
    worked()
    assert after(run).status == "failed"
    assert run.problem is not None
    assert run.problem["code"] == "workflow_run_abandoned"
    letter = DeadLetter.objects.get()
    from apps.common import work

    assert work.requeue(letter.kind, letter.id)
    worked()
    assert after(run).status == "succeeded"


def test_two_pumps_on_the_same_runs_record_each_step_once(acme: Tenant, workflow: MakeWorkflow, start: Start) -> None:
    made = workflow(chain(4), inputs=AMOUNT)
    runs = [start(made, amount=n) for n in range(5)]
    first = pump.Pump(claim(acme))
    first._round()
    expire()
    second = []
    while claims := claim(acme):  # after a death each row is taken alone
        second.append(pump.Pump(claims))
    second[0].run()
    first.run()
    for each in second[1:]:
        each.run()
    for run in runs:
        assert after(run).status == "succeeded"
        assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(4)]


def test_payloads_of_steps_open_only_in_their_own_row(
    acme: Tenant, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    from apps.tenants.sealing import SealBroken

    run = start(workflow(chain(2), inputs=AMOUNT), amount=1)
    worked()
    with connection.cursor() as cursor:
        cursor.execute(
            "update workflows_steprun set output = (select output from workflows_steprun where step = 0) where step = 1"
        )
    assert StepRun.objects.get(step=0).output == {"x": 1.0}
    with pytest.raises(SealBroken):
        StepRun.objects.get(step=1).output  # noqa: B018
    assert WorkflowRun.objects.get(pk=run.pk).inputs == {"amount": 1.0}
