"""From gauge studies, lots and kinds of defects to a report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from apps.common.widgets import Tone
from apps.manufacturing.agents.quality_making import MOST_LISTED, MOST_POINTS, TONES, counted, number, thinned
from apps.manufacturing.agents.quality_report import (
    ChartReport,
    ComponentReport,
    EffectReport,
    GaugeReport,
    LotReport,
    MethodReport,
    PlanReport,
    QualityReport,
    SamplingReport,
    SliceReport,
    finite,
    rounded,
)

if TYPE_CHECKING:
    from apps.manufacturing.analytics import gauge, inspecting, pareto, reading, sampling

MOST_LOTS = 5_000


def gauge_report(found: inspecting.Prepared, tolerance: float | None, alpha: float) -> QualityReport:
    """The report of gauge studies, by both methods; the verdict is that of the analysis of variance."""
    from apps.manufacturing.analytics import gauge

    made, reasons = [], []
    for one in found.gauges:
        methods = [gauge.average_range(one.study, tolerance), gauge.anova(one.study, tolerance, alpha)]
        verdict = methods[1].verdict
        tone: Tone = {"acceptable": "good", "marginal": "warning", "not acceptable": "bad"}[verdict]  # type: ignore[assignment]
        made.append(
            GaugeReport(
                name=one.name,
                operators=one.operators,
                parts=one.parts,
                trials=one.study.shape[2],
                methods=[_method(method) for method in methods],
                charts=_gauge_charts(one),
                verdict=f"{verdict[0].upper()}{verdict[1:]}",
                tone=tone,
            )
        )
        reasons += _gauge_reasons(one.name if len(found.gauges) > 1 else "", methods[1], made[-1])
    worst = max(made, key=lambda one: TONES.index(one.tone))
    return QualityReport(
        study=found.plan.study, verdict=f"Gauge {worst.verdict.lower()}", tone=worst.tone, reasons=reasons[:12],
        gauges=made, notes=found.notes,
    )  # fmt: skip


def _method(made: gauge.Gauge) -> MethodReport:
    parts = [
        ComponentReport(
            name=part.name, sigma=rounded(part.sigma), of_total=rounded(part.of_total),
            of_variance=rounded(part.of_variance), of_tolerance=finite(part.of_tolerance),
        )
        for part in made.components
    ]  # fmt: skip
    effects = [
        EffectReport(source=e.source, freedom=e.freedom, square=rounded(e.square), f=finite(e.f), p=finite(e.p, 3))
        for e in made.effects
    ]
    return MethodReport(
        method=made.method, grr=rounded(made.grr), ndc=made.ndc, pooled=made.pooled, components=parts, effects=effects
    )


def _gauge_reasons(name: str, made: gauge.Gauge, report: GaugeReport) -> list[str]:
    where = f"{name}: " if name else ""
    repeated, reproduced = made["Repeatability"], made["Reproducibility"]
    told = [
        f"{where}The gauge makes {number(made.grr)} % of the total deviation; up to 10 % is good, above 30 % is not.",
        f"{where}It tells {made.ndc} {'category' if made.ndc == 1 else 'categories'} of parts apart; 5 are needed.",
    ]
    if repeated.sigma >= reproduced.sigma:
        told.append(f"{where}Most of it is repeatability: look at the gauge, its fixture and how parts are held.")
    else:
        told.append(f"{where}Most of it is reproducibility: look at training, and at how operators read and set up.")
    odd = [chart for chart in report.charts if chart.title == "R" and chart.beyond]
    if odd:
        told.append(
            f"{where}{counted(odd[0].beyond, 'range')} beyond the limit: somebody did not measure consistently."
        )
    return told


def _gauge_charts(one: reading.Gauged) -> list[ChartReport]:
    """Means and ranges of each part by each operator, operators side by side."""
    import numpy as np

    from apps.manufacturing.analytics import charts, rules, samples

    operators, parts, trials = one.study.shape
    labels = [f"{operator}, {part}" for operator in one.operators for part in one.parts]
    starts = np.arange(operators * parts) * trials
    made = samples.Samples(one.study.ravel(), starts, samples.Order(labels))
    try:
        drawn = charts.xbar_r(made)
    except charts.Unusable:  # every operator read the same value each time: there is nothing to draw
        return []
    reports = [thinned(chart, rules.marks(chart, ["WE1"]), MOST_POINTS) for chart in drawn]
    for report in reports:
        if report.each == 1:
            report.stages = {number * parts: name for number, name in enumerate(one.operators) if number}
    # Means beyond the limits of the gauge's own scatter are what a study wants: the gauge tells parts apart.
    reports[0].signals = {}
    return reports


def sampling_report(found: inspecting.Prepared, aql: float, level: Any, severity: Any) -> QualityReport:
    """The report of lots. Raises `InvalidInput` for a plan that the standard does not have."""
    from apps.common.errors import InvalidInput, Issue
    from apps.manufacturing.analytics import sampling

    lots = found.lots
    assert lots is not None  # noqa: S101 - the study of these is of lots
    try:
        decided = sampling.decide(lots.sizes, lots.found, aql, level, severity)
    except sampling.NoPlan as why:
        issue = Issue(path="aql", message=str(why))
        raise InvalidInput(f"{why} Nothing was started.", remedy="Choose another AQL.", issues=[issue]) from why
    rows = [_lot(lots, number, one) for number, one in enumerate(decided[:MOST_LOTS])]
    counts = Counter(row.decision for row in rows)
    usual = Counter((one.plan, size) for one, size in zip(decided, lots.sizes, strict=True)).most_common(1)[0][0]
    plan = _plan(usual[0], usual[1])
    verdict, tone = _lots_verdict(counts)
    notes = list(found.notes)
    if len(decided) > MOST_LOTS:
        notes.append(f"The first {MOST_LOTS:,} of {len(decided):,} lots are listed.")
    return QualityReport(
        study=found.plan.study, verdict=verdict, tone=tone, reasons=_lots_reasons(rows, plan), notes=notes,
        sampling=SamplingReport(level=level, plan=plan, lots=rows),
    )  # fmt: skip


def _lot(lots: reading.Lots, number: int, one: sampling.Decided) -> LotReport:
    return LotReport(
        lot=lots.labels[number], size=lots.sizes[number], letter=one.plan.letter, sample=one.plan.size,
        accept=one.plan.accept, severity=one.plan.severity, found=lots.found[number],
        decision="not looked at" if one.accepted is None else "accept" if one.accepted else "reject",
        note=one.switched,
    )  # fmt: skip


def _plan(plan: sampling.Plan, lot: int) -> PlanReport:
    import numpy as np

    top = min(plan.quality_at(0.001), 100.0) if plan.per_item else plan.quality_at(0.001)
    quality = np.linspace(0, top, 61)
    return PlanReport(
        letter=plan.letter, sample=plan.size, accept=plan.accept, severity=plan.severity, lot=lot, aql=plan.aql,
        producer_risk=rounded(plan.producer_risk), consumer_quality=rounded(plan.consumer_quality),
        good_quality=rounded(plan.quality_at(0.95)), outgoing_limit=rounded(plan.worst_outgoing(lot)),
        quality=[rounded(float(each), 4) for each in quality],
        accepted=[rounded(float(each)) for each in plan.accepted(quality)],
        outgoing=[rounded(float(each)) for each in plan.outgoing(quality, lot)],
    )  # fmt: skip


def _lots_verdict(counts: Counter[Any]) -> tuple[str, Tone]:
    if counts["reject"]:
        return f"{counted(counts['reject'], 'lot')} to reject", "bad"
    if counts["accept"]:
        return f"{counted(counts['accept'], 'lot')} to accept", "good"
    return f"{counted(counts['not looked at'], 'lot')} to sample", "neutral"


def _lots_reasons(rows: list[LotReport], plan: PlanReport) -> list[str]:
    told = [
        f"Reject {row.lot}: {row.found:,} defects among {row.sample:,}, and {row.accept:,} are allowed."
        for row in rows
        if row.decision == "reject" and row.found is not None
    ][:8]
    told += [f"{row.lot}: {row.note}." for row in rows if row.note][:4]
    told.append(
        f"A lot of {plan.lot:,}: take {plan.sample:,}, accept with at most {plan.accept:,} (letter {plan.letter}, "
        f"AQL {plan.aql:g}, {plan.severity} inspection)."
    )
    risk = f"{100 * plan.producer_risk:.1f} %"
    told.append(f"Of lots at the AQL {risk} are rejected; of lots at {plan.consumer_quality:.3g} % one in ten passes.")
    return told


def pareto_report(found: inspecting.Prepared) -> QualityReport:
    """The report of kinds of defects."""
    from apps.manufacturing.analytics import pareto

    assert found.kinds is not None  # noqa: S101 - the study of these is of kinds
    slices = pareto.pareto(*found.kinds)
    vital = [one for one in slices if one.vital]
    share = vital[-1].cumulated
    reasons = [f"{one.name}: {one.count:,.0f}, {one.share:.1f} % of all." for one in vital[:8]]
    return QualityReport(
        study=found.plan.study,
        verdict=f"{len(vital)} of {len(slices)} kinds make {share:.0f} %",
        tone="neutral",
        reasons=reasons,
        pareto=[_slice(one) for one in slices[:MOST_LISTED]],
        notes=found.notes,
    )


def _slice(one: pareto.Slice) -> SliceReport:
    return SliceReport(
        name=one.name, count=one.count, share=rounded(one.share), cumulated=rounded(one.cumulated), vital=one.vital
    )
