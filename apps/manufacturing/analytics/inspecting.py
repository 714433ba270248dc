"""One study from its table to what there is to look at: which charts, by which estimate, and what they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from apps.common import numbers
from apps.common.errors import InvalidInput, Issue

from . import causes, reading, shifts, tables
from .capability import Spec
from .charts import COUNTED, ESTIMATES, MEASURED, Chart, Known, Unusable
from .layout import Plan, Study, plan
from .rules import RULES, Signal, signals
from .samples import Mask, Order, Samples, Values

if TYPE_CHECKING:
    import polars

Kind = Literal["Xbar-R", "Xbar-S", "I-MR", "p", "np", "c", "u", "EWMA", "CUSUM", "Hotelling T²"]
Tell = Callable[[str], None]
JOINT = "All together"
"""What the chart of several characteristics is listed as."""
RANGES_TO = 8
"""The largest sample whose range is as good as its deviation (AIAG, Statistical Process Control, 2nd edition)."""
CHANCE = 0.0026997960632601965
"""That a normal value lies beyond three standard deviations."""


@dataclass(frozen=True)
class Choices:
    """What somebody decided; ``auto`` and None leave it to detection or estimation."""

    roles: dict[str, str] = field(default_factory=dict)
    study: Study | Literal["auto"] = "auto"
    chart: Kind | Literal["auto"] = "auto"
    spec: Spec = field(default_factory=Spec)
    known: Known = field(default_factory=Known)
    baseline: int | None = None
    """So many first samples of each stage give the limits, where no column says which."""
    reach: float = 3.0
    decimals: numbers.Decimals = "auto"
    weight: float = 0.2
    shift: float = 1.0
    interval: float = 5.0


@dataclass(frozen=True)
class Charted:
    """One characteristic and its charts, the one to read first in front."""

    name: str
    kind: Kind
    why: str
    charts: list[Chart]
    values: Values | None = None
    """Measurements, where there are any."""
    spec: Spec = field(default_factory=Spec)
    parts: shifts.Joint | None = None


@dataclass
class Prepared:
    """A table that was read and charted: what it is a study of, and that study's data."""

    plan: Plan
    decimals: numbers.Decimals
    charted: list[Charted] = field(default_factory=list)
    gauges: list[reading.Gauged] = field(default_factory=list)
    lots: reading.Lots | None = None
    kinds: tuple[list[str], Values] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """One thing to look at: a signal, with the other rules that mark samples of it."""

    chart: Chart
    signal: Signal
    rules: list[str]
    weight: float
    at: int
    """The sample that is farthest from the centre."""
    says: str = ""
    """What else is known of it."""

    @property
    def causes(self) -> tuple[str, ...]:
        return causes.causes(self.signal.rule.pattern, self.chart.place)


def prepare(frame: polars.DataFrame, choices: Choices, tell: Tell = lambda note: None) -> Prepared:
    """Read and chart. Raises `InvalidInput` naming rows, columns and fields, whenever nothing could be said."""
    spec = reading.checked(choices.spec)
    counts = None if choices.chart == "auto" else choices.chart in COUNTED
    has_spec = spec.lower is not None or spec.upper is not None
    made = plan(frame, choices.roles, choices.study, has_spec=has_spec, counts=counts)
    notes: list[str] = []
    tell("Reading the columns")
    source = tables.table(frame, made, choices.decimals, notes)
    found = Prepared(made, choices.decimals, notes=notes)
    if made.form == "gauge study":
        found.gauges = reading.gauged(source)
    elif made.form == "sampling plan":
        found.lots = reading.lots(source)
    elif made.form == "pareto":
        found.kinds = _some_kinds(reading.kinds(source))
    elif made.form == "counted":
        found.charted = _counted(source, reading.counted(source), choices)
    else:
        every = reading.measured(source, spec, tell)
        tell("Computing limits")
        found.charted = _measured(every, choices, notes)
        _refuse_unasked(found)
    return found


def _some_kinds(kinds: tuple[list[str], Values]) -> tuple[list[str], Values]:
    if not kinds[1].sum():
        raise InvalidInput("No defect was counted; there is nothing to put in order.", remedy="Check the counts.")
    return kinds


def _refuse_unasked(found: Prepared) -> None:
    """A study of capability has something to compare with."""
    if found.plan.study == "capability" and not any(_asked(one.spec) for one in found.charted):
        message = "A study of capability needs a lower or an upper limit of the specification."
        raise InvalidInput(
            f"{message} Nothing was started.",
            remedy="Enter the limits, or add columns `lsl` and `usl` to the table.",
            issues=[Issue(path="lower_spec", message=message)],
        )


def _asked(spec: Spec) -> bool:
    return spec.lower is not None or spec.upper is not None


def _measured(every: list[reading.Measured], choices: Choices, notes: list[str]) -> list[Charted]:
    if choices.chart in COUNTED:
        raise InvalidInput(
            f"The chart {choices.chart} is one of counts, and the table holds measurements.",
            remedy="Choose another chart, or the column of the defects.",
            issues=[Issue(path="chart", message=f"{choices.chart} needs counts.")],
        )
    every = [replace(one, samples=_based(one.samples, choices.baseline)) for one in every]
    if choices.chart == "Hotelling T²":
        return [_joint(every, choices)]
    made = [_usable(one.name, partial(_charted, one, choices)) for one in every]
    if choices.chart == "auto" and 2 <= len(every) <= shifts.MOST_TOGETHER and _alike(every):
        try:
            made.append(_together(every, choices))
        except Unusable as why:
            notes.append(f"The characteristics were not watched together: {str(why)[0].lower()}{str(why)[1:]}")
    return made


def _usable(name: str, make: Callable[[], Charted]) -> Charted:
    try:
        return make()
    except Unusable as why:
        where = "" if name == tables.ONLY else f"“{name}”: "
        raise InvalidInput(
            f"{where}{why} Nothing was started.",
            remedy="Choose another chart, another baseline, or give the known mean and deviation.",
            issues=[Issue(path="chart", message=f"{where}{why}")],
        ) from why


def _based(samples: Samples, first: int | None) -> Samples:
    order = _first(samples.order, first)
    return samples if order is samples.order else Samples(samples.values, samples.starts, order)


def _first(order: Order, first: int | None) -> Order:
    """The first samples of each stage as its baseline, where no column says which."""
    if first is None or order.baseline is not None:
        return order
    return replace(order, baseline=np.arange(len(order.labels)) - order.begins < first)


def _charted(one: reading.Measured, choices: Choices) -> Charted:
    usual, why = _usual(one.samples)
    kind: Kind = usual if choices.chart == "auto" else choices.chart
    why = why if choices.chart == "auto" else "As you chose."
    base = usual if kind in {"EWMA", "CUSUM"} else kind
    made = MEASURED[base](one.samples, choices.reach, choices.known)
    estimate = ESTIMATES[base]
    if kind == "EWMA":
        first = shifts.ewma(one.samples, estimate, choices.weight, choices.reach, choices.known)
        made = [first, *made[1:]]
    elif kind == "CUSUM":
        made = [*shifts.cusum(one.samples, estimate, choices.shift, choices.interval, choices.known), *made[1:]]
    return Charted(one.name, kind, why, made, one.samples.values, one.spec)


def _usual(samples: Samples) -> tuple[Kind, str]:
    """The chart that suits the samples by their size, and why."""
    least, most = int(samples.sizes.min()), int(samples.sizes.max())
    if most == 1:
        return "I-MR", "Every sample holds one value."
    if most <= RANGES_TO and least == most:
        return "Xbar-R", f"Samples hold {most} values; up to {RANGES_TO} the range does."
    if least != most:
        return "Xbar-S", f"Samples hold {least} to {most} values, of which the deviation says more than the range."
    return "Xbar-S", f"Samples hold {most} values; from {RANGES_TO + 1} on the deviation says more than the range."


def _alike(every: list[reading.Measured]) -> bool:
    first = every[0].samples
    return all(
        one.samples.order.labels == first.order.labels and (one.samples.sizes == first.sizes).all() for one in every
    )


def _joint(every: list[reading.Measured], choices: Choices) -> Charted:
    if len(every) < 2 or not _alike(every):
        what = "several characteristics" if len(every) < 2 else "characteristics that were measured on the same samples"
        raise InvalidInput(
            f"Hotelling's T² needs {what}.",
            remedy="Choose several columns of measurements, without empty cells, or another chart.",
            issues=[Issue(path="chart", message=f"T² needs {what}.")],
        )
    return _usable(JOINT, lambda: _together(every, choices))


def _together(every: list[reading.Measured], choices: Choices) -> Charted:
    alpha = 1 - (1 - CHANCE) ** len(every)
    found = shifts.hotelling([one.samples for one in every], [one.name for one in every], alpha)
    why = f"{len(every)} characteristics were measured on the same samples."
    return Charted(JOINT, "Hotelling T²", why, [found.chart], parts=found)


def _counted(source: tables.TableRead, every: list[reading.Counted], choices: Choices) -> list[Charted]:
    several = any((one.found > one.sizes).any() for one in every if one.sized)
    made = []
    for one in every:
        order = _first(one.order, choices.baseline)
        kind, why = _count_kind(one, source.plan, several=several)
        if choices.chart != "auto":
            kind, why = choices.chart, "As you chose."
        if kind in {"p", "np"}:
            _refuse_no_size(one, kind)
            reading.refuse_more_than_all(source, every)
        made.append(_usable(one.name, _counting(one, order, kind, why, choices)))
    return made


def _counting(one: reading.Counted, order: Order, kind: Kind, why: str, choices: Choices) -> Callable[[], Charted]:
    def make() -> Charted:
        found = COUNTED[kind](one.found, one.sizes, order, choices.reach, choices.known)
        if not found[0].centre.any() or (kind in {"p", "np"} and (one.found == one.sizes).all()):
            raise Unusable("Every sample counts the same nothing, or everything: there is no chance to draw limits by.")
        return Charted(one.name, kind, why, found)

    return make


def _count_kind(one: reading.Counted, made: Plan, *, several: bool) -> tuple[Kind, str]:
    if not one.sized:
        return "c", "Defects are counted in samples of one size."
    if several:
        return "u", "There are samples with more defects than items: an item may have several."
    if made.may_be_several:
        return "u", f"“{made.roles['defects']}” counts defects, of which an item may have several."
    return "p", f"“{made.roles['defects']}” counts items out of “{made.roles['size']}”."


def _refuse_no_size(one: reading.Counted, kind: str) -> None:
    if not one.sized:
        raise InvalidInput(
            f"The chart {kind} needs the number of items that each sample holds.",
            remedy="Say which column it is, or choose the chart c.",
            issues=[Issue(path="data.columns.size", message="No column says how many items were looked at.")],
        )


def within(one: Charted) -> float:
    """The deviation within samples: that of the last stage, which is the process as it is now."""
    return next(chart.sigma[-1] for chart in one.charts if chart.sigma)


def look_at(one: Charted, marked: list[dict[str, Mask]]) -> tuple[list[Found], int, int]:
    """What to look at, first things first; how many signals there are, and how many of them were looked at.

    `marked` holds the marks of each chart. Signals that overlap are one thing.
    """
    found: list[Found] = []
    total = seen = 0
    for chart, marks in zip(one.charts, marked, strict=True):
        told, count = signals(chart, marks)
        total, seen = total + count, seen + len(told)
        found += _merged(chart, told, one)
    # Of things alike, the latest first: its trace is fresh.
    return sorted(found, key=lambda each: (-each.weight, -each.signal.last)), total, seen


def _merged(chart: Chart, every: list[Signal], one: Charted) -> list[Found]:
    weighed = sorted(every, key=lambda s: (-causes.weight(s.rule.pattern, chart.place, s.extreme), s.first))
    taken: dict[int, int] = {}
    held: list[tuple[Signal, list[str]]] = []
    for signal in weighed:
        span = range(signal.first, signal.last + 1)
        known = next((taken[at] for at in span if at in taken), None)
        if known is None:
            known = len(held)
            held.append((signal, []))
            taken.update(dict.fromkeys(span, known))
        held[known][1].append(signal.rule.key)
    away = np.nan_to_num(np.abs(chart.points - chart.centre))
    return [_found(chart, signal, list(dict.fromkeys(keys)), away, one) for signal, keys in held]


def _found(chart: Chart, signal: Signal, keys: list[str], away: Values, one: Charted) -> Found:
    at = signal.first + int(np.argmax(away[signal.first : signal.last + 1]))
    says = ""
    if one.parts is not None:
        most = int(np.argmax(one.parts.parts[at]))
        says = f"“{one.parts.names[most]}” adds most to it."
    return Found(chart, signal, keys, causes.weight(signal.rule.pattern, chart.place, signal.extreme), at, says)


def rule_text(key: str) -> str:
    return f"{RULES[key].text} ({key})"
