"""What is asked of many runs at once, each done as by itself: one that cannot be does not keep back the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from apps.accounts.models import User
from apps.common import work
from apps.common.errors import Conflict
from apps.common.permissions import Principal, demand
from apps.workflows import services
from apps.workflows.models import WorkflowRun
from apps.workflows.performers import KIND
from apps.workflows.permissions import WORKFLOWS_RUN

Status = WorkflowRun.Status
RETRIED = (Status.FAILED, Status.CANCELLED)
"""What may be taken up where it stopped."""


def run_requeue(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """Let a run go on that was given up because its workers died. Raises `Conflict` for any other."""
    if runs_requeue(who=who, runs=[run])[run.pk] == "not_given_up":
        raise Conflict(f"{run.ref} was not given up; there is nothing to requeue.", remedy="Retry it from a step.")
    run.refresh_from_db()
    return run


def runs_requeue(*, who: Principal, runs: Iterable[WorkflowRun]) -> dict[UUID, Literal["requeued", "not_given_up"]]:
    """Let runs go on that were given up, after the last step that was recorded. Returns what became of each."""
    demand(who, WORKFLOWS_RUN)
    ids = sorted(run.pk for run in runs)  # so that two who ask for the same ones meet in one order
    return {id: "requeued" if work.requeue(KIND, id) else "not_given_up" for id in ids}


def runs_retry(
    *, who: Principal, user: User | None, runs: Iterable[WorkflowRun]
) -> dict[UUID, WorkflowRun | Literal["open", "succeeded", "moved"]]:
    """Take up failed and cancelled runs, each where it stopped. Returns for each what goes on, or why nothing does."""
    demand(who, WORKFLOWS_RUN)
    found: dict[UUID, WorkflowRun | Literal["open", "succeeded", "moved"]] = {}
    for run in runs:
        if run.status in RETRIED:
            try:
                found[run.pk] = services.run_retry(who=who, user=user, run=run, step=None)
            except Conflict:  # it has ended, so only this stands against it
                found[run.pk] = "moved"
        else:
            found[run.pk] = "open" if run.is_open else "succeeded"
    return found
