"""Reads of agents and runs. Each takes who asks and demands the permission in the same call that fetches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from apps.agents.contract import AGENTS, Agent
from apps.agents.models import AgentResult, AgentRun
from apps.agents.permissions import AGENTS_VIEW, RUNS_VIEW
from apps.common.errors import Conflict, NotFound
from apps.common.permissions import Principal, demand
from apps.common.widgets import Sheet
from apps.tenants.context import current_tenant

PAGE = 50


def agents_list(*, who: Principal, search: str = "") -> list[Agent[Any, Any, Any]]:
    """The agents of the industries enabled here, by industry and title; `search` looks in title and summary."""
    demand(who, AGENTS_VIEW)
    enabled, wanted = current_tenant().industries, search.lower().strip()
    return sorted(
        (
            agent
            for agent in AGENTS
            if agent.industry in enabled and wanted in f"{agent.title} {agent.summary} {agent.key}".lower()
        ),
        key=lambda agent: (enabled.index(agent.industry), agent.title),
    )


def agent_get(*, who: Principal, key: str) -> Agent[Any, Any, Any]:
    """One agent, or `NotFound` when its industry is not enabled here."""
    demand(who, AGENTS_VIEW)
    agent = AGENTS.get(key)
    if agent is None or agent.industry not in current_tenant().industries:
        raise NotFound(f"There is no agent {key!r} here.", remedy="See the list of agents for those you may use.")
    return agent


@dataclass(frozen=True)
class RunFilter:
    """What a list of runs is narrowed to; empty values do not narrow."""

    status: str = ""
    agent: str = ""
    search: str = ""
    since: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.status or self.agent or self.search or self.since)

    def apply(self, runs: QuerySet[AgentRun]) -> QuerySet[AgentRun]:
        if self.status:
            runs = runs.filter(status=self.status)
        if self.agent:
            runs = runs.filter(agent_key=self.agent)
        if self.since:
            runs = runs.filter(created_at__gte=self.since)
        if text := self.search.strip():
            number = text.upper().removeprefix("R-")
            by_number = Q(number=int(number)) if number.isdigit() and len(number) < 18 else Q()
            runs = runs.filter(by_number | Q(source__icontains=text) | Q(headline__icontains=text))
        return runs


def runs_query(*, who: Principal, narrow: RunFilter | None = None) -> QuerySet[AgentRun]:
    """Runs newest first, without their inputs. For a caller that slices: evaluate it before leaving the tenant."""
    demand(who, RUNS_VIEW)
    return (narrow or RunFilter()).apply(AgentRun.objects.defer("input").select_related("created_by"))


@dataclass(frozen=True)
class RunPage:
    runs: list[AgentRun]
    older: UUID | None
    """Pass as `before` to get the next page; None at the end."""


def runs_page(*, who: Principal, narrow: RunFilter, before: UUID | None = None, size: int = PAGE) -> RunPage:
    """One page of runs by key: as fast on the thousandth page as on the first. Two statements at most."""
    runs = runs_query(who=who, narrow=narrow)
    if before:
        runs = runs.filter(id__lt=before)
    found = list(runs[: size + 1])
    return RunPage(found[:size], found[size - 1].id if len(found) > size else None)


def run_get(*, who: Principal, id: UUID | None = None, number: int | None = None) -> AgentRun:
    """One run by id or number. Raises `NotFound` where there is none in this tenant."""
    demand(who, RUNS_VIEW)
    runs = AgentRun.objects.select_related("created_by")
    run = (runs.filter(pk=id) if id is not None else runs.filter(number=number)).first()
    if run is None:
        raise NotFound("There is no run of this name here.", remedy="See the list of runs.")
    return run


def run_report(run: AgentRun) -> tuple[Agent[Any, Any, Any], Any]:
    """The agent of a run and its typed output. Raises `Conflict` while there is none, `NotFound` for a retired agent."""
    agent = AGENTS.get(run.agent_key)
    if agent is None:
        raise NotFound(f"The agent {run.agent_key!r} is no longer installed.", remedy="Read the run over the API.")
    result = AgentResult.objects.filter(run=run).first()
    if result is None:
        raise Conflict(
            f"{run.ref} has no result: it is {run.get_status_display().lower()}.", remedy="Wait until it has succeeded."
        )
    return agent, agent.output_type.model_validate(result.output)


def run_output(run: AgentRun) -> Any:
    """The stored output as JSON-able data, or None while there is none."""
    result = AgentResult.objects.filter(run=run).first()
    return result.output if result else None


@dataclass(frozen=True)
class Pulse:
    """How runs went in a period, against the period before."""

    total: int
    failed: int
    before: int
    before_failed: int
    hours: list[dict[str, Any]]
    """One entry per hour, oldest first: ``at`` (ISO), and a count for each of succeeded, failed, other."""

    @property
    def success_rate(self) -> float | None:
        """Share of ended runs that succeeded, in percent; None when none ended."""
        return 100 * (1 - self.failed / self.total) if self.total else None


def runs_pulse(*, who: Principal, period: timedelta = timedelta(hours=24)) -> Pulse:
    """Counts for the dashboard, in two statements whatever the number of runs."""
    demand(who, RUNS_VIEW)
    now = timezone.now()
    start = now - period
    failed = Q(status=AgentRun.Status.FAILED)
    sums = AgentRun.objects.filter(created_at__gte=start - period).aggregate(
        total=Count("id", filter=Q(created_at__gte=start)),
        failed=Count("id", filter=Q(created_at__gte=start) & failed),
        before=Count("id", filter=Q(created_at__lt=start)),
        before_failed=Count("id", filter=Q(created_at__lt=start) & failed),
    )
    rows = (
        AgentRun.objects.filter(created_at__gte=start)
        .annotate(hour=TruncHour("created_at"))
        .values("hour")
        .annotate(succeeded=Count("id", filter=Q(status=AgentRun.Status.SUCCEEDED)), failed=Count("id", filter=failed))
        .annotate(every=Count("id"))
        .order_by("hour")
    )
    by_hour = {row["hour"]: row for row in rows}
    first = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    hours = []
    for step in range(int(period.total_seconds() // 3600)):
        at = first + timedelta(hours=step)
        row = by_hour.get(at, {"succeeded": 0, "failed": 0, "every": 0})
        rest = row["every"] - row["succeeded"] - row["failed"]
        hours.append({"at": at.isoformat(), "succeeded": row["succeeded"], "failed": row["failed"], "other": rest})
    return Pulse(hours=hours, **sums)


def agents_health(*, who: Principal, period: timedelta = timedelta(hours=24)) -> dict[str, dict[str, int]]:
    """Runs and failures by agent key over the period, in one statement."""
    demand(who, RUNS_VIEW)
    rows = (
        AgentRun.objects.filter(created_at__gte=timezone.now() - period)
        .values("agent_key")
        .annotate(runs=Count("id"), failed=Count("id", filter=Q(status=AgentRun.Status.FAILED)))
    )
    return {row["agent_key"]: {"runs": row["runs"], "failed": row["failed"]} for row in rows}


def runs_sheet(runs: list[AgentRun]) -> Sheet:
    """A list of runs as a flat table for download; times in UTC."""
    columns = ["run", "agent", "version", "status", "input", "result", "started by", "created", "started", "finished"]
    moments = [(run.created_at, run.started_at, run.finished_at) for run in runs]
    return Sheet(
        name="runs",
        columns=columns,
        rows=[
            [run.ref, run.agent_key, run.agent_version, run.status, run.source, run.headline]
            + [run.created_by.email if run.created_by else run.origin]
            + [moment.isoformat(timespec="seconds") if moment else None for moment in when]
            for run, when in zip(runs, moments, strict=True)
        ],
    )
