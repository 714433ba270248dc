"""Reads of agents and runs. Each takes who asks and demands the permission in the same call that fetches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.agents.contract import Agent
from apps.agents.finding import agent_of, agents_here, is_here
from apps.agents.models import AgentResult, AgentRun
from apps.agents.permissions import AGENTS_VIEW, RUNS_VIEW
from apps.common.errors import Conflict, NotFound
from apps.common.permissions import Principal, demand
from apps.common.spans import created_within
from apps.common.widgets import Sheet

PAGE = 50


def agents_list(*, who: Principal, search: str = "") -> list[Agent[Any, Any, Any]]:
    """The agents of the industries enabled here, by industry and title, then the tenant's own. One statement.

    `search` looks in title and summary.
    """
    demand(who, AGENTS_VIEW)
    return [agent for agent in agents_here() if is_found(agent, search)]


def is_found(agent: Agent[Any, Any, Any], search: str) -> bool:
    """Whether the words stand in what an agent is called or said to do."""
    return search.lower().strip() in f"{agent.title} {agent.summary} {agent.key}".lower()


def agent_get(*, who: Principal, key: str) -> Agent[Any, Any, Any]:
    """One agent, or `NotFound` when there is none of its key here."""
    demand(who, AGENTS_VIEW)
    agent = agent_of(key)
    if agent is None or not is_here(agent):
        raise NotFound(f"There is no agent {key!r} here.", remedy="See the list of agents for those you may use.")
    return agent


@dataclass(frozen=True)
class RunFilter:
    """What a list of runs is narrowed to; empty values do not narrow. The status ``open`` is queued or running."""

    status: str = ""
    agent: str = ""
    verdict: str = ""
    """Of its first decision, as it stands now."""
    search: str = ""
    since: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.status or self.agent or self.verdict or self.search or self.since or self.before)

    def apply(self, runs: QuerySet[AgentRun]) -> QuerySet[AgentRun]:
        if self.status:
            runs = runs.filter(status__in=AgentRun.OPEN if self.status == "open" else [self.status])
        if self.agent:
            runs = runs.filter(agent_key=self.agent)
        if self.verdict:
            runs = runs.filter(verdict=self.verdict)
        runs = created_within(runs, since=self.since, before=self.before)
        if text := self.search.strip():
            number = text.upper().removeprefix("R-")
            by_number = Q(number=int(number)) if number.isdecimal() and len(number) < 18 else Q()
            by_words = Q(source__icontains=text) | Q(headline__icontains=text) | Q(problem_code__icontains=text)
            runs = runs.filter(by_number | by_words)
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


def runs_page(
    *, who: Principal, narrow: RunFilter, before: UUID | None = None, ids: list[UUID] | None = None, size: int = PAGE
) -> RunPage:
    """One page of runs by key, of `ids` alone where they are given: as fast on the thousandth page as on the first."""
    runs = runs_query(who=who, narrow=narrow)
    if ids is not None:
        runs = runs.filter(pk__in=ids)
    if before:
        runs = runs.filter(id__lt=before)
    found = list(runs[: size + 1])
    return RunPage(found[:size], found[size - 1].id if len(found) > size else None)


def newest_run(*, who: Principal) -> UUID | None:
    """The id of the newest run: those that are newer were started since."""
    demand(who, RUNS_VIEW)
    return AgentRun.objects.order_by("-id").values_list("id", flat=True).first()


def runs_now(*, who: Principal, ids: list[UUID]) -> list[AgentRun]:
    """Those of `ids` that are runs here, the open ones and the newest, oldest first. One statement."""
    demand(who, RUNS_VIEW)
    newest = AgentRun.objects.order_by("-id").values("id")[:PAGE]
    wanted = Q(pk__in=ids) | Q(status__in=AgentRun.OPEN) | Q(pk__in=newest)
    return list(AgentRun.objects.filter(wanted).defer("input").order_by("-id")[: 4 * PAGE])[::-1]


def run_get(
    *, who: Principal, id: UUID | None = None, number: int | None = None, with_result: bool = False
) -> AgentRun:
    """One run by id or number; its input, and its result, are read when they are asked for, or the result at once.

    Raises `NotFound` where there is none here.
    """
    demand(who, RUNS_VIEW)
    runs = AgentRun.objects.defer("input").select_related("created_by", *(["result"] if with_result else []))
    run = runs.filter(**({"number": number} if id is None else {"pk": id})).first()
    if run is None:
        raise NotFound("There is no run of this name here.", remedy="See the list of runs.")
    return run


def runs_by_id(*, who: Principal, ids: Iterable[UUID]) -> dict[UUID, AgentRun]:
    """Those of `ids` that are runs here, by id. One statement."""
    demand(who, RUNS_VIEW)
    return AgentRun.objects.defer("input").select_related("created_by").in_bulk(list(ids))


def runs_open(*, who: Principal, most: int = 100) -> list[AgentRun]:
    """The runs that have not ended, newest first."""
    demand(who, RUNS_VIEW)
    return list(AgentRun.objects.filter(status__in=AgentRun.OPEN).defer("input")[:most])


def runs_latest(*, who: Principal, most: int) -> list[AgentRun]:
    """The newest runs."""
    demand(who, RUNS_VIEW)
    return list(AgentRun.objects.defer("input")[:most])


def runs_open_query(*, who: Principal) -> QuerySet[AgentRun]:
    demand(who, RUNS_VIEW)
    return AgentRun.objects.filter(status__in=AgentRun.OPEN)


def run_is_open(id: UUID) -> bool:
    """Whether a run that was fetched before has not ended yet."""
    return AgentRun.objects.filter(pk=id, status__in=AgentRun.OPEN).exists()


def run_report(run: AgentRun) -> tuple[Agent[Any, Any, Any], Any]:
    """The agent of a run and its typed output.

    Raises `Conflict` while there is none, `NotFound` for an agent that is no longer installed.
    """
    agent = agent_of(run.agent_key, run.agent_version)
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
    result: AgentResult | None = getattr(run, "result", None)  # no statement where it was read with the run
    return result.output if result else None


def runs_sheet(runs: list[AgentRun]) -> Sheet:
    """A list of runs as a flat table for download; times in UTC."""
    columns = [
        "run",
        "agent",
        "version",
        "status",
        "input",
        "verdict",
        "result",
        "started by",
        "created",
        "started",
        "finished",
    ]
    moments = [(run.created_at, run.started_at, run.finished_at) for run in runs]
    return Sheet(
        name="runs",
        columns=columns,
        rows=[
            [run.ref, run.agent_key, run.agent_version, run.status, run.source, run.verdict, run.headline]
            + [run.created_by.email if run.created_by else run.origin]
            + [moment.isoformat(timespec="seconds") if moment else None for moment in when]
            for run, when in zip(runs, moments, strict=True)
        ],
    )
