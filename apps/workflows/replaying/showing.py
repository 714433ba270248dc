"""What of a replay its page shows: the sums as bars, and every run in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.workflows.models import Replay, ReplayRun
from apps.workflows.replaying.services import asked_of, summary_of
from apps.workflows.replaying.summing import Pair, Summary
from apps.workflows.replaying.telling import END_WORDS, Told

VERDICTS = (("changed", "Changed"), ("same", "The same"), ("unknown", "Cannot be told"))


@dataclass(frozen=True)
class Bar:
    """A measure before and after, drawn on one scale. Widths are of 100."""

    title: str
    before: int
    after: int
    most: int

    @property
    def before_width(self) -> float:
        return round(100 * self.before / self.most, 2) if self.most else 0.0

    @property
    def after_width(self) -> float:
        return round(100 * self.after / self.most, 2) if self.most else 0.0

    @property
    def more(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Part:
    """A share of the runs."""

    key: str
    title: str
    count: int
    at: float
    width: float


@dataclass(frozen=True)
class Shown:
    """A run of a replay in words."""

    row: ReplayRun
    told: Told

    @property
    def before(self) -> str:
        return END_WORDS.get(self.told.before.end, self.told.before.end)

    @property
    def after(self) -> str:
        return END_WORDS.get(self.told.after.end, self.told.after.end)


def parts_of(summary: Summary) -> list[Part]:
    """The verdicts as shares of one bar."""
    at, found = 0.0, []
    for key, title in VERDICTS:
        count = getattr(summary, key)
        width = 100 * count / summary.count if summary.count else 0.0
        found.append(Part(key, title, count, round(at, 2), round(width, 2)))
        at += width
    return found


def ends_of(summary: Summary) -> list[Bar]:
    """How runs ended before and after."""
    keys = dict.fromkeys([*summary.ends, *(end for after in summary.ends.values() for end in after)])
    ordered = [key for key in END_WORDS if key in keys]
    return [_bar(END_WORDS[key].capitalize(), summary.ended(key), summary.count) for key in ordered]


def steps_of(summary: Summary) -> list[Bar]:
    """In how many runs each step gave something, those first whose number changes most."""
    bars = [_bar(step.title, step.ran, summary.count) for step in summary.steps.values()]
    return sorted(bars, key=lambda bar: -abs(bar.more))


def shown_of(rows: list[ReplayRun]) -> list[Shown]:
    return [Shown(row, Told.model_validate(row.told)) for row in rows]


def figures_of(replay: Replay) -> dict[str, Any]:
    """The sums of a replay, as its page shows them."""
    summary = summary_of(replay)
    return {
        "summary": summary,
        "asked": asked_of(replay),
        "parts": parts_of(summary),
        "ends": ends_of(summary),
        "steps": steps_of(summary),
        "ways": [(title, way, count) for title, ways in summary.verdicts.items() for way, count in ways.items()],
        "percent": round(100 * replay.done / replay.total) if replay.total else 100,
    }


def _bar(title: str, pair: Pair, most: int) -> Bar:
    return Bar(title, pair.before, pair.after, most)
