"""When a point of a control chart is a signal: the rules of Western Electric and of Nelson, each by its name.

Western Electric Company, Statistical Quality Control Handbook, 1956; L. S. Nelson, The Shewhart Control Chart: Tests
for Special Causes, Journal of Quality Technology 16 (1984) 237-239. A rule marks the point at which it is fulfilled,
and begins anew with each stage. Zones are thirds of the way to three standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .charts import Chart
from .samples import Counts, Mask, Values

Pattern = Literal["beyond", "near limit", "away", "run", "trend", "alternation", "hugging", "mixture"]


@dataclass(frozen=True)
class Seen:
    """What a rule looks at: points in standard errors from their centre, and those beyond the limits."""

    z: Values
    outside: Mask
    points: Values
    begins: Counts


@dataclass(frozen=True)
class Rule:
    """One rule. `window` is how many points it looks at; `zones`: it needs a symmetrical statistic."""

    key: str
    text: str
    pattern: Pattern
    window: int
    zones: bool
    find: Callable[[Seen], Mask]


@dataclass(frozen=True)
class Signal:
    """A rule that is fulfilled by a stretch of points: the numbers of its first and its last."""

    rule: Rule
    first: int
    last: int
    extreme: float
    """How far its farthest point is from the centre, as `distance` has it."""


def _some_of(mask: Mask, few: int, many: int, seen: Seen) -> Mask:
    """Where the point itself and at least `few` of the last `many` points of its stage are marked."""
    total = np.concatenate([[0], np.cumsum(mask)])
    at = np.arange(len(mask))
    since = np.maximum(at - many + 1, seen.begins)
    enough: Mask = mask & (total[at + 1] - total[since] >= few)
    return enough


def _side(few: int, many: int, zone: float) -> Callable[[Seen], Mask]:
    """At least `few` of `many` points on one side, farther than `zone`."""
    return lambda seen: _some_of(seen.z > zone, few, many, seen) | _some_of(seen.z < -zone, few, many, seen)


def _steps(length: int) -> Callable[[Seen], Mask]:
    """So many points in a row, each above the one before it, or each below."""

    def find(seen: Seen) -> Mask:
        step = np.diff(seen.points, prepend=np.nan)
        step[seen.begins == np.arange(len(step))] = np.nan
        return _some_of(step > 0, length - 1, length - 1, seen) | _some_of(step < 0, length - 1, length - 1, seen)

    return find


def _zigzag(length: int) -> Callable[[Seen], Mask]:
    """So many points in a row that go up and down in turn."""

    def find(seen: Seen) -> Mask:
        step = np.sign(np.diff(seen.points, prepend=np.nan))
        turn = np.concatenate([[False], step[1:] * step[:-1] < 0])
        turn[np.arange(len(step)) - seen.begins < 2] = False
        return _some_of(turn, length - 2, length - 2, seen)

    return find


def _beyond(seen: Seen) -> Mask:
    return seen.outside


def _within(length: int) -> Callable[[Seen], Mask]:
    return lambda seen: _some_of(np.abs(seen.z) < 1, length, length, seen)


def _without(length: int) -> Callable[[Seen], Mask]:
    return lambda seen: _some_of(np.abs(seen.z) > 1, length, length, seen)


RULES = {
    rule.key: rule
    for rule in (
        Rule("WE1", "one point beyond a limit", "beyond", 1, False, _beyond),
        Rule(
            "WE2", "two of three points beyond two thirds of the way to a limit", "near limit", 3, True, _side(2, 3, 2)
        ),
        Rule("WE3", "four of five points beyond one third of the way to a limit", "away", 5, True, _side(4, 5, 1)),
        Rule("WE4", "eight points in a row on one side of the centre", "run", 8, False, _side(8, 8, 0)),
        Rule("N1", "one point beyond a limit", "beyond", 1, False, _beyond),
        Rule("N2", "nine points in a row on one side of the centre", "run", 9, False, _side(9, 9, 0)),
        Rule("N3", "six points in a row, all rising or all falling", "trend", 6, False, _steps(6)),
        Rule("N4", "fourteen points in a row that go up and down in turn", "alternation", 14, False, _zigzag(14)),
        Rule(
            "N5", "two of three points beyond two thirds of the way to a limit", "near limit", 3, True, _side(2, 3, 2)
        ),
        Rule("N6", "four of five points beyond one third of the way to a limit", "away", 5, True, _side(4, 5, 1)),
        Rule("N7", "fifteen points in a row in the middle third", "hugging", 15, True, _within(15)),
        Rule("N8", "eight points in a row, none in the middle third", "mixture", 8, True, _without(8)),
    )
}
SETS = {
    "Western Electric": ("WE1", "WE2", "WE3", "WE4"),
    "Nelson": ("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8"),
    "limits only": ("WE1",),
}
OWN_LIMITS = {"small shift", "joint"}
"""Places whose points depend on each other or are no distances: only the limits of such a chart say something."""


def outside(chart: Chart) -> Mask:
    """Points beyond a limit. A point at its limit is within; so is one that is off by what arithmetic loses."""
    slack = 1e-9 * np.maximum(np.abs(chart.upper - chart.lower), np.finfo(np.float64).tiny)
    return (chart.points > chart.upper + slack) | (chart.points < chart.lower - slack)


def marks(chart: Chart, keys: Sequence[str]) -> dict[str, Mask]:
    """For each rule that suits the chart, the points at which it is fulfilled."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(chart.se > 0, (chart.points - chart.centre) / chart.se, 0.0)
        seen = Seen(z, outside(chart), chart.points, chart.order.begins)
        return {key: RULES[key].find(seen) for key in keys if suits(RULES[key], chart)}


def suits(rule: Rule, chart: Chart) -> bool:
    """Zone rules want points that scatter evenly about their centre: means do, ranges and counts do not."""
    if chart.place in OWN_LIMITS:
        return rule.pattern == "beyond"
    return not rule.zones or chart.place == "level"


def distance(chart: Chart) -> Values:
    """How far points are from the centre in standard errors; without these in thirds of the way to the upper limit."""
    away = np.abs(chart.points - chart.centre)
    with np.errstate(invalid="ignore", divide="ignore"):
        far = np.where(np.isnan(chart.se), 3 * away / (chart.upper - chart.centre), away / chart.se)
    return np.where(np.isfinite(far), far, 0.0)


def signals(chart: Chart, marked: dict[str, Mask], most: int = 1_000) -> tuple[list[Signal], int]:
    """Stretches of points that `marks` has marked, with those that lead to them, and how many there are.

    Of each rule the `most` stretches with the farthest points are told, in the order of time.
    """
    far = distance(chart)
    found, count = list[Signal](), 0
    for key, mask in marked.items():
        at = np.flatnonzero(mask)
        if not len(at):
            continue
        apart = np.diff(at, prepend=-2) > 1
        apart[1:] |= np.diff(chart.order.begins[at]) > 0
        starts = np.flatnonzero(apart)
        ends = np.append(starts[1:], len(at)) - 1
        count += len(starts)
        kept = np.sort(np.argsort(-np.maximum.reduceat(far[at], starts), kind="stable")[:most])
        for first, last in zip(at[starts[kept]].tolist(), at[ends[kept]].tolist(), strict=True):
            begin = max(first - RULES[key].window + 1, int(chart.order.begins[first]))
            found.append(Signal(RULES[key], begin, last, float(far[begin : last + 1].max())))
    return found, count
