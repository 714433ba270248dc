"""Taking up a run from one of its steps, and what changed between two versions."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.common.errors import Conflict, InvalidInput
from apps.workflows import defining, givens, services
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.definition import definition_parse
from apps.workflows.differences import definition_difference
from apps.workflows.engine.plan import plan_make
from apps.workflows.models import Approval
from apps.workflows.payloads import without_credentials
from tests.workflows.conftest import MakeWorkflow, Work, ledger
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after

STEPS: dict[str, Any] = {
    "count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 2}},
    "cross": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "cross", "steps": 3}},
    "last": give({"$last": "${steps.cross.numbers}"}),
}


def test_a_failed_run_goes_on_from_a_step_without_paying_for_those_before(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(STEPS, outputs={"first": {"$last": "${steps.count.numbers}"}, "last": "${steps.last.x}"}))
    worked("flow", "cpu")
    assert after(run).status == "failed"
    assert AgentRun.objects.count() == 2
    again = services.run_retry(who=builder, user=builder, run=run, step="cross", given={"steps": 5})
    worked("flow", "cpu")
    assert after(again).outputs == {"first": 2, "last": 5}
    assert AgentRun.objects.count() == 3
    assert (again.retry_of_id, again.root, again.generation) == (run.id, run.id, 1)
    assert ledger(again)[0] == (0, -1, 1, "succeeded")


def test_a_retry_with_the_same_input_is_of_the_same_generation(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(STEPS))
    worked("flow", "cpu")
    again = services.run_retry(who=builder, user=builder, run=run, step="cross")
    worked("flow", "cpu")
    assert after(again).status == "failed"
    assert again.generation == 0
    third = services.run_retry(who=builder, user=builder, run=again, step="count")
    assert third.root == run.id
    assert ledger(third) == []


@pytest.mark.parametrize(
    ("step", "given", "words"),
    [
        ("pause", {"duration": "1h"}, "what it works out itself"),
        ("each", {"x": 1}, "what it works out itself"),
        ("order", {"method": "POST", "url": "https://shop.example", "headers": {}}, "not complete"),
        ("order", {"method": "POST", "url": "ftp://shop.example", "headers": {}, "body": None}, "cannot be given this"),
        ("order", {"method": "POST", "url": "https://x.example", "headers": [], "body": None}, "headers"),
        ("plain", ["a list"], "object"),
    ],
)
def test_a_step_is_not_given_what_it_could_not_work_with(
    step: str, given: Any, words: str, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    steps = {
        "pause": {"kind": "wait", "duration": "0s"},
        "each": {**give("${item}"), "for_each": {"items": [1]}},
        "plain": give(1),
        "stop": {"kind": "stop", "reason": "No"},
        "order": {"kind": "http", "url": "https://shop.example"},
    }
    run = start(workflow(steps))
    worked()
    assert after(run).status == "failed"
    with pytest.raises(InvalidInput) as refused:
        services.run_retry(who=builder, user=builder, run=run, step=step, given=given)
    assert words in f"{refused.value.detail} {refused.value.issues}"
    assert after(run).retries.count() == 0


@pytest.mark.parametrize("answered", [True, False])
def test_what_people_are_asked_about_is_not_exchanged_behind_their_backs(
    answered: bool, workflow: MakeWorkflow, start: Start, worked: Work, builder: User, approver: User
) -> None:
    steps = {"amount": give(5), "ask": {"kind": "approval", "question": "Pay 5?"}, "pay": give("${steps.amount.x}")}
    run = start(workflow(steps, outputs={"x": "${steps.pay.x}"}))
    worked("flow")
    if answered:
        approval_decide(who=approver, user=approver, approval=Approval.objects.get(), approved=True)
    else:
        services.run_cancel(who=builder, run=run)
    worked("flow")
    with pytest.raises(InvalidInput, match="People are asked before the step 'pay'"):
        services.run_retry(who=builder, user=builder, run=after(run), step="pay", given={"x": 5_000_000})
    again = services.run_retry(who=builder, user=builder, run=run, step="amount", given={"x": 6})
    worked("flow")
    assert after(again).status == "waiting", "what comes before a question may be other: it is asked anew"


def test_an_open_run_and_an_unknown_step_cannot_be_taken_up(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    made = workflow({"a": give("${inputs.amount}")}, inputs=AMOUNT)
    run = start(made, amount=1)
    with pytest.raises(Conflict):
        services.run_retry(who=builder, user=builder, run=run, step="a")
    worked()
    with pytest.raises(InvalidInput):
        services.run_retry(who=builder, user=builder, run=after(run), step="b")


def test_a_run_stays_on_its_version_and_a_former_one_can_be_published_again(
    workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    made = workflow({"ask": {"kind": "wait", "duration": "1h"}, "a": give(1)}, outputs={"x": "${steps.a.x}"})
    run = start(made)
    worked()
    made = workflow({"a": give(2)}, outputs={"x": "${steps.a.x}"})
    second = start(made)
    worked()
    assert after(second).outputs == {"x": 2}
    assert after(run).version.number == 1
    defining.workflow_rollback(who=builder, user=builder, workflow=made, number=1)
    made.refresh_from_db()
    assert made.published is not None
    assert (made.published.number, made.published.note) == (3, "Back to version 1")
    with pytest.raises(Conflict):
        defining.workflow_rollback(who=builder, user=builder, workflow=made, number=3)


def test_what_changed_is_told_in_words() -> None:
    big = {"field": "${inputs.amount}", "op": ">", "value": 100}
    old = {"name": "t", "title": "T", "inputs": AMOUNT, "steps": {"a": give(1, timeout="5m"), "b": give(2, when=big)}}
    new = {
        "name": "t",
        "title": "T",
        "inputs": AMOUNT | {"note": {"type": "text"}},
        "steps": {"b": give(3, when=big | {"value": 200}), "c": {"kind": "wait", "duration": "1h"}},
        "outputs": {"x": "${steps.b.x}"},
    }
    assert definition_difference(definition_parse(old), definition_parse(new)) == [
        "Input `note` was added (text).",
        "Step `a` was removed.",
        "Step `b`: when was “amount is more than 100”, and is “amount is more than 200”.",
        "Step `b`, set: x was 2, and is 3.",
        "Step `c` was added (wait).",
        "Output `x` was added.",
    ]
    assert definition_difference(definition_parse(old), definition_parse(old)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/orders",
        "http://shop.example/orders",
        "https://shop.example:8443/orders",
        "https://shop.example@other.example/orders",
        "https://other.example\\@shop.example/orders",
        7,
    ],
)
def test_the_credentials_of_a_request_come_back_only_where_it_goes_to_the_same_system(url: Any) -> None:
    order = {"kind": "http", "method": "POST", "url": "https://shop.example/orders"}
    (step,) = plan_make(definition_parse({"name": "test", "title": "Test", "steps": {"order": order}})).steps
    own = {**order, "headers": {"Authorization": "Bearer abc"}, "body": {"token": "xyz", "amount": 1}}
    shown = without_credentials(own)
    same = {**shown, "url": "https://Shop.example/other", "body": {**shown["body"], "amount": 2}}
    complete = givens.given_complete(step, same, own)
    assert (complete["headers"], complete["body"]) == (own["headers"], {"token": "xyz", "amount": 2})
    with pytest.raises(InvalidInput) as refused:
        givens.given_complete(step, {**shown, "url": url}, own)
    assert "for another system" in refused.value.issues[0].message
    anew = {**shown, "url": url, "headers": {"Authorization": "Bearer mine"}, "body": {}}
    assert givens.given_complete(step, anew, own) == anew
