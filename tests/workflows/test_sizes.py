"""What is larger than what is kept is refused when it is saved, started or given, with the place named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.common import outbound
from apps.common.errors import InvalidInput, TooLarge
from apps.workflows import defining, services, starting
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.engine.advance import LARGEST, answered, fitting
from apps.workflows.engine.ledger import MOST_ITEMS
from apps.workflows.models import Approval, HttpCall, Trigger, WorkflowRun, WorkflowVersion
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_calls import Sink, order, sink
from tests.workflows.test_engine import give
from tests.workflows.test_pump import Start, after
from tests.workflows.world import world

__all__ = ["sink"]  # a fixture

TEN_MB = "x" * 10_000_000


def large(name: str, value: Any) -> Definition:
    return definition_parse({"name": name, "title": name, "steps": {"a": give(value)}})


def test_a_definition_of_ten_megabytes_is_not_saved(builder: User, board: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        defining.workflow_save(who=builder, user=builder, definition=large("big", TEN_MB))
    assert [issue.path for issue in refused.value.issues] == ["definition"]
    assert not WorkflowVersion.objects.exists()


def test_inputs_of_ten_megabytes_start_nothing(workflow: MakeWorkflow, start: Start) -> None:
    made = workflow({"a": give(1)}, inputs={"text": {"type": "text"}, "lines": {"type": "list", "required": False}})
    with pytest.raises(InvalidInput) as refused:
        start(made, text=TEN_MB)
    assert [issue.path for issue in refused.value.issues] == ["inputs.text"]
    with pytest.raises(TooLarge, match="inputs of a run have 1,024 KiB"):
        start(made, text="x", lines=["x" * 1000] * 10_000)
    assert not WorkflowRun.objects.exists()


def test_what_a_step_gives_may_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workflows.engine.advance.LARGEST", 1000)
    steps = {"a": give(["x" * 300] * 3), "b": give(["${steps.a.x}", "${steps.a.x}"])}
    end = world(steps).run()
    assert end.problem is not None
    assert end.problem["step"] == "b"
    assert "MiB at most" in end.problem["detail"]


def test_what_is_asked_of_others_may_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workflows.engine.advance.LARGEST", 1000)
    ask = {"kind": "agent", "agent": "dummy.echo", "input": {"text": ["${steps.a.x}", "${steps.a.x}"]}}
    made = world({"a": give("x" * 600), "b": ask})
    end = made.run()
    assert end.problem is not None
    assert end.problem["step"] == "b"
    assert not made.opened, "nobody was asked"


def test_a_runs_outputs_may_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workflows.engine.advance.LARGEST", 1000)
    end = world({"a": give("x" * 600)}, outputs={"twice": ["${steps.a.x}", "${steps.a.x}"]}).run()
    assert end.problem is not None
    assert end.problem["code"] == "no_output"


def test_what_others_give_of_ten_megabytes_fails_their_step_for_good() -> None:
    step = world({"a": {"kind": "agent", "agent": "dummy.echo", "retry": {"attempts": 3}}}).plan.steps[0]
    entry = answered(step, -1, 1, {"text": TEN_MB})
    assert (entry.outcome, entry.due) == ("failed", None)
    assert entry.problem is not None
    assert entry.problem["code"] == "output_too_large"
    assert answered(step, -1, 1, {"text": "x"}).outcome == "succeeded"


def test_what_just_fits_is_kept() -> None:
    assert fitting("x" * (LARGEST - 2))
    with pytest.raises(ValueError, match="4 MiB"):
        fitting("x" * (LARGEST - 1))


def test_a_result_of_an_agent_that_is_too_large_fails_the_step_that_asked_for_it(
    workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.workflows.engine.advance.LARGEST", 1000)
    run = start(workflow({"count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 900}}}))
    worked("flow", "cpu")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert (run.problem["step"], run.problem["code"]) == ("count", "output_too_large")


def test_an_answer_that_is_too_large_is_not_taken_for_a_short_one(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "LARGEST", 5)
    run = start(workflow(order(sink, retry={"attempts": 3, "delay": "0s"})))
    worked("flow", "io")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert (run.problem["step"], run.problem["code"]) == ("order", "answer_too_large")
    assert len(sink.keys) == 1, "it was carried out: it is not sent again"
    assert HttpCall.objects.get().status == "failed"


def test_more_items_than_are_worked_on_fail_the_step() -> None:
    items = {"items": "${inputs.order.lines}"}
    end = world({"a": give("${item}", for_each=items)}, inputs={"order": {"lines": [0] * (MOST_ITEMS + 1)}}).run()
    assert end.problem is not None
    assert end.problem["step"] == "a"
    assert "at most 10,000" in end.problem["detail"]


def test_a_comment_that_is_too_long_decides_nothing(
    workflow: MakeWorkflow, start: Start, worked: Work, member: Callable[..., User]
) -> None:
    start(workflow({"ask": {"kind": "approval", "question": "Ship?"}}))
    worked()
    approver, asked = member("approver"), Approval.objects.get()
    with pytest.raises(InvalidInput) as refused:
        approval_decide(who=approver, user=approver, approval=asked, approved=True, comment="x" * 2001)
    assert [issue.path for issue in refused.value.issues] == ["comment"]
    asked.refresh_from_db()
    assert asked.is_open


def test_what_a_person_gives_a_step_has_a_size(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow({"a": give(1)}))
    worked()
    with pytest.raises(TooLarge):
        services.run_retry(who=builder, user=builder, run=run, step="a", given={"x": TEN_MB})
    assert WorkflowRun.objects.count() == 1


def test_settings_of_a_trigger_have_a_size(workflow: MakeWorkflow, builder: User) -> None:
    made = workflow({"a": give(1)}, inputs={"text": {"type": "text"}})
    with pytest.raises(InvalidInput) as refused:
        starting.trigger_create(
            who=builder, user=builder, workflow=made, kind="webhook", settings={"inputs": {"text": TEN_MB}}
        )
    assert [issue.path for issue in refused.value.issues] == ["settings"]
    assert not Trigger.objects.exists()
