"""A result as it is told to a model: the same for the same run, of bounded size, each number with the place it is from.

What it leaves out can be read by tools (`reading`). Its places are also what the number check names as sources.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.agents import decisions
from apps.agents.contract import Agent
from apps.agents.models import AgentDecision, AgentRun
from apps.agents.records import Record
from apps.common.decisions import Decision
from apps.common.widgets import FiguresWidget, ScoreWidget, TableWidget, TextWidget, Widget

LONGEST: Final = 24_000
"""Characters of a digest as JSON: some 6,000 tokens."""
MOST_DECISIONS: Final = 10
MOST_ROWS: Final = 8
"""Of a table, at first: the others are read by a tool."""
MOST_TEXT: Final = 1_500
"""Characters of one text: what is longer is cut, and says so."""


@dataclass(frozen=True)
class Digest:
    """What a model is told of a run."""

    data: dict[str, Any]
    """JSON-able."""
    tables: dict[str, TableWidget] = field(repr=False)
    """The tables of the result by their keys, whole."""


def digest_of(
    run: AgentRun,
    agent: Agent[Any, Any, Any],
    report: Any,
    rows: Sequence[AgentDecision],
    record: Record | None,
) -> Digest:
    """The digest of a run that succeeded. `rows` are its decisions, the most important first."""
    widgets = agent.present(report)
    data: dict[str, Any] = {"agent": agent.title, "run": run.ref, "headline": _cut(run.headline)}
    if run.source:
        data["read_from"] = run.source
    if record:
        data["record"] = {"settings": record.settings, "tables_read": [_source(each) for each in record.sources]}
    if rows:
        data["decisions"] = decisions_told(rows[:MOST_DECISIONS])
        data["decisions_in_all"] = len(rows)
    data["result"] = [told_of(widget) for widget in widgets]
    _fit(data)
    return Digest(data, {widget.key: widget for widget in widgets if isinstance(widget, TableWidget)})


def _source(each: Any) -> dict[str, Any]:
    return {"name": each.name, "rows": each.rows}


def decisions_told(rows: Iterable[AgentDecision]) -> list[dict[str, Any]]:
    """Decisions with their reasons, in words and figures."""
    return [_decision(row, decisions.decision_of(row)) for row in rows]


def _decision(row: AgentDecision, said: Decision) -> dict[str, Any]:
    scale = decisions.scale_of(row, said)
    told: dict[str, Any] = {
        "subject": said.subject,
        "verdict": decisions.verdict_of(row.agent_key, row.verdict).title,
        "summary": _cut(said.summary),
        "score": said.score,
        "measured_on": f"{scale.title}, {scale.low:g} to {scale.high:g} {scale.unit}".strip() if scale else "",
        "confidence": said.confidence,
        "held_against": [each.model_dump(exclude_defaults=True) for each in said.thresholds],
        "reasons": [
            {"text": _cut(each.text), "evidence": [_cut(piece.text) for piece in each.evidence[:3]]}
            for each in said.reasons[:10]
        ],
        "weighed_as_well": [each.model_dump(exclude_defaults=True) for each in said.alternatives[:5]],
        "caveat": said.caveat,
    }
    if row.override:
        told["a_person_has_it_stand_at"] = decisions.verdict_of(row.agent_key, row.override).title
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def told_of(widget: Widget) -> dict[str, Any]:
    """A part of a result in words and figures."""
    told: dict[str, Any] = {"title": getattr(widget, "title", ""), "kind": widget.kind}
    if isinstance(widget, FiguresWidget):
        told["figures"] = [
            each.model_dump(include={"label", "value", "unit"}, exclude_defaults=True) | {"value": each.value}
            for each in widget.figures
        ]
    elif isinstance(widget, TextWidget):
        told |= {"text": _cut(widget.text), "reasons": [_cut(each) for each in widget.reasons[:20]]}
    elif isinstance(widget, ScoreWidget):
        told |= {"value": widget.value, "measured_on": f"{widget.scale.title} {widget.scale.unit}".strip()}
        told["held_against"] = [each.model_dump() for each in widget.thresholds]
    elif isinstance(widget, TableWidget):
        told |= {"table": widget.key, "rows_in_all": len(widget.rows), "columns": columns_told(widget)}
        told |= {"rows_are_named_by": widget.row_key, "rows": widget.rows[:MOST_ROWS]}
    if summary := getattr(widget, "summary", ""):
        told["summary"] = _cut(summary)
    return {name: value for name, value in told.items() if value not in ("", [])}


def columns_told(table: TableWidget) -> dict[str, str]:
    """What the columns of a table are called, by their keys."""
    return {each.key: f"{each.title} ({each.unit})" if each.unit else each.title for each in table.columns}


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}… (cut)"


def _fit(data: dict[str, Any]) -> None:
    """Leave out what matters least until it is no longer than `LONGEST`: rows of tables, then decisions, then parts."""
    for most in (4, 2, 0):
        if _length(data) <= LONGEST:
            return
        for part in data["result"]:
            if "rows" in part:
                part["rows"] = part["rows"][:most]
    for whole in (data.get("decisions", []), data["result"]):
        while len(whole) > 1 and _length(data) > LONGEST:
            whole.pop()
            data["is_cut"] = True
    if _length(data) > LONGEST:
        data["result"], data["is_cut"] = [], True
        data.pop("record", None)


def _length(data: dict[str, Any]) -> int:
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
