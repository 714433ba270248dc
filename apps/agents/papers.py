"""A decision with its record on paper: everything that it rests on, in one document to keep, as HTML or PDF.

The same record gives the same bytes: nothing in it says when it was printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header

from apps.agents import auditing, decisions
from apps.agents.downloads import download_note
from apps.agents.finding import agent_shown
from apps.agents.models import AgentAction, AgentDecision, AgentFeedback, AgentReview, AgentRun
from apps.agents.paper_pdf import pdf_bytes
from apps.agents.records import Record, canonical
from apps.common import formats
from apps.common.decisions import Decision, Evidence
from apps.common.permissions import Principal
from apps.tenants.context import current_tenant

PDF: Final = "application/pdf"
HTML: Final = "text/html; charset=utf-8"


@dataclass
class Section:
    """A part of a paper: pairs of a term and what it is, and points, each with what belongs to it."""

    title: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    points: list[tuple[str, list[str]]] = field(default_factory=list)


@dataclass
class Paper:
    title: str
    verdict: str
    summary: str
    facts: list[tuple[str, str]]
    sections: list[Section]
    caveat: str = ""
    digest: str = ""
    """SHA-256 of everything above, in hexadecimal."""

    def seal(self) -> Paper:
        told = [self.title, self.verdict, self.summary, self.facts, self.caveat]
        parts = [[each.title, each.pairs, each.points] for each in self.sections]
        self.digest = hashlib.sha256(canonical([told, parts])).hexdigest()
        return self


def download(*, who: Principal, run: AgentRun, position: int, sort: Literal["html", "pdf"]) -> HttpResponse:
    """A decision of a run as a file to keep. Raises `NotFound`, and `AuditNotWritten`."""
    row = decisions.decision_get(who=who, run=run, position=position)
    reviews, taken = decisions.reviews_of(row), decisions.actions_of(row)
    paper = paper_of(row, decisions.record_of(run), reviews, taken, decisions.feedback_of(who=who, run=run))
    content = pdf_bytes(paper) if sort == "pdf" else render_to_string("agents/paper.html", {"paper": paper}).encode()
    what = f"decision {row.position + 1} of {run.ref}"
    download_note(who=who, subject=auditing.run_subject(run), what=what, form=sort, digest=paper.digest)
    response = HttpResponse(content, content_type=PDF if sort == "pdf" else HTML)
    name = f"{run.ref}-decision-{position}.{sort}"  # of our making: nothing that anybody typed is in it
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def paper_of(
    row: AgentDecision,
    record: Record | None,
    reviews: list[AgentReview],
    taken: dict[int, AgentAction],
    feedback: list[AgentFeedback],
) -> Paper:
    """The paper of a decision."""
    said, agent = decisions.decision_of(row), agent_shown(row.agent_key)
    stands = decisions.verdict_of(row.agent_key, row.stands).title
    title = f"{agent.title if agent else row.agent_key}: {said.subject or row.run.ref}"
    sections = [
        _reasons(said),
        _thresholds(said),
        _alternatives(said),
        _reviews(row, reviews),
        _feedback(feedback),
        _actions(said, taken),
        _came_from(row, record),
    ]
    return Paper(
        title=title,
        verdict=stands,
        summary=said.summary,
        facts=list(_facts(row, said)),
        sections=[each for each in sections if each.pairs or each.points],
        caveat=said.caveat,
    ).seal()


def _facts(row: AgentDecision, said: Decision) -> Iterator[tuple[str, str]]:
    yield "Organisation", current_tenant().name
    yield "Run", f"{row.run.ref}, decision {row.position + 1}"
    yield "Decided", _moment(row.created_at)
    if row.override:
        yield "By the agent", decisions.verdict_of(row.agent_key, row.verdict).title
    scale = decisions.scale_of(row, said)
    if said.score is not None and scale is not None:
        unit = f" {scale.unit}" if scale.unit else ""
        bounds = f"{formats.number(scale.low)} to {formats.number(scale.high)}{unit}"
        yield (
            scale.title,
            f"{formats.number(said.score, scale.digits)}{unit} on a scale of {bounds}{_band(said, scale)}",
        )
    if said.confidence is not None:
        yield "Confidence", f"{formats.number(100 * said.confidence, 0)} %"


def _band(said: Decision, scale: Any) -> str:
    band = next((each for each in scale.bands if said.score is not None and said.score <= each.upto), None)
    return f": {band.title}" if band else ""


def _reasons(said: Decision) -> Section:
    """What is told, or cited, more than once stands there in full the first time."""
    points = []
    number, cited = 0, dict[str, int]()
    for reason in said.reasons:
        evidence = []
        told: list[Evidence] = []
        for each in reason.evidence:
            number += 1
            source = f"source of [{cited[each.source]}]" if each.source in cited else each.source
            if each.source:
                cited.setdefault(each.source, number)
            what = each.model_copy(update={"source": ""})
            evidence.append(f"[{number}] {source if source and what in told else _evidence(what, source)}")
            told.append(what)
        against = " (spoke against it)" if reason.weight < 0 else ""
        points.append((f"{reason.text}{against}", evidence))
    return Section("Reasons, the heaviest first", points=points)


def _evidence(each: Evidence, source: str) -> str:
    places = [
        f"row {each.row} of the data" if each.row is not None else "",
        f"input {each.path}" if each.path else "",
        f"result “{each.key}”" if each.key else "",
        source,
    ]
    where = "; ".join(filter(None, places))
    return f"{each.text} ({where})" if where else each.text


def _thresholds(said: Decision) -> Section:
    pairs = []
    for each in said.thresholds:
        unit = f" {each.unit}" if each.unit else ""
        seen = "" if each.seen is None else f", seen {_cell(each.seen)}{unit}"
        pairs.append((each.name, f"{_cell(each.value)}{unit}{seen}"))
    return Section("Thresholds", pairs=pairs)


def _alternatives(said: Decision) -> Section:
    return Section("What else was weighed", points=[(each.title, [each.why_not]) for each in said.alternatives])


def _reviews(row: AgentDecision, reviews: list[AgentReview]) -> Section:
    points = []
    for each in reviews:
        title = decisions.verdict_of(row.agent_key, each.verdict).title
        said = f"{title}, by {each.by or 'a former member'}, {_moment(each.at)}"
        points.append((said, [each.reason] if each.reason else []))
    if row.review == AgentDecision.Review.WANTED:
        points.append(("It waits for a person to review it", []))
    return Section("What people hold of it", points=points)


def _feedback(feedback: list[AgentFeedback]) -> Section:
    points = []
    for each in feedback:
        word = "Right" if each.is_right else "Wrong"
        points.append((f"{word}, by {each.by}, {_moment(each.at)}", [each.comment] if each.comment else []))
    return Section("Whether people found the result right", points=points)


def _actions(said: Decision, taken: dict[int, AgentAction]) -> Section:
    points = []
    for place, action in enumerate(said.actions):
        done = taken.get(place)
        told = [action.why] if action.why else []
        if done:
            who = done.by or "a former member"
            told.append(f"{done.get_status_display()} by {who}, {_moment(done.at)}: {done.outcome}")
        points.append((action.title, told))
    return Section("Proposed actions", points=points)


def _came_from(row: AgentDecision, record: Record | None) -> Section:
    if record is None:
        return Section("What it came from", pairs=[("Agent", f"{row.agent_key} {row.agent_version}")])
    settings = f"version {record.settings_version}" if record.settings_version else "the agent's own"
    model = record.model
    pairs = [
        ("Agent", f"{record.agent} {record.agent_version}"),
        ("Settings", settings),
        *[(f"Setting {name}", _json(value)) for name, value in sorted(record.settings.items())],
        ("Input, SHA-256", record.input_sha256),
        *[(f"Data {each.name}, SHA-256", each.sha256) for each in record.sources],
        ("Language model", f"{model.name} {model.version}" if model else "none"),
        *([(f"Prompt {name}", version) for name, version in sorted(model.prompts.items())] if model else []),
        *[(f"Trained here {key}", f"version {version}") for key, version in sorted(record.trained.items())],
    ]
    return Section("What it came from", pairs=pairs)


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else formats.number(value)


def _json(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text or formats.NOTHING
