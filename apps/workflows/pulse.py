"""How the runs of workflows go in a period, beside the period before: the figures of the dashboard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from apps.agents.pulse import DAY, Period, Pulse, Step, Tally
from apps.common.permissions import Principal, demand
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW

SUCCEEDED = Q(status=WorkflowRun.Status.SUCCEEDED)
FAILED = Q(status=WorkflowRun.Status.FAILED)


def runs_pulse(*, who: Principal, period: Period = DAY) -> Pulse:
    """Counts of the runs that were accepted in the period, as the list of runs has them. Two statements."""
    demand(who, WORKFLOWS_VIEW)
    start = period.since()
    now, before = Q(created_at__gte=start), Q(created_at__lt=start)
    sums = WorkflowRun.objects.filter(created_at__gte=start - period.span).aggregate(
        **_counts("now", now), **_counts("before", before)
    )
    tallies = [
        Tally(sums[f"{when}_total"], sums[f"{when}_succeeded"], sums[f"{when}_failed"], median=None)
        for when in ("now", "before")
    ]
    return Pulse(period, tallies[0], tallies[1], _steps(period, start))


def _counts(name: str, within: Q) -> dict[str, Any]:
    return {
        f"{name}_total": Count("id", filter=within),
        f"{name}_succeeded": Count("id", filter=within & SUCCEEDED),
        f"{name}_failed": Count("id", filter=within & FAILED),
    }


def _steps(period: Period, start: datetime) -> list[Step]:
    """What was accepted in each hour or on each day, oldest first, none left out."""
    hourly = period.step == "hour"
    truncated = TruncHour if hourly else TruncDay
    rows = WorkflowRun.objects.filter(created_at__gte=start).annotate(at=truncated("created_at")).values("at")
    counted = rows.annotate(
        succeeded=Count("id", filter=SUCCEEDED), failed=Count("id", filter=FAILED), total=Count("id")
    ).order_by("at")
    found = {row["at"]: row for row in counted}
    at = start.replace(hour=start.hour if hourly else 0, minute=0, second=0, microsecond=0)
    steps, now = [], timezone.now()
    while at <= now:
        row = found.get(at, {"succeeded": 0, "failed": 0, "total": 0})
        steps.append(Step(at, row["succeeded"], row["failed"], row["total"] - row["succeeded"] - row["failed"]))
        at += timedelta(hours=1) if hourly else timedelta(days=1)
    return steps
