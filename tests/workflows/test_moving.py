"""Open runs moved to the newest version: what is kept, what goes along, what is begun again, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict
from apps.dispatch.models import WorkRow
from apps.workflows import defining, moving, services
from apps.workflows.approvals.assigning import may_decide
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.asked import answerable
from apps.workflows.definition import definition_parse
from apps.workflows.models import Approval, ApprovalDecision, HttpCall, StepRun, Workflow, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_engine import give
from tests.workflows.test_pages_workflows import text_of
from tests.workflows.test_pump import Start, after

ASK: dict[str, Any] = {"kind": "approval", "question": "Go on?", "roles": ["approver"]}
COUNT: dict[str, Any] = {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 2}}
FIRST: dict[str, Any] = {"count": COUNT, "ask": ASK, "last": give(1)}
OUT = {"x": "${steps.last.x}"}


@pytest.fixture
def publish(builder: User) -> Callable[..., None]:
    """`publish(steps, **more)`: the next version of the workflow of the tests."""

    def make(steps: dict[str, Any], **more: Any) -> None:
        definition = definition_parse({"name": "test", "title": "Test", "steps": steps, "outputs": OUT, **more})
        made = defining.workflow_save(who=builder, user=builder, definition=definition)
        defining.workflow_publish(who=builder, user=builder, workflow=made)

    return make


@pytest.fixture
def waiting(workflow: MakeWorkflow, start: Start, worked: Work) -> WorkflowRun:
    """A run whose agent is done and whose question is open."""
    run = start(workflow(FIRST, outputs=OUT))
    worked("flow", "cpu")
    return after(run)


def test_a_run_goes_on_with_what_it_has_done_and_with_its_open_question(
    waiting: WorkflowRun, publish: Any, builder: User, member: Any, worked: Work
) -> None:
    publish({**FIRST, "last": give(2)})
    preview = moving.move_preview(who=builder, run=waiting)
    assert (preview.kept, preview.along, preview.again, preview.refusal) == (["Count"], ["Ask"], [], "")
    fresh = moving.run_move(who=builder, run=waiting)
    assert after(waiting).status == "cancelled"
    assert waiting.problem["detail"] == f"It goes on as {fresh.ref}, on version 2."
    assert (fresh.retry_of, fresh.root, fresh.origin) == (waiting, fresh.pk, "move")
    worked("flow", "cpu")
    assert after(fresh).status == "waiting"
    (approval,) = Approval.objects.all()
    assert approval.run == fresh
    assert approval.is_open
    approver = member("approver")
    approval_decide(who=approver, user=approver, approval=approval, approved=True)
    worked()
    assert (after(fresh).status, fresh.outputs) == ("succeeded", {"x": 2})
    assert AgentRun.objects.count() == 1, "the agent was not paid for again"
    entry = AuditEntry.objects.get(kind="workflows.run_moved")
    assert entry.actor_id == builder.pk


def test_an_answer_that_crosses_a_move_is_not_left_lying(
    waiting: WorkflowRun, publish: Any, builder: User, member: Any, worked: Work
) -> None:
    publish({**FIRST, "last": give(2)})
    read, approver = Approval.objects.get(), member("approver")
    fresh = moving.run_move(who=builder, run=waiting)
    worked("flow")  # the run rests until it is told of an answer
    with pytest.raises(Conflict, match=f"has just come to {fresh.ref}"):
        approval_decide(who=approver, user=approver, approval=read, approved=True)
    assert not ApprovalDecision.objects.exists()
    approval_decide(who=approver, user=approver, approval=Approval.objects.get(), approved=True)
    worked()
    assert after(fresh).status == "succeeded"


def test_the_row_of_the_run_that_was_left_is_gone(waiting: WorkflowRun, publish: Any, builder: User) -> None:
    publish({**FIRST, "last": give(2)})
    fresh = moving.run_move(who=builder, run=waiting)
    rows = WorkRow.objects.filter(kind="workflows.run").values_list("id", flat=True)
    assert list(rows) == [fresh.pk]


def test_what_is_other_is_begun_again_with_all_that_follows_from_it(
    waiting: WorkflowRun, publish: Any, builder: User, worked: Work
) -> None:
    publish({**FIRST, "count": {**COUNT, "input": {"steps": 3}}})
    preview = moving.move_preview(who=builder, run=waiting)
    assert (preview.kept, preview.along, preview.again) == ([], [], ["Count", "Ask"])
    fresh = moving.run_move(who=builder, run=waiting)
    assert ledger(fresh) == []
    worked("flow", "cpu")
    assert after(fresh).status == "waiting"
    left, asked = Approval.objects.order_by("id")
    assert left.withdrawn_at is not None
    assert (asked.run, asked.is_open) == (fresh, True)
    assert AgentRun.objects.count() == 2


def test_steps_are_taken_over_by_name_whatever_their_number(
    waiting: WorkflowRun, publish: Any, builder: User, worked: Work
) -> None:
    publish({"early": {**give(0), "after": []}, "count": {**COUNT, "after": []}, "ask": ASK, "last": give(3)})
    Workflow.objects.get()
    preview = moving.move_preview(who=builder, run=waiting)
    assert preview.kept == [], "it is written otherwise: `after` is a part of it"
    publish({"count": COUNT, "early": {**give(0), "after": []}, "ask": {**ASK, "after": ["count"]}, "last": give(3)})
    preview = moving.move_preview(who=builder, run=waiting)
    assert preview.kept == ["Count"]
    fresh = moving.run_move(who=builder, run=waiting)
    assert [(step, outcome) for step, _, _, outcome in ledger(fresh)] == [(0, "opened"), (0, "succeeded")]
    worked("flow", "cpu")
    assert after(fresh).status == "waiting"


def test_what_was_given_by_hand_stays_behind_where_people_are_asked_before_that_step_now(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    steps = {"sum": give(5), "rest": {"kind": "wait", "duration": "5h"}, "last": give(1)}
    run = start(workflow(steps, outputs=OUT))
    worked()
    services.run_cancel(who=builder, run=run)
    worked()
    again = services.run_retry(who=builder, user=builder, run=after(run), step="sum", given={"x": 9})
    worked()
    publish({"ask": ASK, **steps, "sum": give(6)})
    fresh = moving.run_move(who=builder, run=after(again))
    assert fresh.given is None
    publish({**steps, "last": give(7)})
    assert moving.run_move(who=builder, run=after(fresh)).given is None


def test_what_was_given_by_hand_goes_along_where_nobody_is_asked_before_it(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    steps = {"sum": give(5), "rest": {"kind": "wait", "duration": "5h"}, "last": give(1)}
    run = start(workflow(steps, outputs=OUT))
    worked()
    services.run_cancel(who=builder, run=run)
    worked()
    again = services.run_retry(who=builder, user=builder, run=after(run), step="sum", given={"x": 9})
    worked()
    publish({**steps, "last": give(7)})
    assert moving.run_move(who=builder, run=after(again)).given == {"sum": {"x": 9}}


def test_a_run_that_goes_on_as_another_is_not_retried_beside_it_nor_what_it_took_up(
    waiting: WorkflowRun, publish: Any, builder: User, worked: Work
) -> None:
    """What both would do outside has other keys, so no other system would know that it is the same."""
    services.run_cancel(who=builder, run=waiting)
    worked("flow")
    again = services.run_retry(who=builder, user=builder, run=after(waiting), step="count")
    worked("flow", "cpu")
    publish({**FIRST, "last": give(2)})
    fresh = moving.run_move(who=builder, run=after(again))
    for old in (waiting, again):
        with pytest.raises(Conflict, match=f"{again.ref} goes on as {fresh.ref}"):
            services.run_retry(who=builder, user=builder, run=after(old), step="count")
    assert WorkflowRun.objects.count() == 3
    services.run_cancel(who=builder, run=fresh)
    worked("flow")
    assert services.run_retry(who=builder, user=builder, run=after(fresh), step="count").root == fresh.pk


def test_whoever_started_one_of_the_runs_before_answers_nothing_of_their_own_after_a_move(
    workflow: MakeWorkflow, worked: Work, publish: Any, builder: User, member: Any
) -> None:
    first, second, third = member("administrator"), member("administrator"), member("administrator")
    steps = {**FIRST, "ask": {**ASK, "roles": ["administrator"], "forbids_own": True}}
    made = workflow(steps, outputs=OUT)
    run = services.run_start(who=first, user=first, workflow=made, data={}, origin="console")
    for who in (second, third):
        worked("flow", "cpu")
        services.run_cancel(who=builder, run=run)
        worked("flow")
        run = services.run_retry(who=who, user=who, run=after(run), step="count")
    worked("flow", "cpu")
    publish({**steps, "last": give(2)})
    fresh = moving.run_move(who=builder, run=after(run))
    question = Approval.objects.get(run=fresh, withdrawn_at=None)
    for who in (first, second, third):
        assert "You started" in may_decide(who=who, user=who, approval=question).refusal
        assert not Approval.objects.filter(answerable(who)).exists()
    other = member("administrator")
    assert may_decide(who=other, user=other, approval=question)


def test_a_wait_ends_when_it_would_have_ended(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    steps: dict[str, Any] = {"rest": {"kind": "wait", "duration": "5h"}, "last": give(1)}
    run = start(workflow(steps, outputs=OUT))
    worked()
    due = StepRun.objects.get(run=run).due
    publish({**steps, "last": give(2)})
    fresh = moving.run_move(who=builder, run=after(run))
    assert StepRun.objects.get(run=fresh).due == due
    worked()
    assert after(fresh).status == "waiting"


CALL: dict[str, Any] = {"kind": "http", "url": "https://shop.example/orders"}


def test_a_run_with_a_call_under_way_is_refused_with_the_reason(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    run = start(workflow({"call": CALL, "last": give(1)}, outputs=OUT))
    worked()
    publish({"call": CALL, "last": give(2)})
    with pytest.raises(Conflict, match="“Call” is at work outside"):
        moving.run_move(who=builder, run=after(run))
    assert after(run).is_open
    assert WorkRow.objects.filter(kind="workflows.run", id=run.pk).exists(), "it goes on where it was"


def test_what_was_done_outside_is_not_begun_again(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    run = start(workflow({"call": CALL, "ask": ASK, "last": give(1)}, outputs=OUT))
    worked()
    _answer(run)
    worked()
    publish({"call": {**CALL, "body": "more"}, "ask": ASK, "last": give(2)})
    assert "has acted outside" in moving.move_preview(who=builder, run=after(run)).refusal
    publish({"call": CALL, "ask": ASK, "last": give(2)})
    fresh = moving.run_move(who=builder, run=after(run))
    worked()
    assert after(fresh).status == "waiting"
    assert HttpCall.objects.count() == 1


def _answer(run: WorkflowRun) -> None:
    """Let the call of a run have been sent and confirmed."""
    from apps.common import work

    call = HttpCall.objects.get(run=run)
    call.status, call.answer = "confirmed", {"status": 200, "headers": {}, "body": None}
    call.save()
    work.signal("workflows.run", run.pk)


def test_a_question_that_is_answered_in_part_goes_along_where_it_is_the_same_and_else_keeps_the_run(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User, member: Any
) -> None:
    two = {**ASK, "quorum": 2}
    run = start(workflow({"ask": two, "last": give(1)}, outputs=OUT))
    worked()
    one, other = member("approver"), member("approver")
    approval_decide(who=one, user=one, approval=Approval.objects.get(), approved=True)
    publish({"ask": {**two, "question": "Really?"}, "last": give(2)})
    assert "answered in part" in moving.move_preview(who=builder, run=after(run)).refusal
    publish({"ask": two, "last": give(2)})
    fresh = moving.run_move(who=builder, run=after(run))
    approval_decide(who=other, user=other, approval=Approval.objects.get(), approved=True)
    worked()
    assert (after(fresh).status, fresh.outputs) == ("succeeded", {"x": 2})


def test_what_the_run_went_on_without_is_tried_again_with_what_followed(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    lame = {**give("${inputs.nothing}"), "on_error": {"do": "continue", "value": {"x": 0}}}
    steps: dict[str, Any] = {"lame": lame, "then": give(1), "ask": ASK, "last": give(1)}
    inputs = {"nothing": {"type": "text", "required": False}}
    run = start(workflow(steps, outputs=OUT, inputs=inputs))
    worked()
    row = StepRun.objects.get(run=run, step=0)
    StepRun.objects.filter(run=run, step=0).update(outcome="failed")
    assert row.outcome == "succeeded"
    publish({**steps, "last": give(2)}, inputs=inputs)
    preview = moving.move_preview(who=builder, run=after(run))
    assert (preview.kept, preview.again) == ([], ["Lame", "Then", "Ask"])


@pytest.mark.parametrize("how", ["newest", "ended", "cancelled", "inputs", "busy"])
def test_a_run_that_cannot_be_moved_says_why(
    waiting: WorkflowRun, publish: Any, builder: User, worked: Work, how: str
) -> None:
    why = {
        "newest": "on the newest version already",
        "ended": "already ended",
        "cancelled": "being cancelled",
        "inputs": "does not take its inputs",
        "busy": "at work at this very moment",
    }[how]
    if how != "newest":
        inputs = {"amount": {"type": "number"}} if how == "inputs" else {}
        publish({**FIRST, "last": give(2)}, inputs=inputs)
    if how in {"ended", "cancelled"}:
        services.run_cancel(who=builder, run=waiting)
    if how == "ended":
        worked()
    if how == "busy":
        from datetime import timedelta

        from django.utils import timezone

        WorkRow.objects.filter(kind="workflows.run").update(lease_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Conflict, match=why):
        moving.run_move(who=builder, run=after(waiting))


def test_a_run_that_another_waits_for_stays(
    workflow: MakeWorkflow, start: Start, worked: Work, publish: Any, builder: User
) -> None:
    workflow(FIRST, outputs=OUT)
    parent = workflow({"sub": {"kind": "workflow", "workflow": "test"}}, name="parent")
    run = start(parent)
    worked("flow", "cpu")
    child = WorkflowRun.objects.get(parent=run)
    publish({**FIRST, "last": give(2)})
    with pytest.raises(Conflict, match="another run waits for this very one"):
        moving.run_move(who=builder, run=child)


def test_a_run_that_was_moved_can_be_moved_once_more_and_retried(
    waiting: WorkflowRun, publish: Any, builder: User, worked: Work
) -> None:
    publish({**FIRST, "last": give(2)})
    second = moving.run_move(who=builder, run=waiting)
    worked()
    publish({**FIRST, "last": give(3)})
    third = moving.run_move(who=builder, run=after(second))
    worked()
    assert after(third).status == "waiting"
    services.run_cancel(who=builder, run=third)
    worked()
    again = services.run_retry(who=builder, user=builder, run=after(third), step=None)
    assert again.root == third.pk
    assert AgentRun.objects.count() == 1


def test_the_page_tells_what_becomes_of_each_step_and_moves_the_run(
    waiting: WorkflowRun, publish: Any, builder: User, client_for: Callable[..., Client], worked: Work
) -> None:
    page = client_for(builder)
    run = f"/workflow-runs/W-{waiting.number}/"
    assert "Move to" not in text_of(page.get(run))
    publish({**FIRST, "last": give(2)})
    assert "Move to version 2" in text_of(page.get(run))
    shown = text_of(page.get(f"{run}move/"))
    assert "Kept, and not paid for again Count" in shown
    assert "Goes on as it is Ask" in shown
    answer = page.post(f"{run}move/", follow=True)
    assert "goes on as" in text_of(answer)
    assert "It goes on as" in text_of(page.get(run))
    refused = page.post(f"{run}move/")
    assert refused.status_code == 409
    assert "already ended" in text_of(refused)


def test_many_are_moved_from_the_list_each_as_by_itself(
    waiting: WorkflowRun, publish: Any, start: Start, builder: User, client_for: Callable[..., Client], worked: Work
) -> None:
    publish({**FIRST, "last": give(2)})
    newest = start(Workflow.objects.select_related("published").get())
    form = {"action": "move", "run": [str(waiting.pk), str(newest.pk)]}
    said = text_of(client_for(builder).post("/workflow-runs/bulk/", form, follow=True))
    assert "1 run is moved to the newest version; 1 could not be moved" in said


def test_the_api_tells_what_would_become_of_a_run_and_moves_it(
    waiting: WorkflowRun, publish: Any, builder: User, api_for: Callable[..., Any], member: Any
) -> None:
    publish({**FIRST, "last": give(2)})
    api, address = api_for(builder), f"/api/v1/workflow-runs/{waiting.pk}/move"
    seen = api.get(address).json()
    assert seen == {"version": 2, "kept": ["Count"], "along": ["Ask"], "again": [], "refusal": ""}
    assert api_for(member("viewer")).post(address).status_code == 403
    answer = api.post(address)
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert api.post(address).status_code == 409


def test_runs_from_before_learn_who_started_those_that_they_take_up(
    workflow: MakeWorkflow, worked: Work, builder: User, member: Any
) -> None:
    first, second = member("administrator"), member("administrator")
    run = services.run_start(who=first, user=first, workflow=workflow(FIRST), data={}, origin="console")
    for who in (second, builder):
        worked("flow", "cpu")
        services.run_cancel(who=builder, run=run)
        worked("flow")
        run = services.run_retry(who=who, user=who, run=after(run), step="count")
    told = dict(WorkflowRun.objects.values_list("pk", "starters"))
    assert told[run.pk] == [str(first.pk), str(second.pk)]
    WorkflowRun.objects.update(starters=[])
    with connection.cursor() as cursor:
        cursor.execute(import_module("apps.workflows.migrations.0005_who_had_a_part")._STARTERS)
    assert dict(WorkflowRun.objects.values_list("pk", "starters")) == told


def test_the_api_moves_many_each_as_by_itself_and_tells_why_one_stays(
    waiting: WorkflowRun, publish: Any, start: Start, builder: User, api_for: Callable[..., Any]
) -> None:
    publish({**FIRST, "last": give(2)})
    newest, unknown = start(Workflow.objects.select_related("published").get()), str(uuid4())
    ids = [str(newest.pk), str(waiting.pk), unknown]
    answer = api_for(builder).post("/api/v1/workflow-runs/move", {"ids": ids}, format="json")
    assert answer.status_code == 200
    told = answer.json()["items"]
    assert [(each["id"], each["outcome"]) for each in told] == list(
        zip(ids, ["refused", "moved", "not_found"], strict=True)
    )
    assert "on the newest version already" in told[0]["refusal"]
    assert told[1]["run"]["retry_of"] == str(waiting.pk)


def test_of_many_that_are_taken_up_one_that_was_moved_is_told_and_keeps_back_no_other(
    waiting: WorkflowRun, publish: Any, builder: User, api_for: Callable[..., Any]
) -> None:
    publish({**FIRST, "last": give(2)})
    moving.run_move(who=builder, run=waiting)
    answer = api_for(builder).post("/api/v1/workflow-runs/retry", {"ids": [str(waiting.pk)]}, format="json")
    assert [each["outcome"] for each in answer.json()["items"]] == ["moved"]
