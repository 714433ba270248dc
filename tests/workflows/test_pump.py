"""Runs from their start to their end, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.common.errors import Conflict, InvalidInput
from apps.dispatch.models import WorkRow
from apps.workflows import services
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.models import Approval, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_engine import give

Start = Callable[..., WorkflowRun]
AMOUNT = {"amount": {"type": "number"}}


def chain(count: int) -> dict[str, Any]:
    steps = {"s0": give("${inputs.amount}")}
    steps |= {f"s{n}": give({"$add": [f"${{steps.s{n - 1}.x}}", 1]}) for n in range(1, count)}
    return steps


def after(run: WorkflowRun) -> WorkflowRun:
    run.refresh_from_db()
    return run


def test_a_run_of_inline_steps_ends_with_its_outputs(workflow: MakeWorkflow, start: Start, worked: Work) -> None:
    made = workflow(chain(10), inputs=AMOUNT, outputs={"sum": "${steps.s9.x}"})
    run = start(made, amount=5)
    worked()
    assert after(run).status == "succeeded"
    assert run.outputs == {"sum": 14}
    assert ledger(run) == [(n, -1, 1, "succeeded") for n in range(10)]
    assert not WorkRow.objects.filter(id=run.id).exists()


def test_a_start_costs_at_most_five_statements_and_a_step_less_than_one(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    made = workflow(chain(10), inputs=AMOUNT)
    start(made, amount=0)
    worked()
    with CaptureQueriesContext(connection) as started:
        start(made, amount=1)
    assert len(started) <= 5
    services.runs_start(who=builder, user=builder, workflow=made, data=[{"amount": 1}] * 63, origin="api")
    with CaptureQueriesContext(connection) as pumped:
        worked()
    assert len(pumped) / 640 <= 0.1
    assert set(WorkflowRun.objects.values_list("status", flat=True)) == {"succeeded"}


def test_runs_that_are_started_one_by_one_cost_at_most_six_tenths_of_a_statement_a_step(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    """Each with its own start: what the engine itself takes is shared by all that are due at the same time."""
    made = workflow(chain(10), inputs=AMOUNT)
    start(made, amount=0)
    worked()
    with CaptureQueriesContext(connection) as caught:
        for n in range(64):
            start(made, amount=n)
        worked()
    assert len(caught) / 640 <= 0.6
    assert set(WorkflowRun.objects.values_list("status", flat=True)) == {"succeeded"}


def test_an_agent_step_is_a_run_of_the_agent_and_its_result_goes_on(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    steps = {
        "count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": "${inputs.amount}"}},
        "last": give({"$last": "${steps.count.numbers}"}),
    }
    run = start(workflow(steps, inputs={"amount": {"type": "integer"}}, outputs={"last": "${steps.last.x}"}), amount=4)
    worked()
    assert after(run).status == "running"
    assert AgentRun.objects.get().origin == "workflow"
    worked("cpu", "flow")
    assert after(run).status == "succeeded"
    assert run.outputs == {"last": 4}
    assert ledger(run) == [(0, -1, 1, "opened"), (0, -1, 1, "succeeded"), (1, -1, 1, "succeeded")]


def test_an_agent_that_refuses_fails_the_run_with_its_own_words(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow({"count": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "cross"}}}))
    worked("flow", "cpu")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert (run.problem["step"], run.problem["detail"]) == ("count", "I will not count this.")


def test_agents_for_each_item_run_as_many_at_a_time_as_it_says(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    each = {"items": [1, 2, 3, 4, 5], "concurrency": 2}
    steps = {"count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": "${item}"}, "for_each": each}}
    run = start(workflow(steps, outputs={"all": {"$pluck": ["${steps.count}", "numbers"]}}))
    worked()
    assert AgentRun.objects.count() == 2
    worked("cpu", "flow")
    assert after(run).outputs == {"all": [list(range(1, n + 1)) for n in range(1, 6)]}


def test_a_run_waits_for_a_person_without_a_worker_and_goes_on_with_the_answer(
    workflow: MakeWorkflow, start: Start, worked: Work, member: Callable[..., User]
) -> None:
    steps = {
        "ask": {"kind": "approval", "question": "Ship ${inputs.amount}?"},
        "note": give("${steps.ask.comment}"),
    }
    run = start(workflow(steps, inputs=AMOUNT, outputs={"note": "${steps.note.x}"}), amount=7)
    worked()
    assert after(run).status == "waiting"
    asked = Approval.objects.get()
    assert asked.question == "Ship 7.0?"
    row = WorkRow.objects.get(id=run.id)
    assert row.lease_until is None
    assert row.due_at is not None
    approver = member("approver")
    approval_decide(who=approver, user=approver, approval=asked, approved=True, comment="Fine")
    worked()
    assert after(run).outputs == {"note": "Fine"}
    with pytest.raises(Conflict):
        approval_decide(who=approver, user=approver, approval=asked, approved=False, comment="No")


def test_a_workflow_that_another_one_starts_gives_its_outputs(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    workflow(
        {"double": give({"$multiply": ["${inputs.amount}", 2]})},
        name="inner",
        inputs=AMOUNT,
        outputs={"doubled": "${steps.double.x}"},
    )
    steps = {"call": {"kind": "workflow", "workflow": "inner", "inputs": {"amount": "${inputs.amount}"}}}
    run = start(workflow(steps, name="outer", inputs=AMOUNT, outputs={"x": "${steps.call.doubled}"}), amount=21)
    worked()
    assert after(run).outputs == {"x": 42}
    assert WorkflowRun.objects.get(parent=run).depth == 1


def test_a_cancelled_run_stops_and_takes_what_it_asked_with_it(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow({"count": {"kind": "agent", "agent": "dummy.counter"}, "then": give(1)}))
    worked()
    services.run_cancel(who=builder, run=run)
    worked()
    assert after(run).status == "cancelled"
    assert AgentRun.objects.get().status == "cancelled"
    worked("flow", "cpu")
    assert after(run).status == "cancelled"
    assert not WorkRow.objects.exists()


def test_a_paused_run_begins_nothing_until_it_is_resumed(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(chain(3), inputs=AMOUNT), amount=1)
    services.run_pause(who=builder, run=run)
    worked()
    assert after(run).status == "paused"
    assert ledger(run) == []
    services.run_resume(who=builder, run=run)
    worked()
    assert after(run).status == "succeeded"


def test_inputs_are_checked_before_anything_is_stored(workflow: MakeWorkflow, start: Start) -> None:
    made = workflow(chain(1), inputs=AMOUNT)
    with pytest.raises(InvalidInput) as refused:
        start(made, amount="much", other=1)
    assert {issue.path for issue in refused.value.issues} == {"inputs.amount", "inputs.other"}
    assert not WorkflowRun.objects.exists()
