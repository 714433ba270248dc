"""From charts to a report: verdicts, the points to look at first, and figures small enough to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from apps.common import formats
from apps.common.widgets import Tone
from apps.manufacturing.agents.quality_report import (
    Attention,
    CapabilityReport,
    CharacteristicReport,
    ChartReport,
    IndexReport,
    QualityReport,
    finite,
    rounded,
)

if TYPE_CHECKING:
    from apps.manufacturing.analytics import capability, charts, inspecting
    from apps.manufacturing.analytics.samples import Mask

    Marks = dict[str, Mask]

MOST_POINTS = 400
"""Points of a chart that are kept; of more samples, each point stands for several."""
POINTS_IN_ALL = 40_000
MOST_LISTED = 200
DIGITS = 9
Tell = Callable[[int, int, str], None]


def charted_report(
    found: inspecting.Prepared, keys: list[str], confidence: float, capable: float, tell: Tell
) -> QualityReport:
    """The report of control charts and of capability."""
    from apps.manufacturing.analytics import inspecting, rules

    most = max(60, min(MOST_POINTS, POINTS_IN_ALL // len(found.charted)))
    made, attention, total = [], [], 0
    for number, one in enumerate(found.charted):
        tell(number, len(found.charted), f"Looking at {one.name}")
        marked = [rules.marks(chart, keys) for chart in one.charts]
        tell(number, len(found.charted), f"Weighing what {one.name} shows")
        things, signals, seen = inspecting.look_at(one, marked)
        total += len(things)
        if signals > seen:
            found.notes.append(f"{one.name}: of {signals:,} signals, those with the farthest points are looked at.")
        attention += [_attention(one, thing) for thing in things[:MOST_LISTED]]
        asked = one.spec.lower is not None or one.spec.upper is not None
        able = _capability(one, confidence) if asked and one.values is not None else None
        made.append(_characteristic(one, able, marked, most, signals, capable))
    attention.sort(key=lambda each: -each.weight)
    verdict, tone, reasons = _verdict(found.plan.study, made, attention, capable)
    return QualityReport(
        study=found.plan.study,
        verdict=verdict,
        tone=tone,
        reasons=reasons,
        rules=keys,
        attention=attention[:MOST_LISTED],
        found=total,
        capable=capable,
        characteristics=made,
        notes=found.notes,
    )


def _attention(one: inspecting.Charted, thing: inspecting.Found) -> Attention:
    from apps.manufacturing.analytics import inspecting

    labels, signal = thing.chart.order.labels, thing.signal
    first, last = labels[signal.first], labels[signal.last]
    main = inspecting.rule_text(signal.rule.key)
    told = [f"{main[0].upper()}{main[1:]}."]
    more = [inspecting.rule_text(key) for key in thing.rules if key != signal.rule.key]
    told += [f"Also {', '.join(more)}."] if more else []
    told += [thing.says] if thing.says else []
    return Attention(
        characteristic=one.name,
        chart=thing.chart.title,
        place=first if signal.first == signal.last else f"{first} to {last}",
        what=" ".join(told),
        rules=thing.rules,
        value=finite(float(thing.chart.points[thing.at])),
        extreme=finite(signal.extreme, 3),
        causes=list(thing.causes),
        weight=rounded(thing.weight),
    )


def _capability(one: inspecting.Charted, confidence: float) -> CapabilityReport:
    from apps.manufacturing.analytics import capability, inspecting

    assert one.values is not None  # noqa: S101 - asked for by the caller
    made = capability.capability(one.values, inspecting.within(one), one.spec, confidence)
    bounds, counts, where = capability.histogram(one.values, one.spec)
    return CapabilityReport(
        lower=one.spec.lower,
        upper=one.spec.upper,
        target=one.spec.target,
        mean=rounded(made.mean, DIGITS),
        within=rounded(made.within),
        overall=rounded(made.overall),
        indices=[_index(index) for index in made.indices],
        anderson_darling=finite(made.normality.statistic) if made.normality else None,
        normal_p=finite(made.normality.p, 3) if made.normality else None,
        seen_ppm=rounded(made.seen_ppm),
        expected_ppm=rounded(made.expected_ppm),
        bins=[f"{(low + high) / 2:.6g}" for low, high in pairwise(bounds)],
        counts=[int(count) for count in counts],
        where=where,
    )


def _index(index: capability.Index) -> IndexReport:
    return IndexReport(
        name=index.name, value=rounded(index.value), low=finite(index.low), high=finite(index.high)
    )  # fmt: skip


def _characteristic(
    one: inspecting.Charted, able: CapabilityReport | None, marked: list[Marks], most: int, signals: int, capable: float
) -> CharacteristicReport:
    charts = [thinned(chart, marks, most) for chart, marks in zip(one.charts, marked, strict=True)]
    verdict, tone = _stable(charts, signals)
    if able is not None:
        grade, worse = graded(able, capable)
        verdict, tone = f"{verdict}, {grade}", max((tone, worse), key=TONES.index)
    return CharacteristicReport(
        name=one.name,
        kind=one.kind,
        why=one.why,
        values=len(one.values) if one.values is not None else len(one.charts[0].points),
        samples=len(one.charts[0].points),
        charts=charts,
        signals=signals,
        capability=able,
        verdict=f"{verdict[0].upper()}{verdict[1:]}",
        tone=tone,
    )


TONES: list[Tone] = ["good", "neutral", "warning", "bad"]
"""From the best to the worst."""


def _stable(charts: list[ChartReport], signals: int) -> tuple[str, Tone]:
    if any(chart.beyond for chart in charts):
        return "out of control", "bad"
    return ("signals within the limits", "warning") if signals else ("in control", "good")


def graded(able: CapabilityReport, capable: float) -> tuple[str, Tone]:
    """What Cpk says of a process, in words."""
    worst = able.index("Cpk")
    if worst is None or worst.value >= capable:
        return "capable", "good"
    return ("barely capable", "warning") if worst.value >= 1 else ("not capable", "bad")


def thinned(chart: charts.Chart, marked: Marks, most: int) -> ChartReport:
    """A chart of at most `most` points: of neighbours, the one that is farthest from the centre."""
    import numpy as np

    from apps.manufacturing.analytics import inspecting, rules

    count = len(chart.points)
    each = -(-count // most)
    away = np.nan_to_num(np.abs(chart.points - chart.centre) / (chart.upper - chart.lower + 1e-300), nan=-1.0)
    padded = np.full(-(-count // each) * each, -2.0)
    padded[:count] = away
    kept = np.arange(0, count, each) + padded.reshape(-1, each).argmax(axis=1)
    said: dict[int, list[str]] = {}
    for key, mask in marked.items():
        for at in np.unique(np.flatnonzero(mask) // each):
            said.setdefault(int(at), []).append(inspecting.rule_text(key))
    return ChartReport(
        title=chart.title,
        statistic=chart.statistic,
        samples=count,
        each=each,
        labels=[chart.order.labels[at] for at in kept],
        points=[finite(float(value), DIGITS) for value in chart.points[kept]],
        centre=[finite(float(value), DIGITS) for value in chart.centre[kept]],
        lower=[finite(float(value), DIGITS) for value in chart.lower[kept]],
        upper=[finite(float(value), DIGITS) for value in chart.upper[kept]],
        signals={at: "; ".join(texts) for at, texts in sorted(said.items())},
        stages={
            at // each: name
            for at, name in zip(chart.order.stages[1:], chart.order.names[1:], strict=True)
        },
        beyond=int(rules.outside(chart).sum()),
    )  # fmt: skip


def _verdict(
    study: str, made: list[CharacteristicReport], attention: list[Attention], capable: float
) -> tuple[str, Tone, list[str]]:
    worst = max((one.tone for one in made), key=TONES.index)
    odd = [one for one in made if one.signals]
    beyond = sum(chart.beyond for one in made for chart in one.charts)
    verdict = (
        "In control" if not odd
        else "Out of control" if beyond
        else "Signals within the limits"
    )  # fmt: skip
    reasons = []
    able = [one for one in made if one.capability is not None]
    if able:
        grades = Counter(graded(one.capability, capable)[0] for one in able if one.capability)
        grade = next(name for name in ("not capable", "barely capable", "capable") if grades[name])
        verdict = (
            f"{verdict}, {grade}" if study != "capability" else f"{grade[0].upper()}{grade[1:]}, {verdict.lower()}"
        )
    if attention:
        first = attention[0]
        where = "" if len(made) == 1 else f"{first.characteristic}, "
        reasons.append(f"Look first at {where}{first.place} ({first.chart}): {first.what}")
    if beyond:
        reasons.append(f"{counted(beyond, 'point')} beyond a limit, on {counted(len(odd), 'characteristic')}.")
    reasons += [text for one in able for text in _capability_reasons(one, capable, alone=len(made) == 1)]
    if not odd:
        reasons.append(f"No rule marks any of {counted(sum(one.samples for one in made), 'sample')}.")
    return verdict, worst, reasons[:12]


def _capability_reasons(one: CharacteristicReport, capable: float, *, alone: bool) -> list[str]:
    able = one.capability
    worst = able.index("Cpk") if able else None
    if able is None or worst is None:
        return []
    name = "" if alone else f"{one.name}: "
    told = []
    if worst.value < capable:
        between = f", between {number(worst.low)} and {number(worst.high)} at this confidence"
        told.append(f"{name}Cpk is {number(worst.value)}{between}; {number(capable)} is asked for.")
    both = able.index("Cp")
    if both and both.value >= capable > worst.value:
        told.append(f"{name}The spread would do (Cp {number(both.value)}): centre the process.")
    if able.normal_p is not None and able.normal_p < 0.05:
        told.append(f"{name}Values are not normal (Anderson-Darling p {number(able.normal_p)}): indices mislead.")
    if one.signals:
        told.append(f"{name}The process is not stable: its capability is that of no one process.")
    return told


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None) -> str:
    return formats.number(value)
