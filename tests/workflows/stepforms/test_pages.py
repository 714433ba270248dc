"""Forms of steps on a real database: samples of the latest run, counts over past runs, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow, WorkflowChange, WorkflowEdit, WorkflowRun
from apps.workflows.stepforms.samples import samples_of
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.stepforms.posting import WHO

AMOUNT = {"amount": {"type": "number"}}
WHEN = {"field": "${inputs.amount}", "op": ">=", "value": 70}


@pytest.fixture
def doubled(workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work) -> Workflow:
    """A workflow with three runs of 50, 70 and 90."""
    twice = {"kind": "transform", "set": {"x": {"$multiply": ["${inputs.amount}", 2]}}}
    made = workflow({"twice": twice}, inputs=AMOUNT)
    for amount in (50, 70, 90):
        start(made, amount=amount)
        worked("flow")
    return made


def edit_of(workflow: Workflow, user: User, when: Any) -> UUID:
    edit = WorkflowEdit.objects.create(workflow=workflow, user=user, seq=workflow.seq)
    steps = {"twice": {"kind": "transform", "set": {"x": 1}, "when": when}}
    content = {"definition": {"name": workflow.name, "inputs": AMOUNT, "steps": steps}, "triggers": []}
    WorkflowChange.objects.create(edit=edit, number=0, what="Began", content=json.dumps(content))
    return edit.pk


def test_samples_are_of_the_latest_run_that_succeeded(
    doubled: Workflow, django_assert_num_queries: Callable[..., Any]
) -> None:
    assert samples_of(who=WHO, workflow="none") == {}
    with django_assert_num_queries(2):
        found = samples_of(who=WHO, workflow=doubled.name)
    assert (found["inputs"], found["steps"]) == ({"amount": 90}, {"twice": {"x": 180}})


def test_who_may_not_see_runs_gets_no_samples(doubled: Workflow) -> None:
    class Nobody:
        def can(self, code: str) -> bool:
            return False

    assert samples_of(who=Nobody(), workflow=doubled.name) == {}


def test_a_condition_is_counted_over_past_runs(
    doubled: Workflow, client_for: Callable[..., Client], builder: User
) -> None:
    id = edit_of(doubled, builder, {"all": [WHEN]})
    page = client_for(builder).get(reverse("workflows:step-backtest", args=[id, "twice"]))
    assert "Would have held in 2 of 3 runs" in page.content.decode()


def test_a_condition_that_is_not_finished_is_not_counted(
    doubled: Workflow, client_for: Callable[..., Client], builder: User
) -> None:
    id = edit_of(doubled, builder, {"all": [{"field": "", "op": "="}]})
    browser = client_for(builder)
    for at in ("when", "when.all.0", "cases.9.when", ""):
        page = browser.get(reverse("workflows:step-backtest", args=[id, "twice"]), {"at": at})
        assert (page.status_code, page.content.strip()) == (200, b"")


def test_what_somebody_else_changes_is_not_counted(
    doubled: Workflow, client_for: Callable[..., Client], member: Callable[..., User], builder: User, acme: Tenant
) -> None:
    id = edit_of(doubled, builder, {"all": [WHEN]})
    other = client_for(member("builder"))
    assert other.get(reverse("workflows:step-backtest", args=[id, "twice"])).status_code == 404
    viewer = client_for(member("viewer"))
    assert viewer.get(reverse("workflows:step-backtest", args=[id, "twice"])).status_code == 403
