"""Reads of what agents decided. Each takes who asks and demands the permission in the same call that fetches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from apps.agents.finding import agent_shown
from apps.agents.models import AgentAction, AgentDecision, AgentFeedback, AgentResult, AgentReview, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.agents.records import Record
from apps.common.decisions import Decision, Scale, Verdict
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.common.spans import created_within
from apps.common.widgets import Sheet

PAGE: Final = 50
LATEST: Final = 5
"""Of what people say of an agent's results, so much is shown on its page."""
UNREVIEWED: Final = "none"
"""How a filter calls decisions that nobody has looked at and nobody has to."""
Review = AgentDecision.Review
_RUN_PAYLOADS: Final = ("run__input", "run__problem")


@dataclass(frozen=True)
class DecisionFilter:
    """What a list of decisions is narrowed to; empty values do not narrow."""

    agent: str = ""
    verdict: str = ""
    """That stands: a person's where there is one."""
    review: str = ""
    search: str = ""
    """The number of a run: whom or what is judged is sealed, so the database does not know it."""
    since: datetime | None = None
    before: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.agent or self.verdict or self.review or self.search or self.since or self.before)

    def apply(self, rows: QuerySet[AgentDecision]) -> QuerySet[AgentDecision]:
        if self.agent:
            rows = rows.filter(agent_key=self.agent)
        if self.verdict:
            rows = rows.filter(Q(override=self.verdict) | Q(override="", verdict=self.verdict))
        if self.review:
            rows = rows.filter(review="" if self.review == UNREVIEWED else self.review)
        if text := self.search.strip():
            number = text.upper().removeprefix("R-")
            whole = number.isdecimal() and len(number) < 18
            rows = rows.filter(run__number=int(number)) if whole else rows.none()
        return created_within(rows, since=self.since, before=self.before)


def decisions_query(*, who: Principal, narrow: DecisionFilter | None = None) -> QuerySet[AgentDecision]:
    """Decisions with their runs, newest first. Evaluate it before leaving the tenant."""
    demand(who, RUNS_VIEW)
    rows = AgentDecision.objects.select_related("run", "reviewed_by").defer(*_RUN_PAYLOADS).order_by("-id")
    return (narrow or DecisionFilter()).apply(rows)


def decisions_waiting(*, who: Principal) -> QuerySet[AgentDecision]:
    """Decisions that wait for a person, to be counted."""
    demand(who, RUNS_VIEW)
    return AgentDecision.objects.filter(review=Review.WANTED)


@dataclass(frozen=True)
class Opinions:
    """What people have said of an agent's results."""

    right: int
    wrong: int
    latest: list[AgentFeedback]


@dataclass(frozen=True)
class DecisionPage:
    decisions: list[AgentDecision]
    older: UUID | None
    """Pass as `before` to get the next page; None at the end."""


def decisions_page(*, who: Principal, narrow: DecisionFilter, before: UUID | None = None) -> DecisionPage:
    """One page of decisions by key. One statement."""
    rows = decisions_query(who=who, narrow=narrow)
    found = list((rows.filter(id__lt=before) if before else rows)[: PAGE + 1])
    return DecisionPage(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def decisions_of(*, who: Principal, run: AgentRun) -> list[AgentDecision]:
    """What was decided in a run, the most important first; empty while it is open. One statement."""
    demand(who, RUNS_VIEW)
    rows = list(AgentDecision.objects.filter(run=run).select_related("reviewed_by").order_by("position"))
    for row in rows:
        row.run = run
    return rows


def decision_get(*, who: Principal, run: AgentRun, position: int) -> AgentDecision:
    """One decision of a run. Raises `NotFound`."""
    demand(who, RUNS_VIEW)
    found = AgentDecision.objects.filter(run=run, position=position).select_related("reviewed_by").first()
    if found is None:
        raise NotFound(f"{run.ref} has no decision {position}.", remedy="See the run for what was decided.")
    found.run = run
    return found


def reviews_of(decision: AgentDecision) -> list[AgentReview]:
    """Every review of a decision that was fetched before, oldest first. One statement."""
    return list(AgentReview.objects.filter(decision=decision).select_related("by").order_by("number"))


def reviews_by_decision(decisions: Sequence[AgentDecision]) -> dict[UUID, list[AgentReview]]:
    """The reviews of decisions that were fetched before. One statement."""
    found: dict[UUID, list[AgentReview]] = {}
    for review in AgentReview.objects.filter(decision__in=decisions).select_related("by").order_by("number"):
        found.setdefault(review.decision_id, []).append(review)
    return found


def actions_of(decision: AgentDecision) -> dict[int, AgentAction]:
    """What was done of the proposals of a decision that was fetched before, by their places. One statement."""
    return {each.position: each for each in AgentAction.objects.filter(decision=decision).select_related("by")}


def actions_by_decision(decisions: Sequence[AgentDecision]) -> dict[UUID, dict[int, AgentAction]]:
    """What was done of the proposals of decisions that were fetched before. One statement."""
    found: dict[UUID, dict[int, AgentAction]] = {}
    for taken in AgentAction.objects.filter(decision__in=decisions).select_related("by"):
        found.setdefault(taken.decision_id, {})[taken.position] = taken
    return found


def record_of(run: AgentRun) -> Record | None:
    """What the result of a run came from that was fetched before; None where that was not recorded. One statement."""
    found = AgentResult.objects.filter(run=run).only("run", "record").first()
    return Record.model_validate(found.record) if found and found.record else None


def feedback_of(*, who: Principal, run: AgentRun) -> list[AgentFeedback]:
    """What people have said of a run's result, the latest first. One statement."""
    demand(who, RUNS_VIEW)
    return list(AgentFeedback.objects.filter(run=run).select_related("by"))


def opinions_of(*, who: Principal, agent: str) -> Opinions:
    """What people have said of the results of an agent, by its key. Two statements."""
    demand(who, RUNS_VIEW)
    given = AgentFeedback.objects.filter(run__agent_key=agent)
    right, wrong = (Count("id", filter=Q(is_right=is_right)) for is_right in (True, False))
    counts = given.aggregate(right=right, wrong=wrong)
    return Opinions(**counts, latest=list(given.select_related("by", "run").defer(*_RUN_PAYLOADS)[:LATEST]))


def decision_of(row: AgentDecision) -> Decision:
    """What the agent decided, as it was recorded."""
    return Decision.model_validate(row.record)


def verdict_of(agent_key: str, code: str) -> Verdict:
    """A verdict by its code; one of this name where this release of the agent has none of it."""
    agent = agent_shown(agent_key)
    found = agent.verdicts.get(code) if agent else None
    return found or Verdict(title=code.replace("_", " ").capitalize())


def scale_of(row: AgentDecision, decision: Decision) -> Scale | None:
    """What the score of a decision is measured on."""
    agent = agent_shown(row.agent_key)
    return decision.scale or (agent.scale if agent else None)


def verdicts_offered(keys: Iterable[str]) -> dict[str, str]:
    """The titles of the verdicts that these agents may come to, by their codes."""
    found = {
        code: verdict.title for key in keys if (agent := agent_shown(key)) for code, verdict in agent.verdicts.items()
    }
    return dict(sorted(found.items(), key=lambda each: each[1]))


def decisions_sheet(rows: Sequence[AgentDecision]) -> Sheet:
    """A list of decisions as a flat table for download; times in UTC. Two statements."""
    reviews = reviews_by_decision(rows)
    columns = ["run", "decision", "agent", "version", "subject", "verdict", "stands", "score", "summary", "decided"]
    return Sheet(
        name="decisions",
        columns=[*columns, "review", "reviewed by", "reviewed", "reason"],
        rows=[[*_decided(row), *_reviewed(row, reviews.get(row.id, []))] for row in rows],
    )


def _decided(row: AgentDecision) -> list[Any]:
    said = decision_of(row)
    verdicts = [verdict_of(row.agent_key, code).title for code in (row.verdict, row.stands)]
    made = row.created_at.isoformat(timespec="seconds")
    place = [row.run.ref, row.position, row.agent_key, row.agent_version]
    return [*place, said.subject, *verdicts, row.score, said.summary, made]


def _reviewed(row: AgentDecision, reviews: Sequence[AgentReview]) -> list[Any]:
    at = row.reviewed_at.isoformat(timespec="seconds") if row.reviewed_at else None
    return [row.review, str(row.reviewed_by or ""), at, reviews[-1].reason if reviews else None]
