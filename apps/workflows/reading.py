"""Reads of runs for people who look at them: lists by page, one by its number, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.widgets import Sheet
from apps.workflows.causes import cause_line
from apps.workflows.models import StepRun, Workflow, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.selectors import PAYLOADS, RunFilter, runs_query

PAGE: Final = 50
_SLIM: Final = [f"{of}__{name}" for of in ("parent", "retry_of") for name in PAYLOADS]


@dataclass(frozen=True)
class RunPage:
    runs: list[WorkflowRun]
    older: UUID | None
    """Pass as `before` to get the next page; None at the end."""


def runs_page(
    *, who: Principal, narrow: RunFilter, before: UUID | None = None, ids: list[UUID] | None = None, size: int = PAGE
) -> RunPage:
    """One page of runs by key, with why those failed that did; of `ids` alone where they are given. One statement."""
    runs = runs_query(who=who, narrow=narrow).defer(None).defer("inputs", "outputs", "given", "version__content")
    if ids is not None:
        runs = runs.filter(pk__in=ids)
    if before:
        runs = runs.filter(id__lt=before)
    found = list(runs[: size + 1])
    return RunPage(found[:size], found[size - 1].id if len(found) > size else None)


def newest_run(*, who: Principal) -> UUID | None:
    """The id of the newest run: those that are newer were started since."""
    demand(who, WORKFLOWS_VIEW)
    return WorkflowRun.objects.order_by("-id").values_list("id", flat=True).first()


def runs_now(*, who: Principal, ids: list[UUID]) -> list[WorkflowRun]:
    """Those of `ids` that are runs here, open ones and the newest, oldest first. One statement."""
    newest = WorkflowRun.objects.order_by("-id").values("id")[:PAGE]
    wanted = Q(pk__in=ids) | Q(status__in=WorkflowRun.OPEN) | Q(pk__in=newest)
    return list(runs_query(who=who).filter(wanted)[: 4 * PAGE])[::-1]


def runs_open(*, who: Principal, most: int = 100) -> list[WorkflowRun]:
    """The newest runs that have not ended."""
    return list(runs_query(who=who).filter(status__in=WorkflowRun.OPEN)[:most])


def runs_open_query(*, who: Principal) -> QuerySet[WorkflowRun]:
    demand(who, WORKFLOWS_VIEW)
    return WorkflowRun.objects.filter(status__in=WorkflowRun.OPEN)


def runs_ever_query(*, who: Principal) -> QuerySet[WorkflowRun]:
    """One run, where there ever was one."""
    demand(who, WORKFLOWS_VIEW)
    return WorkflowRun.objects.order_by()[:1]


def workflows_named(*, who: Principal) -> list[Workflow]:
    """Names and titles of the workflows that there are, the archived ones too: their runs stay."""
    demand(who, WORKFLOWS_VIEW)
    return list(Workflow.objects.only("name", "title").order_by("title"))


def run_by_number(*, who: Principal, number: int) -> WorkflowRun:
    """One run with its version, and the runs that it belongs to. Raises `NotFound` where there is none here."""
    demand(who, WORKFLOWS_VIEW)
    near = ("workflow__published", "version", "created_by", "parent", "retry_of")
    runs = WorkflowRun.objects.select_related(*near).defer("workflow__published__content", *_SLIM)
    run = runs.filter(number=number).first()
    if run is None:
        raise NotFound("There is no run of this number here.", remedy="See the list of workflow runs.")
    return run


def retries_of(*, who: Principal, run: WorkflowRun) -> list[WorkflowRun]:
    """The runs that took this one up, oldest first; at most ten."""
    demand(who, WORKFLOWS_VIEW)
    return list(run.retries.only("number", "status", "retry_of").order_by("id")[:10])


def last_good(*, who: Principal, run: WorkflowRun) -> WorkflowRun | None:
    """The newest run of the same workflow that succeeded, besides this one, and before it where there is one."""
    demand(who, WORKFLOWS_VIEW)
    good = WorkflowRun.objects.filter(workflow=run.workflow_id, status=WorkflowRun.Status.SUCCEEDED).exclude(pk=run.pk)
    good = good.select_related("workflow", "version")
    return good.filter(id__lt=run.pk).order_by("-id").first() or good.order_by("-id").first()


def ledger_count(*, who: Principal, run: WorkflowRun) -> int:
    """How many entries the ledger of a run has."""
    demand(who, WORKFLOWS_VIEW)
    return StepRun.objects.filter(run=run).count()


def runs_sheet(runs: list[WorkflowRun]) -> Sheet:
    """A list of runs as a flat table for download; times in UTC."""
    columns = [
        "run",
        "workflow",
        "version",
        "status",
        "cause",
        "origin",
        "started by",
        "created",
        "started",
        "finished",
    ]
    return Sheet(
        name="workflow-runs",
        columns=[*columns, "created", "started", "finished"],
        rows=[
            [
                run.ref,
                run.workflow.name,
                run.workflow.title,
                run.version.number,
                run.status,
                cause_line(run),
                run.origin,
            ]
            + [run.created_by.email if run.created_by else None]
            + [
                moment.isoformat(timespec="seconds") if moment else None
                for moment in (run.created_at, run.started_at, run.finished_at)
            ]
            for run in runs
        ],
    )
