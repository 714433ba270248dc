"""Past runs with all that a run asks of others: an agent, a person, and another system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.common import work
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.calls import CALL
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.models import Approval, HttpCall, Workflow
from tests.workflows.conftest import MakeWorkflow, Work

AMOUNT = {"amount": {"type": "number"}}
STEPS: dict[str, Any] = {
    "check": {
        "kind": "agent",
        "agent": "dummy.decider",
        "title": "Check",
        "input": {"table": {"rows": [{"name": "Ada", "amount": "${inputs.amount}"}]}},
    },
    "size": {
        "kind": "branch",
        "title": "Is it large?",
        "cases": [
            {"title": "large", "when": {"field": "${inputs.amount}", "op": ">", "value": 300}, "go": ["ask"]},
        ],
    },
    "ask": {"kind": "approval", "title": "Release", "question": "Release ${inputs.amount}?"},
    "order": {
        "kind": "http",
        "title": "Order",
        "url": "https://shop.example/orders",
        "body": {"amount": "${inputs.amount}"},
        "after": ["size", "ask"],
        "when": {
            "any": [
                {"field": "${steps.ask.approved}", "op": "=", "value": True},
                {"field": "${steps.ask}", "op": "is empty"},
            ]
        },
    },
}
OUTPUTS = {
    "number": {"$default": ["${steps.order.body.number}", 0]},
    "verdict": "${steps.check.decision.verdict}",
}
AMOUNTS = (10, 200, 400, 800)


def definition(steps: dict[str, Any] | None = None, **changed: Any) -> Definition:
    """The definition of the past runs, with what is changed of its steps."""
    made = {name: {**step, **changed.get(name, {})} for name, step in (steps or STEPS).items()}
    return definition_parse({"name": "test", "title": "Test", "steps": made, "inputs": AMOUNT, "outputs": OUTPUTS})


@pytest.fixture
def approver(member: Callable[..., User]) -> User:
    return member("approver")


@pytest.fixture
def past(workflow: MakeWorkflow, start: Callable[..., Any], worked: Work, approver: User) -> Workflow:
    """A workflow with four runs that have ended: of 400 a person said yes, of 800 no. Its request was answered 7."""
    made = workflow(STEPS, inputs=AMOUNT, outputs=OUTPUTS)
    for amount in AMOUNTS:
        start(made, amount=amount)
    worked("flow", "cpu")
    for asked in Approval.objects.select_related("run").order_by("id"):
        yes = asked.run.inputs["amount"] < 500
        approval_decide(who=approver, user=approver, approval=asked, approved=yes, comment="Looked at")
    worked("flow")
    for call in HttpCall.objects.all():
        call.status, call.answer = HttpCall.Status.CONFIRMED, {"status": 200, "headers": {}, "body": {"number": 7}}
        call.save()
        work.withdraw(CALL, call.pk)
        work.signal("workflows.run", call.run_id)
    worked("flow")
    return made
