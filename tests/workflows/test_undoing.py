"""Runs whose steps are undone, on a real database and with another system that counts what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common import outbound, work
from apps.common.errors import Conflict
from apps.workflows import calls, services, store, undoing
from apps.workflows.models import HttpCall, WorkflowRun
from apps.workflows.performers import KIND
from apps.workflows.progress import run_progress
from apps.workflows.undo_paths import undo_path
from tests.workflows.conftest import MakeWorkflow, Work, doom, ledger
from tests.workflows.test_calls import Sink, sink
from tests.workflows.test_faults import expire
from tests.workflows.test_pump import Start, after

__all__ = ["sink"]

STOP = {"kind": "stop", "as": "failed", "reason": "No stock"}
ASK = {"kind": "approval", "question": "Go on?"}
Steps = Callable[..., dict[str, Any]]


@pytest.fixture
def steps(sink: Sink) -> Steps:
    """`steps(last)`: order and book, each with its undo, and then `last`."""

    def make(last: dict[str, Any] = STOP, **more: dict[str, Any]) -> dict[str, Any]:
        def call(said: Any, **rest: Any) -> dict[str, Any]:
            return {"kind": "http", "url": sink.url, "body": said, **rest}

        made = {
            "order": call("order", compensate="unorder"),
            "unorder": call(["unorder", "${steps.order.body.number}", "${error.detail}"]),
            "book": call("book", compensate="unbook"),
            "unbook": call(["unbook"]),
            "last": last,
        }
        return {name: {**step, **more.get(name, {})} for name, step in made.items()}

    return make


def said(sink: Sink) -> list[str]:
    """What was asked of the other system, in order."""
    return [body[0] if isinstance(body, list) else body for body in sink.bodies]


def kinds_told(run: WorkflowRun) -> list[str]:
    subject = str(run.number)
    return list(AuditEntry.objects.filter(subject_id=subject).order_by("at").values_list("kind", flat=True))


def test_what_a_run_that_fails_has_done_is_undone_the_last_of_it_first(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(steps()))
    worked("flow", "io")
    assert (after(run).status, run.ending) == ("failed", "")
    assert said(sink) == ["order", "book", "unbook", "unorder"]
    assert sink.bodies[-1] == ["unorder", 7, "No stock"]
    assert (run.problem["code"], run.problem["undo"]["done"], run.problem["undo"]["remains"]) == ("stopped", 2, [])
    assert len(set(sink.keys)) == 4
    assert kinds_told(run) == ["workflows.run_started", "workflows.run_undoing", "workflows.run_ended"]


def test_a_run_that_is_cancelled_is_undone_also_where_it_was_paused(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(steps(ASK)))
    worked("flow", "io")
    services.run_pause(who=builder, run=run)
    worked("flow")
    services.run_cancel(who=builder, run=run)
    worked("flow", "io")
    assert after(run).status == "cancelled"
    assert said(sink) == ["order", "book", "unbook", "unorder"]
    assert run.pause_requested_at is None


def test_a_call_whose_outcome_nobody_knows_is_not_undone_before_a_person_says(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [200, 0]
    run = start(workflow(steps()))
    worked("flow", "io")
    services.run_cancel(who=builder, run=after(run))
    worked("flow", "io")
    assert (after(run).status, said(sink)) == ("undoing", ["order", "book"])
    call = HttpCall.objects.get(step="book")
    with pytest.raises(Conflict, match="being undone"):
        calls.call_settle(who=builder, user=builder, call=call, happened=False, note="Looked")
    calls.call_settle(who=builder, user=builder, call=call, happened=True, note="Looked", body={"number": 9})
    worked("flow", "io")
    assert (after(run).status, said(sink)) == ("cancelled", ["order", "book", "unbook", "unorder"])


def test_a_call_that_a_person_says_was_not_carried_out_is_not_undone(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [200, 0]
    run = start(workflow(steps()))
    worked("flow", "io")
    services.run_cancel(who=builder, run=after(run))
    worked("flow", "io")
    call = HttpCall.objects.get(step="book")
    calls.call_settle(who=builder, user=builder, call=call, happened=False, note="Looked", again=False)
    worked("flow", "io")
    assert (after(run).status, said(sink)) == ("cancelled", ["order", "book", "unorder"])


def test_a_call_that_was_not_sent_yet_is_taken_back_and_the_run_goes_on_to_undo(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(steps()))
    worked("flow")
    services.run_cancel(who=builder, run=after(run))
    worked("flow", "io")
    assert (after(run).status, sink.keys) == ("cancelled", [])
    assert "undo" not in run.problem


def test_an_undo_that_cannot_be_done_remains_to_be_done_by_hand(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    sink.answers = [200, 200, 422]
    run = start(workflow(steps()))
    worked("flow", "io")
    told = after(run).problem["undo"]
    assert (told["done"], told["of"], [each["step"] for each in told["remains"]]) == (1, 2, ["book"])
    assert "422" in told["remains"][0]["detail"]


def test_a_call_that_was_carried_out_and_answered_too_much_is_undone_as_well(
    sink: Sink,
    steps: Steps,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    builder: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = start(workflow(steps()))
    worked("flow")
    worked("io")
    worked("flow")
    with monkeypatch.context() as small:
        small.setattr(outbound, "LARGEST", 5)
        worked("io")
    worked("flow", "io")
    assert (after(run).status, run.problem["code"]) == ("failed", "answer_too_large")
    assert said(sink) == ["order", "book", "unbook", "unorder"]
    assert run.problem["undo"]["done"] == 2
    path = undo_path(who=builder, progress=run_progress(who=builder, run=run))
    assert path is not None
    assert [(each.step.name, each.status) for each in path.undos] == [("book", "undone"), ("order", "undone")]


def test_an_undoing_goes_on_until_a_person_insists_that_it_is_stopped(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [200, 200, 0]
    run = start(workflow(steps()))
    worked("flow", "io")
    assert after(run).status == "undoing"
    for act in (services.run_cancel, services.run_pause):
        with pytest.raises(Conflict, match="being undone"):
            act(who=builder, run=run)
    assert services.runs_cancel(who=builder, runs=[run]) == {run.id: "undoing"}
    worked("flow", "io")
    assert after(run).status == "undoing"
    undoing.run_undo_stop(who=builder, run=run)
    worked("flow", "io")
    assert after(run).status == "failed"
    told = run.problem["undo"]
    assert (told["stopped"], told["done"], [each["step"] for each in told["remains"]]) == (True, 0, ["book", "order"])
    assert kinds_told(run)[-2:] == ["workflows.undo_stopped", "workflows.run_ended"]
    with pytest.raises(Conflict, match="Nothing of"):
        undoing.run_undo_stop(who=builder, run=run)


def test_a_retry_does_again_what_was_undone_as_another_effect_and_keeps_the_rest(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    first = {"kind": "http", "url": sink.url, "body": "first"}
    run = start(workflow({"first": first, **steps()}))
    worked("flow", "io")
    again = services.run_retry(who=builder, user=builder, run=after(run), step="last")
    worked("flow", "io")
    assert said(sink) == ["first", *2 * ["order", "book", "unbook", "unorder"]]
    assert len(set(sink.keys)) == 9
    assert after(again).problem["undo"]["done"] == 2


def test_a_retry_keeps_what_could_not_be_undone_and_leaves_it_when_it_fails_too(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [200, 200, 200, 422]
    run = start(workflow(steps()))
    worked("flow", "io")
    again = services.run_retry(who=builder, user=builder, run=after(run), step=None)
    worked("flow", "io")
    assert said(sink)[4:] == ["book", "unbook"]
    assert after(again).problem["undo"]["of"] == 1


def test_items_are_undone_one_by_one_and_a_retry_does_those_again_that_were(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    many = {"for_each": {"items": "${inputs.lines}", "concurrency": 1}, "body": ["order", "${item}"]}
    made = steps(order=many, unorder={"body": ["unorder", "${item}", "${steps.order.body.number}"]})
    made = {name: made[name] for name in ("order", "unorder", "last")}
    sink.answers = [200, 200, 200, 422]
    run = start(workflow(made, inputs={"lines": {"type": "list"}}), lines=["a", "b"])
    worked("flow", "io")
    assert sink.bodies[2:] == [["unorder", "b", 7], ["unorder", "a", 7]]
    assert after(run).problem["undo"]["remains"][0]["item"] == 0
    services.run_retry(who=builder, user=builder, run=run, step=None)
    worked("flow", "io")
    assert sink.bodies[4:] == [["order", "b"], ["unorder", "b", 7]]
    assert len(set(sink.keys)) == 6


def test_a_run_that_was_given_up_while_it_was_undone_goes_on_with_that_when_it_is_requeued(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [200, 200, 0]
    run = start(workflow(steps()))
    worked("flow", "io")
    doom(run)
    calls.call_settle(who=builder, user=builder, call=HttpCall.objects.get(step="unbook"), happened=True, note="Looked")
    worked("flow")
    assert (after(run).status, run.problem["code"]) == ("failed", "workflow_run_abandoned")
    assert work.requeue(KIND, run.id)
    assert after(run).status == "undoing"
    worked("flow", "io")
    assert said(sink) == ["order", "book", "unbook", "unorder"]
    assert (after(run).problem["code"], run.problem["undo"]["done"]) == ("stopped", 2)


def test_a_run_waits_until_another_one_that_it_started_is_undone(
    sink: Sink, steps: Steps, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    workflow(steps(ASK), name="child")
    call = {"kind": "workflow", "workflow": "child", "compensate": "tell"}
    tell = {"kind": "http", "url": sink.url, "body": "tell"}
    parent = start(workflow({"call": call, "tell": tell}, name="parent"))
    worked("flow", "io")
    services.run_cancel(who=builder, run=parent)
    worked("flow", "io")
    child = WorkflowRun.objects.get(parent=parent)
    assert (after(parent).status, child.status) == ("cancelled", "cancelled")
    assert said(sink) == ["order", "book", "unbook", "unorder"]  # it did not succeed: it undid itself


def test_what_another_run_did_and_ended_well_is_undone_by_the_step_that_its_caller_names(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    workflow({"order": {"kind": "http", "url": sink.url, "body": "order"}}, name="child")
    steps = {
        "call": {"kind": "workflow", "workflow": "child", "compensate": "undo"},
        "undo": {"kind": "http", "url": sink.url, "body": "undo"},
        "last": STOP,
    }
    run = start(workflow(steps, name="parent"))
    worked("flow", "io")
    assert (after(run).status, said(sink)) == ("failed", ["order", "undo"])


def test_an_undoing_is_done_once_whichever_of_its_rounds_are_lost(
    committed_db: str,
    sink: Sink,
    steps: Steps,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls_made = store.commit, count()

    def broken(*what: Any) -> Any:
        number = next(calls_made)
        if number % 4 == 0:
            raise OperationalError("the connection is gone before the statement arrived")
        found = real(*what)
        if number % 4 == 2:
            raise OperationalError("the connection is gone before the answer arrived")
        return found

    monkeypatch.setattr(store, "commit", broken)
    run = start(workflow(steps()))
    for _ in range(30):
        worked("flow", "io")
        if not after(run).is_open:
            break
        expire()
    assert next(calls_made) > 8
    assert (after(run).status, run.problem["undo"]["done"]) == ("failed", 2)
    assert said(sink) == ["order", "book", "unbook", "unorder"]
    ends = [each for each in ledger(run) if each[3] != "opened"]
    assert [each[0] for each in ends] == [0, 2, 4, 3, 1]
