"""What the pages show of decisions: the opened one, with its evidence numbered and linked, and those beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest

from apps.agents import decisions, doing
from apps.agents.doing import Proposal
from apps.agents.finding import agent_of, agent_shown
from apps.agents.inputs import table_of
from apps.agents.models import AgentDecision, AgentReview, AgentRun
from apps.agents.permissions import DECISIONS_FEEDBACK, DECISIONS_REVIEW
from apps.common import formats
from apps.common.decisions import Decision, Evidence, Reason, Scale, Verdict
from apps.common.errors import NotFound
from apps.common.permissions import Principal
from apps.datasets import selectors as datasets
from apps.datasets.permissions import DATASETS_VIEW

PAGE: Final = 8
EXCERPT: Final = 2000
"""Characters of a part of an input that are shown."""
REVIEWS: Final = {
    "wanted": "Waits for a person",
    "confirmed": "Confirmed",
    "overridden": "Overridden",
    "none": "Not reviewed",
}


@dataclass(frozen=True)
class Shown:
    """A piece of evidence as it is numbered on the page."""

    number: int
    evidence: Evidence
    url: str = ""
    """Where what it names can be seen."""
    excerpt: str = ""
    """What stands there."""
    cells: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A decision in the list of those of its run."""

    row: AgentDecision
    said: Decision
    stands: Verdict
    url: str
    current: bool

    @property
    def score(self) -> str:
        """With the digits of its scale; a dash where there is none."""
        scale = decisions.scale_of(self.row, self.said)
        return formats.number(self.row.score, scale.digits if scale else None)


class Opened:
    """A decision as its run's page shows it."""

    def __init__(self, who: Principal, row: AgentDecision, said: Decision, evidence: list[list[Shown]]) -> None:
        self.row, self.said = row, said
        self.own: Verdict = decisions.verdict_of(row.agent_key, row.verdict)
        self.stands: Verdict = decisions.verdict_of(row.agent_key, row.stands)
        self.scale: Scale | None = decisions.scale_of(row, said)
        self.reasons: list[tuple[Reason, list[Shown]]] = list(zip(said.reasons, evidence, strict=True))
        self.evidence: list[Shown] = [each for part in evidence for each in part]
        self.reviews: list[tuple[AgentReview, Verdict]] = [
            (each, decisions.verdict_of(row.agent_key, each.verdict)) for each in decisions.reviews_of(row)
        ]
        self.proposals: list[Proposal] = doing.proposals_of(who=who, decision=row, said=said)
        agent = agent_shown(row.agent_key)
        self.offered: dict[str, Verdict] = dict(agent.verdicts) if agent else {}


def decided_context(who: Principal, request: HttpRequest, run: AgentRun) -> dict[str, Any]:
    """What a run's page says of its decisions, in the same few statements however many there are."""
    rows = decisions.decisions_of(who=who, run=run)
    if not rows:
        return feedback_context(who, run)
    said = [decisions.decision_of(row) for row in rows]
    asked = request.GET.get("decision", "")
    place = int(asked) if asked.isdecimal() and len(asked) < 5 and int(asked) < len(rows) else 0
    return feedback_context(who, run) | {
        "decision": Opened(who, rows[place], said[place], _evidence(who, request, run, said[place])),
        "decisions": DecisionList(request, rows, said, place) if len(rows) > 1 else None,
        "record": decisions.record_of(run),
        "can_see_data": who.can(DATASETS_VIEW),
        "review_words": REVIEWS,
        "can_review": who.can(DECISIONS_REVIEW),
    }


def feedback_context(who: Principal, run: AgentRun) -> dict[str, Any]:
    """Who found the result of a run right, and whether this person may say so."""
    feedback, user_id = decisions.feedback_of(who=who, run=run), getattr(who, "pk", None)
    return {
        "feedback": feedback,
        "own_feedback": next((each for each in feedback if each.by_id == user_id), None),
        "can_feedback": who.can(DECISIONS_FEEDBACK),
    }


class DecisionList:
    """The decisions of a run as the query string narrows them: `dq`, `dverdict`, `dreview`, `dpage`."""

    def __init__(
        self, request: HttpRequest, rows: Sequence[AgentDecision], said: Sequence[Decision], place: int
    ) -> None:
        query = request.GET
        self.search = query.get("dq", "")[:100]
        self.verdict, self.review = query.get("dverdict", "")[:40], query.get("dreview", "")
        self.total = len(rows)
        agent_key = rows[0].agent_key
        found = [n for n in range(len(rows)) if self._matches(rows[n], said[n])]
        self.found, self.pages = len(found), max(1, -(-len(found) // PAGE))
        asked = query.get("dpage", "")
        self.page = min(max(1, int(asked)) if asked.isdecimal() and len(asked) < 5 else 1, self.pages)
        self.lines = [
            Line(rows[n], said[n], decisions.verdict_of(agent_key, rows[n].stands), _address(request, n), n == place)
            for n in found[(self.page - 1) * PAGE : self.page * PAGE]
        ]
        stands = {row.stands for row in rows}
        self.verdicts = {code: decisions.verdict_of(agent_key, code).title for code in sorted(stands)}
        own = {"dq", "dverdict", "dreview", "dpage"}
        self.kept = [(name, value) for name, value in query.items() if name not in own]

    @property
    def narrowed(self) -> bool:
        return bool(self.search or self.verdict or self.review)

    def _matches(self, row: AgentDecision, said: Decision) -> bool:
        text = f"{said.subject} {said.summary}".lower()
        return (
            all(word in text for word in self.search.lower().split())
            and self.verdict in {"", row.stands}
            and (not self.review or (row.review or decisions.UNREVIEWED) == self.review)
        )


def _address(request: HttpRequest, place: int) -> str:
    query = request.GET.copy()
    query["decision"] = str(place)
    query.pop("source_row", None)
    return f"?{query.urlencode()}#decision"


def _evidence(who: Principal, request: HttpRequest, run: AgentRun, said: Decision) -> list[list[Shown]]:
    """The evidence of each reason, numbered through. A row of a dataset is read when it is asked for."""
    place = request.GET.get("source_row", "")
    wanted = int(place) if place.isdecimal() and len(place) < 10 else None
    number, shown = 0, []
    for reason in said.reasons:
        part = []
        for each in reason.evidence:
            number += 1
            part.append(_shown(who, request, run, each, number, wanted))
        shown.append(part)
    return shown


def _shown(
    who: Principal,
    request: HttpRequest,
    run: AgentRun,
    evidence: Evidence,
    number: int,
    wanted: int | None,
) -> Shown:
    query = request.GET.copy()
    if evidence.key:
        query["row"] = evidence.key
        return Shown(number, evidence, f"?{query.urlencode()}#detail")
    if evidence.row is not None:
        inline = _inline_rows(run)
        if inline is not None:
            cells = inline[evidence.row - 1] if evidence.row <= len(inline) else {}
            return Shown(number, evidence, cells=cells if isinstance(cells, dict) else {})
        if not who.can(DATASETS_VIEW):
            return Shown(number, evidence)
        cells = _dataset_row(who, run, evidence.row) if wanted == evidence.row else {}
        query["source_row"] = str(evidence.row)
        return Shown(number, evidence, "" if cells else f"?{query.urlencode()}#e{number}", cells=cells)
    if evidence.path:
        return Shown(number, evidence, excerpt=_at(run.input, evidence.path))
    return Shown(number, evidence)


def _inline_rows(run: AgentRun) -> list[Any] | None:
    """The rows that an input brings along itself; None where it names a dataset."""
    agent = agent_of(run.agent_key, run.agent_version)
    table = run.input.get(agent.table_field) if agent and agent.table_field else None
    rows = table.get("rows") if isinstance(table, dict) else None
    return rows if isinstance(rows, list) else None


def _dataset_row(who: Principal, run: AgentRun, row: int) -> dict[str, Any]:
    """A row of the dataset of an input by its number in the source file; empty where it is not there any more."""
    agent = agent_of(run.agent_key, run.agent_version)
    try:
        table = table_of(agent, agent.input_type.model_validate(run.input)) if agent else None
        if table is None or table.dataset is None:
            return {}
        frame = datasets.dataset_frame(datasets.dataset_get(who=who, id=table.dataset))
    except (NotFound, ValueError):
        return {}
    found = frame.filter(frame["__row__"] == row).drop("__row__").to_dicts()
    return found[0] if found else {}


def _at(value: Any, path: str) -> str:
    """What stands in an input at a path such as ``items.3``; empty where nothing does."""
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return text[:EXCERPT]
