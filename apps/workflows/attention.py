"""What of workflows needs a person: questions, calls that nobody knows the outcome of, runs that failed, letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from apps.common.permissions import Principal, demand
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.selectors import PAYLOADS

FAILURES_SEEN: Final = 200
"""How many failures are looked at for what needs attention."""


@dataclass(frozen=True)
class Failing:
    """Runs of one workflow that failed for one cause."""

    runs: list[WorkflowRun] = field(default_factory=list)
    """Newest first; at least one."""


def runs_failing(*, who: Principal, since: datetime) -> list[Failing]:
    """What failed since then, by workflow and cause, the most frequent first. One statement.

    A failure is settled, and left out, once its run was taken up again or the workflow has succeeded since.
    """
    demand(who, WORKFLOWS_VIEW)
    later = WorkflowRun.objects.filter(
        workflow=OuterRef("workflow"), status=WorkflowRun.Status.SUCCEEDED, id__gt=OuterRef("id")
    )
    failed = WorkflowRun.objects.filter(status=WorkflowRun.Status.FAILED, created_at__gte=since)
    failed = failed.filter(~Exists(later), ~Exists(WorkflowRun.objects.filter(retry_of=OuterRef("pk"))))
    heavy = [name for name in PAYLOADS if name != "problem"]
    found: dict[tuple[object, ...], Failing] = {}
    for run in failed.select_related("workflow").defer(*heavy).order_by("-id")[:FAILURES_SEEN]:
        problem = run.problem or {}
        cause = (run.workflow_id, problem.get("code"), problem.get("step"))
        found.setdefault(cause, Failing()).runs.append(run)
    return sorted(found.values(), key=lambda each: -len(each.runs))


def runs_shown(*, who: Principal, most: int) -> list[WorkflowRun]:
    """The runs that have not ended, then the latest of the others as far as there is room. Two statements."""
    demand(who, WORKFLOWS_VIEW)
    slim = WorkflowRun.objects.select_related("workflow")
    heavy = [name for name in PAYLOADS if name != "problem"]
    going = list(slim.filter(status__in=WorkflowRun.OPEN).defer(*heavy)[:most])
    ended = slim.exclude(status__in=WorkflowRun.OPEN).defer(*heavy)
    return going + list(ended[: most - len(going)])
