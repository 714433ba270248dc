"""What the Quality Inspector decides of each characteristic, gauge and lot, on what grounds, and what it proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apps.common.decisions import (
    MOST_DECISIONS,
    Alternative,
    Code,
    Decision,
    Evidence,
    Reason,
    Scale,
    ScaleBand,
    Threshold,
    Verdict,
    start_workflow,
)
from apps.common.formats import number
from apps.manufacturing.agents.quality_making import graded

if TYPE_CHECKING:
    from apps.manufacturing.agents.quality_report import (
        CapabilityReport,
        CharacteristicReport,
        GaugeReport,
        LotReport,
        QualityReport,
    )

VERDICTS: Final = {
    "out_of_control": Verdict(title="Out of control", tone="bad", needs="Find and remove the cause, then go on."),
    "not_capable": Verdict(title="Not capable", tone="bad", needs="Reduce the spread, or sort what is made."),
    "signals": Verdict(title="Signals within the limits", tone="warning", needs="Look for what has changed."),
    "barely_capable": Verdict(title="Barely capable", tone="warning", needs="Centre the process and watch it."),
    "in_control": Verdict(title="In control", tone="good", needs="Go on."),
    "gauge_not_acceptable": Verdict(title="Gauge not acceptable", tone="bad", needs="Mend or replace the gauge."),
    "gauge_marginal": Verdict(title="Gauge marginal", tone="warning", needs="Decide by use and cost of the gauge."),
    "gauge_acceptable": Verdict(title="Gauge acceptable", tone="good", needs="Use it."),
    "reject": Verdict(title="Reject the lot", tone="bad", needs="Sort it or send it back."),
    "not_looked_at": Verdict(title="Lot to sample", tone="neutral", needs="Take the sample."),
    "accept": Verdict(title="Accept the lot", tone="good", needs="Release it."),
}
ORDER: Final = tuple(VERDICTS)
"""From what to look at first."""
GAUGE_LIMITS: Final = (10.0, 30.0)
"""Percent GRR that are acceptable and marginal at most (AIAG, Measurement Systems Analysis, 4th edition)."""
CPK: Final = Scale(title="Cpk", high=2.5)
"""Where its bands lie is set by the organisation: each decision brings them."""
REDUCED = (
    "The cells of reduced plans are not checked one by one: hold the plan against the standard before you rely on it."
)


def decide(report: QualityReport, *, reach: float, confidence: float, workflow: str) -> list[Decision]:
    """A decision for each thing that was judged, those to look at first on top; none for kinds of defects."""
    made = [_characteristic(one, report, reach, confidence) for one in report.characteristics]
    made += [_gauge(one) for one in report.gauges]
    if report.sampling:
        made += [_lot(lot, report.sampling.plan.aql) for lot in report.sampling.lots]
    made.sort(key=lambda one: ORDER.index(one.verdict))
    for one in made[:MOST_DECISIONS]:
        if VERDICTS[one.verdict].tone == "bad":
            one.actions = start_workflow(workflow, subject=one.subject, summary=one.summary)
    return made[:MOST_DECISIONS]


def _characteristic(one: CharacteristicReport, report: QualityReport, reach: float, confidence: float) -> Decision:
    able = one.capability
    cpk = able.index("Cpk") if able else None
    beyond = sum(chart.beyond for chart in one.charts)
    thresholds = [
        Threshold(name="Control limits", value=reach, unit="standard errors", seen=f"{beyond:,} points beyond"),
        Threshold(name="Rules", value=", ".join(report.rules), seen=f"{one.signals:,} signals"),
    ]
    if cpk:
        thresholds.append(Threshold(name="Cpk asked for", value=report.capable, seen=cpk.value))
        thresholds.append(Threshold(name="Confidence of intervals", value=confidence))
    return Decision(
        subject=one.name[:200],
        verdict=_verdict(one, report.capable),
        summary=f"{one.verdict}: {one.samples:,} samples of {one.values:,} values on {one.kind} charts.",
        score=cpk.value if cpk else None,
        scale=_scale(report.capable) if cpk else None,
        thresholds=thresholds,
        reasons=_reasons(one, report),
        alternatives=_centred(able, report.capable) if able else [],
        caveat="A process that is not stable has no capability of its own." if able and one.signals else "",
    )


def _verdict(one: CharacteristicReport, capable: float) -> Code:
    found = ["in_control"]
    if any(chart.beyond for chart in one.charts):
        found.append("out_of_control")
    elif one.signals:
        found.append("signals")
    if one.capability:
        grade = graded(one.capability, capable)[0]
        found += [grade.replace(" ", "_")] if grade != "capable" else []
    return min(found, key=ORDER.index)


def _scale(capable: float) -> Scale:
    bands = [
        ScaleBand(title="Not capable", upto=1.0, tone="bad"),
        *([ScaleBand(title="Barely capable", upto=capable, tone="warning")] if capable > 1 else []),
        ScaleBand(title="Capable", upto=max(CPK.high, capable + 0.5), tone="good"),
    ]
    return CPK.model_copy(update={"bands": bands, "high": bands[-1].upto})


def _reasons(one: CharacteristicReport, report: QualityReport) -> list[Reason]:
    seen = [thing for thing in report.attention if thing.characteristic == one.name][:20]
    told = [
        Reason(
            text=f"{thing.place} ({thing.chart}): {thing.what}"
            + (f" Look for: {', '.join(thing.causes)}." if thing.causes else ""),
            weight=thing.weight,
            evidence=[Evidence(text=f"The chart of {one.name}", key=one.name)],
        )
        for thing in seen
    ]
    if not told:
        text = f"No rule marks any of {one.samples:,} samples."
        told.append(Reason(text=text, weight=1.0, evidence=[Evidence(text=f"The chart of {one.name}", key=one.name)]))
    cpk = one.capability.index("Cpk") if one.capability else None
    if one.capability and cpk:
        between = f", between {number(cpk.low)} and {number(cpk.high)} at this confidence" if cpk.low else ""
        heaviest = max(reason.weight for reason in told)
        told.append(
            Reason(
                text=f"Cpk is {number(cpk.value)}{between}; {number(report.capable)} is asked for.",
                weight=heaviest + 1 if cpk.value < report.capable else 1.0,
                evidence=[Evidence(text="Histogram and indices", key=one.name)],
            )
        )
        normal = one.capability.normal_p
        if normal is not None and normal < 0.05:
            text = f"Values are not normal (Anderson-Darling p {number(normal)}): indices mislead."
            told.append(Reason(text=text, weight=-1.0, evidence=[Evidence(text="Histogram", key=one.name)]))
    return told


def _centred(able: CapabilityReport, capable: float) -> list[Alternative]:
    """That it would do if it were centred, where that is what is wrong."""
    cp, cpk = able.index("Cp"), able.index("Cpk")
    if not cp or not cpk or not cp.value >= capable > cpk.value:
        return []
    why = f"The spread would do (Cp {number(cp.value)}); the mean of {number(able.mean)} is off the middle."
    return [Alternative(title="Capable", why_not=why, score=cp.value)]


def _gauge(one: GaugeReport) -> Decision:
    ranges, anova = one.methods
    parts = sorted(anova.components, key=lambda part: -part.of_variance)
    return Decision(
        subject=one.name[:200],
        verdict=f"gauge_{one.verdict.lower().replace(' ', '_')}",
        summary=f"{anova.grr:.1f} % GRR, {anova.ndc} distinct categories, by the analysis of variance.",
        thresholds=[
            Threshold(name="GRR that is acceptable", value=GAUGE_LIMITS[0], unit="%", seen=anova.grr),
            Threshold(name="GRR that is marginal", value=GAUGE_LIMITS[1], unit="%", seen=anova.grr),
            Threshold(name="Distinct categories", value=5, seen=anova.ndc),
        ],
        reasons=[
            Reason(
                text=f"{part.name} makes {part.of_variance:.1f} % of the variance.",
                weight=part.of_variance,
                evidence=[Evidence(text=f"The study of {one.name}", key=one.name)],
            )
            for part in parts
        ],
        alternatives=[
            Alternative(
                title=f"{ranges.grr:.1f} % GRR by average and range",
                why_not="The analysis of variance tells the interaction of operators and parts as well.",
                score=ranges.grr,
            )
        ],
    )


def _lot(lot: LotReport, aql: float) -> Decision:
    seen = "not looked at yet" if lot.found is None else f"{lot.found:,} defects among {lot.sample:,}"
    return Decision(
        subject=lot.lot[:200],
        verdict=lot.decision.replace(" ", "_"),
        summary=f"{lot.lot} of {lot.size:,}: {seen}; {lot.accept:,} are allowed.",
        thresholds=[
            Threshold(name="AQL", value=aql, unit="%"),
            Threshold(name="Defects allowed", value=lot.accept, seen=lot.found),
        ],
        reasons=[
            Reason(
                text=f"Code letter {lot.letter}, {lot.severity} inspection: sample {lot.sample:,}, "
                f"accept with at most {lot.accept:,}; {seen}.",
                evidence=[Evidence(text="Single sampling plan", source="ISO 2859-1:1999, tables 1 and 2")],
            ),
            *([Reason(text=f"{lot.note}.", weight=0.5)] if lot.note else []),
        ],
        caveat=REDUCED if lot.severity == "reduced" else "",
    )
