"""How workflows stand: what is published of them, when they start next, and how their runs went in 24 hours."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Func, Q, TextField
from django.db.models.functions import TruncHour

from apps.agents.pulse import DAY, Health, Median, hour_word, hours_of_day
from apps.common import formats
from apps.common.permissions import Principal, demand
from apps.workflows.models import Trigger, Workflow, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.selectors import said_of, workflows_query
from apps.workflows.triggers import Schedule, settings_of

PAGE: Final = 30
_SUCCEEDED = Q(status=WorkflowRun.Status.SUCCEEDED)
_FAILED = Q(status=WorkflowRun.Status.FAILED)


@dataclass
class WorkflowHealth(Health):
    """How the runs of a workflow went over the last 24 hours, and how many are open, whenever they began."""

    open: int = 0

    @property
    def success(self) -> str:
        """The share of those that succeeded in percent, as text; a dash where none has ended."""
        rate = self.success_rate
        return formats.number(rate, 0 if rate == 100 else 1)

    @property
    def told(self) -> str:
        """In words: how many ran, and how many of them failed."""
        if not self.runs:
            return "No run in 24 hours"
        count = f"{self.runs:,} run{'' if self.runs == 1 else 's'}"
        return f"{count}, {self.failed:,} failed" if self.failed else f"{count}, none failed"


@dataclass(frozen=True)
class Start:
    """What starts a workflow next by itself. Where nothing does, `at` is None and the text says how it is started."""

    text: str
    at: datetime | None = None


@dataclass(frozen=True)
class WorkflowRow:
    """A workflow with what lists tell of it."""

    workflow: Workflow
    owner: str
    tags: list[str]
    has_draft: bool
    health: WorkflowHealth
    start: Start


@dataclass(frozen=True)
class WorkflowPage:
    rows: list[WorkflowRow]
    page: int
    pages: int
    found: int
    tags: list[str] = field(default_factory=list)
    """Those that any workflow has."""


def workflows_page(
    *, who: Principal, search: str = "", tag: str = "", archived: bool = False, page: int = 1
) -> WorkflowPage:
    """One page of workflows by title, in six statements whatever their number and that of their runs."""
    query = workflows_query(who=who, search=search.replace("\x00", ""), tag=tag, archived=archived)
    found = query.count()
    pages = max(1, -(-found // PAGE))
    page = min(max(1, page), pages)
    workflows = list(query.order_by("title", "name")[(page - 1) * PAGE : page * PAGE])
    health = workflows_health(who=who, workflows=workflows)
    triggers = _triggers_of(workflows)
    rows = [_row(each, health[each.pk], triggers[each.pk]) for each in workflows]
    return WorkflowPage(rows, page, pages, found, tags_list(who=who))


def tags_list(*, who: Principal) -> list[str]:
    """The tags of the workflows that are not archived, by name."""
    demand(who, WORKFLOWS_VIEW)
    each = Func(F("said__tags"), function="jsonb_array_elements_text", output_field=TextField())
    said = Workflow.objects.filter(archived_at=None).annotate(said=said_of())
    return list(said.annotate(tag=each).values_list("tag", flat=True).distinct().order_by("tag"))


def workflows_health(*, who: Principal, workflows: Iterable[Workflow]) -> dict[UUID, WorkflowHealth]:
    """The health of each of these, by id. Two statements, whatever the number of workflows and runs."""
    demand(who, WORKFLOWS_VIEW)
    ids = [each.pk for each in workflows]
    today = Q(created_at__gte=DAY.since())
    runs = WorkflowRun.objects.filter(workflow__in=ids).order_by()
    hours: dict[UUID, dict[datetime, Any]] = defaultdict(dict)
    counts = {"runs": Count("id"), "succeeded": Count("id", filter=_SUCCEEDED), "failed": Count("id", filter=_FAILED)}
    for row in runs.filter(today).annotate(at=TruncHour("created_at")).values("workflow", "at").annotate(**counts):
        hours[row["workflow"]][row["at"]] = row
    worked = Median(F("finished_at") - F("created_at"), filter=_SUCCEEDED & today)
    opened = Count("id", filter=Q(status__in=WorkflowRun.OPEN))
    looked_at = runs.filter(today | Q(status__in=WorkflowRun.OPEN)).values("workflow")
    others: dict[UUID, Any] = {row["workflow"]: row for row in looked_at.annotate(median=worked, open=opened)}
    return {id: _health(hours[id], others.get(id, {})) for id in ids}


def _health(rows: dict[datetime, Any], others: dict[str, Any]) -> WorkflowHealth:
    sums = {name: sum(row[name] for row in rows.values()) for name in ("runs", "succeeded", "failed")}
    track = [hour_word(rows.get(hour)) for hour in hours_of_day()]
    return WorkflowHealth(median=others.get("median"), open=others.get("open", 0), track=track, **sums)


def _triggers_of(workflows: list[Workflow]) -> dict[UUID, list[Trigger]]:
    found: dict[UUID, list[Trigger]] = defaultdict(list)
    enabled = Trigger.objects.filter(workflow__in=workflows, is_enabled=True)
    for trigger in enabled.defer("secret", "former_secret", "problem"):
        found[trigger.workflow_id].append(trigger)
    return found


def _row(workflow: Workflow, health: WorkflowHealth, triggers: list[Trigger]) -> WorkflowRow:
    draft: str | None = vars(workflow)["draft_content"]
    said = json.loads(workflow.published.content if workflow.published else draft or "{}")
    return WorkflowRow(
        workflow=workflow,
        owner=said.get("owner", ""),
        tags=said.get("tags", []),
        has_draft=draft is not None,
        health=health,
        start=start_of(workflow, triggers),
    )


def start_of(workflow: Workflow, triggers: list[Trigger]) -> Start:
    """What starts a workflow next, of the triggers that are turned on."""
    if workflow.archived_at is not None:
        return Start("Never: it is archived")
    if workflow.published_id is None:
        return Start("Not before it is published")
    if not triggers:
        return Start("By hand or by a program")
    if workflow.is_paused:
        return Start("By hand only, while it is paused")
    dated = [(each.due_at, n) for n, each in enumerate(triggers) if each.due_at is not None]
    at, first = min(dated, default=(None, 0))
    return Start(settings_of(triggers[first].kind, triggers[first].told).told(), at)


def next_times(schedule: Schedule, due: datetime | None, most: int) -> list[str]:
    """The times of a schedule from `due` on, in words, as the clocks of its zone show them."""
    found: list[str] = []
    while due is not None and len(found) < most:
        at = schedule.here(due)
        found.append(f"{at:%A} {at.day} {at:%B %Y, %H:%M}")
        due = schedule.following(due)
    return found
