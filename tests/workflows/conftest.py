"""Workflows on a real database, with this test as the worker."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from apps.accounts.models import User
from apps.common import work
from apps.dispatch import turns, wakeups
from apps.dispatch.board import Board
from apps.dispatch.services import WorkDispatcher
from apps.tenants.models import Tenant
from apps.workflows import defining, services
from apps.workflows.definition import definition_parse
from apps.workflows.models import Approval, StepRun, Workflow, WorkflowRun

Asked = Callable[..., Approval]
MakeWorkflow = Callable[..., Workflow]
Work = Callable[..., None]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    """A board of the test's own, which the dispatcher uses as well."""
    mine = Board()
    monkeypatch.setattr(work, "_dispatcher", WorkDispatcher(mine))
    monkeypatch.setattr(wakeups, "wake", lambda tenant, queue: True)
    return mine


@pytest.fixture
def builder(member: Callable[..., User]) -> User:
    return member("builder")


@pytest.fixture
def workflow(acme: Tenant, builder: User, board: Board) -> MakeWorkflow:
    """`workflow(steps, inputs=..., outputs=...)`: a published workflow."""

    def make(steps: dict[str, Any], *, name: str = "test", **more: Any) -> Workflow:
        definition = definition_parse({"name": name, "title": name.title(), "steps": steps, **more})
        made = defining.workflow_save(who=builder, user=builder, definition=definition)
        defining.workflow_publish(who=builder, user=builder, workflow=made)
        made.refresh_from_db()
        return made

    return make


@pytest.fixture
def start(builder: User) -> Callable[..., WorkflowRun]:
    """`start(workflow, **inputs)`"""

    def begin(workflow: Workflow, **inputs: Any) -> WorkflowRun:
        return services.run_start(who=builder, user=builder, workflow=workflow, data=inputs, origin="api")

    return begin


@pytest.fixture
def worked(acme: Tenant, board: Board) -> Work:
    """`worked(*queues)`: take turns at the queues, again and again, until none of them has anything due."""

    def turn(*queues: str) -> None:
        taken = 1
        while taken:
            taken = sum(turns.turn(schema=acme.schema_name, queue=queue, board=board) for queue in queues or ("flow",))

    return turn


@pytest.fixture
def approver(member: Callable[..., User], builder: User) -> User:
    return member("approver", name="Ada Approver")


@pytest.fixture
def asked(workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work) -> Asked:
    """`asked("approver", name="test", quorum=2)`: a question to these roles, with a figure worked out before it."""

    def ask(*roles: str, name: str = "test", then: dict[str, Any] | None = None, **more: Any) -> Approval:
        steps: dict[str, Any] = {
            "count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 3}},
            "twice": {"kind": "transform", "set": {"x": {"$multiply": ["${inputs.amount}", 2]}}},
            "unrelated": {"kind": "transform", "set": {"x": "a secret of the kitchen"}},
            "way": {
                "kind": "branch",
                "title": "Which way?",
                "after": ["twice"],
                "cases": [
                    {"title": "all", "when": {"field": "${steps.twice.x}", "op": ">", "value": 0}, "go": ["ask"]}
                ],
            },
            "ask": {
                "kind": "approval",
                "question": "Ship ${steps.twice.x} pieces?",
                "roles": list(roles) or ["approver"],
                "after": ["count", "twice"],
                **more,
            },
            **(then or {}),
        }
        inputs = {"amount": {"type": "number"}}
        run = start(workflow(steps, name=name, inputs=inputs, outputs={"yes": "${steps.ask.approved}"}), amount=7)
        worked("flow", "cpu")
        return Approval.objects.filter(run=run).latest("id")

    return ask


def put(run: WorkflowRun, **fields: Any) -> Approval:
    """A question of a run, as its step would have asked it."""
    due = timezone.now() + timedelta(days=1)
    given = {"step": "ask", "question": "More?", "roles": ["approver"], "due_at": due, **fields}
    return Approval.objects.create(run=run, **given)


def doom(*things: Model) -> None:
    """Let it be as if three workers had died on these runs or calls, one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set deaths = 3, lease_until = clock_timestamp() - interval '1 second' "
            "where id = any(%s)",
            [[thing.pk for thing in things]],
        )


def ledger(run: WorkflowRun) -> list[tuple[int, int, int, str]]:
    """What happened to a run, in order: step, item, attempt, outcome."""
    rows = StepRun.objects.filter(run=run).order_by("seq")
    return [(row.step, row.item, row.attempt, row.outcome) for row in rows]
