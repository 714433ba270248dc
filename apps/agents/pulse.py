"""How the runs of a tenant go: the reads behind the dashboard and the figures beside an agent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Aggregate, Count, DurationField, Exists, F, OuterRef, Q
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from apps.agents.models import AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.common.permissions import Principal, demand

SUCCEEDED, FAILED = Q(status=AgentRun.Status.SUCCEEDED), Q(status=AgentRun.Status.FAILED)
# A run that has been open for so long is told to be slow: it may still end well.
SLOW = timedelta(minutes=10)
# How many failures are looked at for what needs attention.
FAILURES_SEEN = 200
# How many runs tell how long the next one takes.
RECENT = 50


@dataclass(frozen=True)
class Period:
    key: str
    title: str
    span: timedelta
    step: Literal["hour", "day"]
    before: str
    """How the time before it is called, of the same length."""

    def since(self) -> datetime:
        return timezone.now() - self.span


PERIODS = {
    each.key: each
    for each in (
        Period("24h", "Last 24 hours", timedelta(hours=24), "hour", "the day before"),
        Period("7d", "Last 7 days", timedelta(days=7), "day", "the week before"),
        Period("30d", "Last 30 days", timedelta(days=30), "day", "the 30 days before"),
    )
}
DAY = PERIODS["24h"]


class Median(Aggregate):
    function = "percentile_cont"
    template = "%(function)s(0.5) within group (order by %(expressions)s)"
    output_field = DurationField()


def _median(within: Q) -> Median:
    """The median time of work of the runs that succeeded."""
    return Median(F("finished_at") - F("started_at"), filter=within & SUCCEEDED)


@dataclass(frozen=True)
class Tally:
    """How the runs of some time ended."""

    total: int
    succeeded: int
    failed: int
    median: timedelta | None
    """Of the time that runs worked which succeeded."""

    @property
    def success_rate(self) -> float | None:
        """Share of those that succeeded, in percent, of those that succeeded or failed; None where there is none."""
        ended = self.succeeded + self.failed
        return 100 * self.succeeded / ended if ended else None


@dataclass(frozen=True)
class Step:
    """One bar of the chart: the runs that were accepted in an hour or on a day."""

    at: datetime
    succeeded: int
    failed: int
    other: int

    @property
    def total(self) -> int:
        return self.succeeded + self.failed + self.other


@dataclass(frozen=True)
class Pulse:
    """How runs went in a period, beside the period before."""

    period: Period
    now: Tally
    before: Tally
    steps: list[Step]
    """Oldest first, none left out."""


def runs_pulse(*, who: Principal, period: Period = DAY) -> Pulse:
    """Counts for the dashboard, in two statements whatever the number of runs."""
    demand(who, RUNS_VIEW)
    start = period.since()
    now, before = Q(created_at__gte=start), Q(created_at__lt=start)
    sums = AgentRun.objects.filter(created_at__gte=start - period.span).aggregate(
        **_tally("now", now), **_tally("before", before)
    )
    tallies = {
        when: Tally(*(sums[f"{when}_{name}"] for name in ("total", "succeeded", "failed", "median")))
        for when in ("now", "before")
    }
    return Pulse(period, tallies["now"], tallies["before"], _steps(period, start))


def _tally(name: str, within: Q) -> dict[str, Any]:
    return {
        f"{name}_total": Count("id", filter=within),
        f"{name}_succeeded": Count("id", filter=within & SUCCEEDED),
        f"{name}_failed": Count("id", filter=within & FAILED),
        f"{name}_median": _median(within),
    }


def _steps(period: Period, start: datetime) -> list[Step]:
    truncated = TruncHour if period.step == "hour" else TruncDay
    rows = (
        AgentRun.objects.filter(created_at__gte=start)
        .annotate(at=truncated("created_at"))
        .values("at")
        .annotate(succeeded=Count("id", filter=SUCCEEDED), failed=Count("id", filter=FAILED), total=Count("id"))
        .order_by("at")
    )
    found = {row["at"]: row for row in rows}
    step = timedelta(hours=1) if period.step == "hour" else timedelta(days=1)
    at = start.replace(hour=start.hour if period.step == "hour" else 0, minute=0, second=0, microsecond=0)
    steps = []
    while at <= timezone.now():
        row = found.get(at, {"succeeded": 0, "failed": 0, "total": 0})
        other = row["total"] - row["succeeded"] - row["failed"]
        steps.append(Step(at, row["succeeded"], row["failed"], other))
        at += step
    return steps


@dataclass
class Attention:
    """Something that a person should look at: runs of one agent that failed for one reason, or a run that is late."""

    kind: Literal["given up", "broken", "refused", "late"]
    runs: list[AgentRun] = field(default_factory=list)
    """Newest first; at least one."""


_KINDS: dict[str, Literal["given up", "broken", "refused"]] = {
    "run_abandoned": "given up",
    "agent_failed": "broken",
    "agent_gone": "broken",
}
_URGENCY = ["given up", "late", "broken", "refused"]


def runs_attention(*, who: Principal, period: Period = DAY) -> list[Attention]:
    """What needs a person, most urgent first: what was given up, is late, broke the agent, or was refused by it.

    A failure is settled, and left out, once the same agent has succeeded on the same data. One statement.
    """
    demand(who, RUNS_VIEW)
    later = AgentRun.objects.filter(SUCCEEDED, agent_key=OuterRef("agent_key"), source=OuterRef("source"))
    failed = FAILED & Q(created_at__gte=period.since()) & ~Exists(later.filter(id__gt=OuterRef("id")))
    late = Q(status__in=AgentRun.OPEN, created_at__lt=timezone.now() - SLOW)
    found: dict[tuple[str, str], Attention] = {}
    for run in AgentRun.objects.filter(failed | late).defer("input").order_by("-id")[:FAILURES_SEEN]:
        code = "late" if run.is_open else run.problem_code
        kind = "late" if run.is_open else _KINDS.get(code, "refused")
        found.setdefault((run.agent_key, code), Attention(kind)).runs.append(run)
    return sorted(found.values(), key=lambda each: (_URGENCY.index(each.kind), -len(each.runs)))


@dataclass
class Health:
    """How one agent, or anything else that runs, did over the last 24 hours."""

    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    median: timedelta | None = None
    track: list[str] = field(default_factory=list)
    """One word for each hour, oldest first: none, well, failed (some) or broken (all that ended)."""

    @property
    def success_rate(self) -> float | None:
        ended = self.succeeded + self.failed
        return 100 * self.succeeded / ended if ended else None


def agents_health(*, who: Principal) -> dict[str, Health]:
    """The health of each agent that ran in the last 24 hours, by its key. Two statements."""
    demand(who, RUNS_VIEW)
    start = DAY.since()
    runs = AgentRun.objects.filter(created_at__gte=start)
    medians = dict(runs.values("agent_key").annotate(median=_median(Q())).values_list("agent_key", "median"))
    hours = (
        runs.annotate(at=TruncHour("created_at"))
        .values("agent_key", "at")
        .annotate(runs=Count("id"), succeeded=Count("id", filter=SUCCEEDED), failed=Count("id", filter=FAILED))
    )
    by_agent: dict[str, dict[datetime, Any]] = defaultdict(dict)
    for row in hours:
        by_agent[row["agent_key"]][row["at"]] = row
    moments = hours_of_day()
    return {
        key: Health(
            runs=sum(row["runs"] for row in rows.values()),
            succeeded=sum(row["succeeded"] for row in rows.values()),
            failed=sum(row["failed"] for row in rows.values()),
            median=medians.get(key),
            track=[hour_word(rows.get(moment)) for moment in moments],
        )
        for key, rows in sorted(by_agent.items())
    }


def expected_time(*, who: Principal, agent: str) -> timedelta | None:
    """How long a run of an agent takes: the median of its latest that succeeded; None where there is none."""
    demand(who, RUNS_VIEW)
    worked = AgentRun.objects.filter(SUCCEEDED, agent_key=agent, worked_out_at=None).order_by("-id")[:RECENT]
    median: timedelta | None = worked.aggregate(median=_median(Q()))["median"]
    return median


def hours_of_day() -> list[datetime]:
    """The beginnings of the last 24 hours, oldest first; the last is the hour that it is."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    return [now - timedelta(hours=hour) for hour in range(23, -1, -1)]


def hour_word(row: Any) -> str:
    """How an hour went by its counts of `succeeded` and `failed`: one of the words of `Health.track`."""
    if row is None or not row["succeeded"] + row["failed"]:
        return "none"
    if row["failed"]:
        return "failed" if row["succeeded"] else "broken"
    return "well"
