"""A timeline, drawn: lanes of spans and moments under one axis of time, as a table that is also read out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apps.common.formats import duration, moment
from apps.common.widgets import TimelineEntry, TimelineWidget, Tone

MOST_LANES = 60
MOST_ENTRIES = 500
LEVEL = 22
"""Pixels of one row of bars; what overlaps in a lane lies below."""
MOST_LEVELS = 6
MOMENT = 0.015
"""The share of the axis that a moment takes, so that neighbours do not cover each other."""
# Beside the colour, so that a tone is seen without it.
GLYPHS: dict[Tone, str] = {"neutral": "", "good": "✓ ", "warning": "! ", "bad": "✕ "}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
STEPS = [1, 2, 5, 10, 15, 30]
STEPS += [_MINUTE * each for each in (1, 2, 5, 10, 15, 30)]
STEPS += [_HOUR * each for each in (1, 2, 3, 6, 12)]
STEPS += [_DAY * each for each in (1, 2, 4, 7, 14)]
MONTHS = [1, 2, 3, 6, *(12 * each for each in (1, 2, 5, 10, 20, 50, 100, 200, 500))]
MOST_TICKS = 7


@dataclass(frozen=True)
class Tick:
    left: str
    at: str
    form: str
    """How it is written, by its name in `static/console/timeline.js`."""
    text: str
    anchor: str
    second: bool
    """Whether it is left out on narrow screens."""


@dataclass(frozen=True)
class Mark:
    """A bar, or a sign where `width` is empty."""

    left: str
    width: str
    top: int
    tone: Tone
    label: str
    title: str
    before: bool
    """Whether the label of a sign stands at its left: there is no room at the right."""


@dataclass(frozen=True)
class Lane:
    name: str
    height: int
    marks: list[Mark]
    entries: list[TimelineEntry]


@dataclass(frozen=True)
class TimelineDrawing:
    lanes: list[Lane]
    ticks: list[Tick]
    note: str = ""


@dataclass
class _Axis:
    """Where a moment lies, as a share of the drawing's width."""

    low: datetime
    high: datetime
    span: float = field(init=False)

    def __post_init__(self) -> None:
        room = max((self.high - self.low) * 0.02, timedelta(seconds=1))
        self.low, self.high = _moved(self.low, -room), _moved(self.high, room)
        self.span = (self.high - self.low).total_seconds()

    def __call__(self, value: datetime) -> float:
        return (value - self.low).total_seconds() / self.span


def timeline_drawing(widget: TimelineWidget) -> TimelineDrawing:
    names = widget.lanes[:MOST_LANES]
    shown = [entry for entry in widget.entries if entry.lane in set(names)][:MOST_ENTRIES]
    if not shown:
        return TimelineDrawing([], [], _note(widget, names, shown))
    axis = _Axis(min(entry.start for entry in shown), max(entry.last for entry in shown))
    by_lane: dict[str, list[TimelineEntry]] = {name: [] for name in names}
    for entry in sorted(shown, key=lambda entry: entry.start):
        by_lane[entry.lane].append(entry)
    lanes = [_lane(name, entries, axis) for name, entries in by_lane.items()]
    return TimelineDrawing(lanes, list(_ticks(axis)), _note(widget, names, shown))


def _note(widget: TimelineWidget, names: list[str], shown: list[TimelineEntry]) -> str:
    parts = []
    if len(names) < len(widget.lanes):
        parts.append(f"the first {len(names)} of {len(widget.lanes)} lanes")
    if len(shown) < len(widget.entries):
        parts.append(f"{len(shown):,} of {len(widget.entries):,} entries")
    return f"Drawn are {' and '.join(parts)}; the table has them all." if parts else ""


def _lane(name: str, entries: list[TimelineEntry], axis: _Axis) -> Lane:
    """Entries in the first row where they cover none before; what finds none lies in the last."""
    free: list[float] = []
    marks = []
    for entry in entries:
        left = axis(entry.start)
        width = axis(entry.last) - left
        level = next((at for at, end in enumerate(free) if end <= left), len(free))
        if level == len(free) and level < MOST_LEVELS:
            free.append(0.0)
        level = min(level, MOST_LEVELS - 1)
        free[level] = max(free[level], left + max(width, MOMENT))
        marks.append(_mark(entry, left, width, level))
    return Lane(name, max(1, len(free)) * LEVEL + 4, marks, entries)


def _mark(entry: TimelineEntry, left: float, width: float, level: int) -> Mark:
    when = f"{moment(entry.start.astimezone(UTC))} UTC"
    lasted = "" if entry.end is None else f", {duration(entry.end - entry.start)}"
    return Mark(
        left=f"{100 * left:.3f}%",
        # A span is seen, however short.
        width="" if entry.end is None else f"{100 * max(width, 0.003):.3f}%",
        top=4 + level * LEVEL,
        tone=entry.tone,
        label=f"{GLYPHS[entry.tone]}{entry.name}",
        title=f"{entry.name}, {when}{lasted}" + (f": {entry.text}" if entry.text else ""),
        before=left > 0.7,
    )


def _ticks(axis: _Axis) -> Iterator[Tick]:
    low, high = axis.low.astimezone(UTC), axis.high.astimezone(UTC)
    form, moments = _moments(low, high, axis.span)
    for place, at in enumerate(moments):
        left = axis(at)
        anchor = "start" if left < 0.06 else "end" if left > 0.94 else "middle"
        yield Tick(f"{100 * left:.3f}%", at.isoformat(), form, _text(at, form), anchor, place % 2 == 1)


def _moments(low: datetime, high: datetime, span: float) -> tuple[str, list[datetime]]:
    """Round moments between two, at most `MOST_TICKS`, and how they are written."""
    for step in STEPS:
        if span / step <= MOST_TICKS:
            first = -(-low.timestamp() // step) * step
            count = int((high.timestamp() - first) // step) + 1
            found = [datetime.fromtimestamp(first + at * step, UTC) for at in range(max(0, count))]
            one_day = low.date() == high.date()
            form = "second" if step < _MINUTE else "day" if step >= _DAY else "clock" if one_day else "hour"
            return form, found
    months = next((each for each in MONTHS if span / (each * 30.4 * _DAY) <= MOST_TICKS), MONTHS[-1])
    first_month = -(-(low.year * 12 + low.month - 1 + (low.day > 1)) // months) * months
    found = []
    for at in range(first_month, high.year * 12 + high.month, months):
        if 1 <= at // 12 <= 9999:
            found.append(datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC))
    return "year" if months >= 12 else "month", [each for each in found if low <= each <= high]


def _text(at: datetime, form: str) -> str:
    written = {"second": "%H:%M:%S", "clock": "%H:%M", "month": "%b %Y", "year": "%Y"}
    if form in written:
        return at.strftime(written[form])
    day = f"{at.day} {at:%b}"
    return day if form == "day" else f"{day}, {at:%H:%M}"


def _moved(value: datetime, by: timedelta) -> datetime:
    try:
        return value + by
    except OverflowError:
        return value
