"""Past runs whose steps started other workflows: what has changed inside of these is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.tenants.models import Tenant
from apps.workflows.models import Replay, ReplayRun, Workflow, WorkflowRun
from apps.workflows.replaying import services
from apps.workflows.replaying.services import Asked, replay_start
from apps.workflows.replaying.telling import Told
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.replaying.conftest import STEPS
from tests.workflows.replaying.test_replays import claimed

AMOUNT = {"amount": {"type": "number"}}
CALL = {"kind": "workflow", "title": "Call", "inputs": {"amount": "${inputs.amount}"}}
Publish = Callable[..., Workflow]


def give(times: int) -> dict[str, Any]:
    return {"kind": "transform", "set": {"amount": {"$multiply": ["${inputs.amount}", times]}}}


@pytest.fixture
def inner(workflow: MakeWorkflow) -> Publish:
    """`inner(step)`: another version of the innermost workflow, which gives what its step does."""

    def publish(step: dict[str, Any], **more: Any) -> Workflow:
        more = {"inputs": AMOUNT, "outputs": {"amount": "${steps.one.amount}"}, **more}
        return workflow({"one": step}, name="inner", **more)

    return publish


@pytest.fixture
def outer(workflow: MakeWorkflow, inner: Publish, start: Callable[..., Any], worked: Work) -> Workflow:
    """A workflow that starts another, and that the innermost one, with a run that has ended."""
    inner(give(2))
    gives = {"amount": "${steps.call.amount}"}
    workflow({"call": {**CALL, "workflow": "inner"}}, name="middle", inputs=AMOUNT, outputs=gives)
    made = workflow({"call": {**CALL, "workflow": "middle"}}, inputs=AMOUNT, outputs=gives)
    start(made, amount=5)
    worked("flow")
    assert WorkflowRun.objects.get(workflow=made).outputs == {"amount": 10}
    return made


def replay(workflow: Workflow, who: User, worked: Work) -> tuple[str, Told]:
    """What is told of its run, followed through what it is now."""
    assert workflow.published is not None
    made = replay_start(
        who=who, user=who, workflow=workflow, definition=workflow.published.definition, asked=Asked(recompute=False)
    )
    worked("cpu")
    made.refresh_from_db()
    assert made.status == "succeeded"
    row = ReplayRun.objects.get(replay=made)
    return row.verdict, Told.model_validate(row.told)


def test_what_is_as_it_was_is_answered_from_the_ledger(outer: Workflow, builder: User, worked: Work) -> None:
    before = WorkflowRun.objects.count()
    assert replay(outer, builder, worked)[0] == "same"
    assert WorkflowRun.objects.count() == before


def test_a_workflow_within_another_that_gives_something_else_now_changes_the_run(
    outer: Workflow, inner: Publish, builder: User, worked: Work
) -> None:
    inner(give(3))
    verdict, told = replay(outer, builder, worked)
    assert verdict == "changed"
    assert [(each.place, each.before, each.after) for each in told.outputs] == [("amount", "10.0", "15.0")]


def test_another_version_that_comes_to_the_same_is_the_same(
    outer: Workflow, inner: Publish, builder: User, worked: Work
) -> None:
    inner({**give(2), "title": "Twice"})
    assert replay(outer, builder, worked)[0] == "same"


def test_what_changes_inside_is_told_though_nobody_reads_what_it_gives(
    workflow: MakeWorkflow, start: Callable[..., Any], builder: User, worked: Work
) -> None:
    workflow({"one": give(2)}, name="inner", inputs=AMOUNT)
    made = workflow({"call": {**CALL, "workflow": "inner"}}, inputs=AMOUNT)
    start(made, amount=5)
    worked("flow")
    ask = {"kind": "approval", "title": "Release", "question": "Release it?"}
    workflow({"one": give(2), "ask": ask}, name="inner", inputs=AMOUNT)
    verdict, told = replay(made, builder, worked)
    assert verdict == "changed"
    assert told.sentences[0] == ("The workflow that “Call” starts: A person is asked by “Release”, and was not then.")


def test_a_workflow_that_would_not_take_the_inputs_any_more_fails_the_step(
    outer: Workflow, inner: Publish, builder: User, worked: Work
) -> None:
    inner(give(2), inputs={**AMOUNT, "who": {"type": "text"}})
    verdict, told = replay(outer, builder, worked)
    assert verdict == "changed"
    assert "It ends otherwise: " in " ".join(told.sentences)
    assert "could not be started" in " ".join(told.sentences)


def test_an_agent_within_that_is_of_another_version_cannot_be_told(
    workflow: MakeWorkflow,
    start: Callable[..., Any],
    builder: User,
    worked: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflow({"check": STEPS["check"]}, name="inner", inputs=AMOUNT)
    made = workflow({"call": {**CALL, "workflow": "inner"}}, inputs=AMOUNT)
    start(made, amount=5)
    worked("flow", "cpu")
    assert replay(made, builder, worked)[0] == "same"
    monkeypatch.setattr(type(AGENTS["dummy.decider"]), "version", "3.0")
    verdict, told = replay(made, builder, worked)
    assert verdict == "unknown"
    assert "inner" in told.why[0]
    assert "of another version now" in told.why[0]


def test_one_that_was_archived_cannot_be_followed(outer: Workflow, inner: Publish, builder: User, worked: Work) -> None:
    Workflow.objects.filter(name="inner").update(archived_at=timezone.now())
    verdict, told = replay(outer, builder, worked)
    assert verdict == "unknown"
    assert "is not what it was" in told.why[0]


def test_runs_within_take_as_many_statements_whatever_their_number(
    outer: Workflow, inner: Publish, builder: User, start: Callable[..., Any], worked: Work, acme: Tenant
) -> None:
    for amount in range(4):
        start(outer, amount=amount)
    worked("flow")
    inner(give(3))
    counts = []
    assert outer.published is not None
    for most in (1, 5):
        made = replay_start(
            who=builder,
            user=builder,
            workflow=outer,
            definition=outer.published.definition,
            asked=Asked(most=most),
        )
        row = claimed(acme)
        with CaptureQueriesContext(connection) as statements:
            services.replay_perform(row)
        assert Replay.objects.get(pk=made.pk).status == "succeeded"
        counts.append(len(statements))
    assert counts[0] == counts[1]
