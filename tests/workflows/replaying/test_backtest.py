"""In how many past runs a condition would have held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.common.errors import PermissionDenied
from apps.workflows.conditions import Test
from apps.workflows.models import Workflow
from apps.workflows.replaying import backtest as module
from apps.workflows.replaying.backtest import Backtest, backtest
from tests.workflows.conftest import MakeWorkflow, Work

STEPS: dict[str, Any] = {
    "total": {"kind": "transform", "set": {"gross": {"$multiply": ["${inputs.amount}", 2]}}},
    "each": {"kind": "transform", "set": {"n": "${item}"}, "for_each": {"items": ["${inputs.amount}", 1]}},
    "much": {"kind": "transform", "set": {"x": 1}, "when": {"field": "${inputs.amount}", "op": ">", "value": 100}},
}


@pytest.fixture
def past(workflow: MakeWorkflow, start: Callable[..., Any], worked: Work) -> Workflow:
    """A workflow with four runs that have ended."""
    made = workflow(STEPS, inputs={"amount": {"type": "number"}})
    for amount in (10, 50, 200, 400):
        start(made, amount=amount)
    worked()
    return made


def looked(who: User, workflow: Workflow | None, **test: Any) -> Backtest:
    condition = Test(**test)
    definition = {"steps": STEPS}
    return backtest(who=who, workflow=workflow, definition=definition, step_name="new", condition=condition)


@pytest.mark.parametrize(
    ("field", "op", "value", "held"),
    [
        ("${inputs.amount}", ">", 100, 2),
        ("${steps.total.gross}", ">", 90, 3),
        ("${steps.each[0].n}", "=", 10, 1),
        ("${steps.much.x}", "is empty", None, 2),
        ("${run.number}", ">", 0, 4),
    ],
)
def test_a_condition_is_held_against_what_past_runs_came_to(
    past: Workflow, builder: User, field: str, op: str, value: object, held: int
) -> None:
    found = looked(builder, past, field=field, op=op, value=value)
    assert (found.held, found.of, found.left_out, found.is_sample) == (held, 4, 0, False)
    assert found.sentence == f"Would have held in {held} of 4 runs of the last 30 days."


def test_a_run_counts_only_where_what_the_condition_refers_to_came_about(past: Workflow, builder: User) -> None:
    found = looked(builder, past, field="${steps.new_one.x}", op="=", value=1)
    assert (found.held, found.of, found.left_out) == (0, 0, 4)
    assert "No run of the last 30 days" in found.sentence


def test_a_new_workflow_has_no_runs_to_tell_from(builder: User, acme: object) -> None:
    assert looked(builder, None, field="${inputs.amount}", op=">", value=1).of == 0


def test_what_no_ledger_tells_is_not_counted(past: Workflow, builder: User) -> None:
    assert looked(builder, past, field="${error.code}", op="=", value="x").of == 0


def test_a_condition_does_not_tell_what_a_credential_begins_with(
    workflow: MakeWorkflow, start: Callable[..., Any], builder: User, worked: Work
) -> None:
    made = workflow({"a": {"kind": "stop"}}, inputs={"api_key": {"type": "text"}})
    start(made, api_key="sk-12345")
    worked()
    found = looked(builder, made, field="${inputs.api_key}", op="starts with", value="sk-")
    assert (found.held, found.of) == (0, 1)
    assert looked(builder, made, field="${inputs.api_key}", op="is not empty").held == 1


def test_it_takes_three_statements_whatever_the_number_of_runs(past: Workflow, builder: User) -> None:
    looked(builder, past, field="${inputs.amount}", op=">", value=90)  # the tenant's key is at hand from here on
    with CaptureQueriesContext(connection) as statements:
        looked(builder, past, field="${steps.total.gross}", op=">", value=90)
    assert len(statements) == 3, [each["sql"][:300] for each in statements.captured_queries]


def test_of_more_runs_than_are_looked_at_it_is_a_sample(
    past: Workflow, builder: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    found = looked(builder, past, field="${inputs.amount}", op=">", value=100)
    assert (found.held, found.of, found.is_sample) == (2, 3, True)
    assert "3 latest runs" in found.sentence
    monkeypatch.setattr(module, "SECONDS", 0.0)
    assert looked(builder, past, field="${inputs.amount}", op=">", value=100).is_sample


def test_who_may_not_see_workflows_is_told_nothing(past: Workflow, member: Callable[..., User]) -> None:
    class Nobody:
        def can(self, code: str) -> bool:
            return False

    with pytest.raises(PermissionDenied):
        looked(Nobody(), past, field="${inputs.amount}", op=">", value=100)  # type: ignore[arg-type]
