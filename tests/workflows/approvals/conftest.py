"""Questions of runs, and the members who answer them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.approvals.delegating import delegation_create
from apps.workflows.models import Approval, Delegation
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start

Asked = Callable[..., Approval]
OUTPUTS = {"given": "${steps.ask}"}


@pytest.fixture
def asked(workflow: MakeWorkflow, start: Start, worked: Work) -> Asked:
    """`asked(quorum=2, ...)`: an open question of a step like this, whose run gives what the step gave (`given`)."""

    def ask(*, name: str = "test", **step: Any) -> Approval:
        steps = {"ask": {"kind": "approval", "question": "Ship it?", "roles": ["approver"], **step}}
        run = start(workflow(steps, name=name, outputs=OUTPUTS))
        worked("flow")
        return Approval.objects.select_related("run__version").get(run=run)

    return ask


def given(approval: Approval, worked: Work) -> dict[str, Any]:
    """What the step gave that asked, once its run has ended."""
    worked("flow")
    approval.run.refresh_from_db()
    assert approval.run.status == "succeeded", approval.run.problem
    found: dict[str, Any] = approval.run.outputs["given"]
    return found


def decide(approval: Approval, user: User, approved: bool = True, **more: Any) -> Approval:
    """Answer in the name of this member; a no says why."""
    more.setdefault("comment", "" if approved else "Too dear")
    return approval_decide(who=user, user=user, approval=approval, approved=approved, **more)


def lend(giver: User, taker: User, **times: Any) -> Delegation:
    """Let the taker stand in for a day."""
    ends_at = times.pop("ends_at", timezone.now() + timedelta(days=1))
    return delegation_create(who=giver, giver=giver, taker=taker, ends_at=ends_at, **times)


def let_be_due(kind: str, id: UUID) -> None:
    """Let it be as late as a work row waits for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set due_at = clock_timestamp() where kind = %s and id = %s", [kind, id]
        )
        assert cursor.rowcount == 1, "there is no such row"
