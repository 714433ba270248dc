"""How the figures, tables and charts of the Quality Inspector show its report."""

from __future__ import annotations

from apps.common import formats
from apps.common.widgets import (
    Bar,
    BarWidget,
    Cell,
    Column,
    ControlChartWidget,
    ControlLimits,
    ControlSignal,
    ControlStage,
    Figure,
    FiguresWidget,
    SeriesLine,
    SeriesWidget,
    TableWidget,
    TextWidget,
    Tone,
    Widget,
)
from apps.manufacturing.agents.quality_report import (
    CapabilityReport,
    CharacteristicReport,
    ChartReport,
    GaugeReport,
    QualityReport,
    SamplingReport,
)

MOST_FIRST = 12
"""Things to look at that are listed; further ones are marked in the charts."""


def verdict(report: QualityReport) -> TextWidget:
    reasons = [*report.reasons, *report.notes]
    return TextWidget(title=report.verdict, text=_opening(report), reasons=reasons, tone=report.tone)


def _opening(report: QualityReport) -> str:
    many = len(report.characteristics)
    if many:
        samples = sum(one.samples for one in report.characteristics)
        what = f"{samples:,} samples" if many == 1 else f"{many:,} characteristics in {samples:,} samples"
        return f"{what}, judged by the rules {', '.join(report.rules)}."
    return {
        "gauge study": "The verdict is that of the analysis of variance; average and range stand beside it.",
        "sampling plan": "Single plans of ISO 2859-1, lot by lot.",
        "pareto": "The vital few come first.",
    }[report.study]


def figures(report: QualityReport) -> FiguresWidget:
    """What to know at one glance, by study."""
    if report.gauges:
        return FiguresWidget(figures=_gauge_figures(report.gauges[0]))
    if report.sampling:
        return FiguresWidget(figures=_sampling_figures(report.sampling))
    if report.pareto:
        return FiguresWidget(figures=_pareto_figures(report))
    beyond = sum(chart.beyond for one in report.characteristics for chart in one.charts)
    signals = sum(one.signals for one in report.characteristics)
    made = [
        Figure(label="To look at", value=report.found, tone="warning" if report.found else "good",
               hint="They are listed below" if report.found else "No rule marks anything"),
        Figure(label="Points beyond a limit", value=beyond, hint="On all charts", tone="bad" if beyond else "good"),
        Figure(label="Signals", value=signals, hint="Stretches of samples that a rule marks"),
    ]  # fmt: skip
    known = [value for one in report.characteristics if (value := _value(one.capability, "Cpk")) is not None]
    if known:
        worst = min(known)
        tone: Tone = "good" if worst >= report.capable else "warning" if worst >= 1 else "bad"
        made.append(Figure(label="Lowest Cpk", value=worst, hint=f"{report.capable:g} is asked for", tone=tone))
    else:
        made.append(Figure(label="Charts", value=sum(len(one.charts) for one in report.characteristics)))
    return FiguresWidget(figures=made)


def attention(report: QualityReport) -> TableWidget:
    rows: list[dict[str, Cell]] = [
        {
            "rank": number,
            "characteristic": one.characteristic,
            "place": one.place,
            "chart": one.chart,
            "what": one.what,
            "extreme": one.extreme,
            "causes": one.causes[0] if one.causes else None,
        }
        for number, one in enumerate(report.attention[:MOST_FIRST], start=1)
    ]
    columns = [
        Column(key="rank", title="Rank", numeric=True, digits=0),
        Column(key="place", title="Sample"),
        Column(key="chart", title="Chart"),
        Column(key="what", title="What it shows"),
        Column(key="causes", title="Look for", hint="The likeliest cause; further ones stand beside the chart"),
        Column(key="extreme", title="Distance", numeric=True, digits=1, hint="From the centre, in standard errors"),
    ]
    if len(report.characteristics) > 1:
        columns.insert(1, Column(key="characteristic", title="Characteristic"))
    more = (
        f" The first {len(rows)} of {report.found:,}; all are marked in the charts." if report.found > len(rows) else ""
    )
    return TableWidget(
        key="attention", title="Look at these first", columns=columns, rows=rows,
        empty="No rule marks any sample.", summary=f"In the order of their weight.{more}" if rows else "",
    )  # fmt: skip


def characteristics(report: QualityReport) -> TableWidget:
    has_spec = any(one.capability for one in report.characteristics)
    columns = [
        Column(key="name", title="Characteristic"),
        Column(key="verdict", title="Verdict"),
        Column(key="kind", title="Chart"),
        Column(key="samples", title="Samples", numeric=True, digits=0),
        Column(key="beyond", title="Beyond", numeric=True, digits=0, hint="Points beyond a limit"),
        Column(key="signals", title="Signals", numeric=True, digits=0),
    ]
    if has_spec:
        columns += [
            Column(key="cpk", title="Cpk", numeric=True, digits=2),
            Column(key="ppk", title="Ppk", numeric=True, digits=2),
            Column(key="ppm", title="Outside", numeric=True, unit="ppm", digits=0, hint="Seen, in a million"),
        ]
    rows: list[dict[str, Cell]] = [
        {
            "name": one.name,
            "verdict": one.verdict,
            "kind": one.kind,
            "samples": one.samples,
            "beyond": sum(chart.beyond for chart in one.charts),
            "signals": one.signals,
            "cpk": _value(one.capability, "Cpk"),
            "ppk": _value(one.capability, "Ppk"),
            "ppm": one.capability.seen_ppm if one.capability else None,
        }
        for one in report.characteristics
    ]
    keys = {column.key for column in columns}
    rows = [{key: value for key, value in row.items() if key in keys} for row in rows]
    return TableWidget(key="characteristics", title="Characteristics", columns=columns, rows=rows, row_key="name",
                       summary="Choose one to see its charts.")  # fmt: skip


def _value(able: CapabilityReport | None, name: str) -> float | None:
    found = able.index(name) if able else None
    return found.value if found else None


def control_chart(chart: ChartReport, name: str, unit: str) -> ControlChartWidget:
    title = chart.title if name == "All" else f"{name}: {chart.title}"
    centre, upper, lower = chart.centre[-1], chart.upper[-1], chart.lower[-1]
    found = chart.beyond
    said = (
        f"{found:,} of {chart.samples:,} samples beyond a limit"
        if found
        else f"None of {chart.samples:,} samples beyond a limit"
    )
    kept = f" Each point stands for {chart.each:,} samples: the one farthest from the centre." if chart.each > 1 else ""
    limits = f"the limits at the end are {_figure(lower)} and {_figure(upper)} about {_figure(centre)}"
    return ControlChartWidget(
        title=title,
        statistic=chart.statistic,
        periods=chart.labels,
        points=chart.points,
        limits=ControlLimits(centre=chart.centre, lower=chart.lower, upper=chart.upper),
        signals=[ControlSignal(at=at, text=text) for at, text in chart.signals.items() if chart.points[at] is not None],
        stages=[ControlStage(at=at, name=name) for at, name in chart.stages.items()],
        unit=unit if chart.title in {"Xbar", "Individuals", "R", "S", "MR", "EWMA"} else "",
        summary=f"{said}; {limits}.{kept}",
    )


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def characteristic(one: CharacteristicReport, report: QualityReport) -> list[Widget]:
    unit = report.unit
    made: list[Widget] = [control_chart(chart, one.name, unit) for chart in one.charts]
    first = next((each for each in report.attention if each.characteristic == one.name), None)
    if first:
        title = f"Look first at {first.place} ({first.chart})"
        made.append(TextWidget(title=title, text=f"{first.what} Look for, in this order:", reasons=first.causes))
    if one.capability:
        made += [capability(one.capability, one.name), histogram(one.capability, one.name, unit)]
    return [*made, TextWidget(title=f"Why {one.kind}", text=one.why)]


def capability(able: CapabilityReport, name: str) -> FiguresWidget:
    made = [Figure(label=index.name, value=index.value, hint=_between(index.low, index.high)) for index in able.indices]
    made += [
        Figure(label="Deviation within samples", value=able.within, hint=f"Overall {_figure(able.overall)}"),
        Figure(label="Outside, seen", value=able.seen_ppm, unit="ppm",
               hint=f"Expected of a normal process: {formats.number(able.expected_ppm)} ppm"),
    ]  # fmt: skip
    if able.normal_p is not None:
        normal = able.normal_p >= 0.05
        hint = "Nothing speaks against a normal distribution" if normal else "Not normal: indices mislead"
        made.append(
            Figure(label="Anderson-Darling p", value=able.normal_p, hint=hint, tone="good" if normal else "warning")
        )
    return FiguresWidget(title="Capability" if name == "All" else f"Capability of {name}", figures=made)


def _between(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{formats.number(low)} to {formats.number(high)}"


def histogram(able: CapabilityReport, name: str, unit: str) -> BarWidget:
    inside = [count if where == "within" else 0 for count, where in zip(able.counts, able.where, strict=True)]
    outside = [count - held for count, held in zip(able.counts, inside, strict=True)]
    bars = [Bar(name="Within the specification", values=[float(count) for count in inside])]
    if any(outside):
        bars.append(Bar(name="Outside", values=[float(count) for count in outside], tone="bad"))
    limits = [text for text in (
        f"from {able.lower:g}" if able.lower is not None else "",
        f"up to {able.upper:g}" if able.upper is not None else "",
    ) if text]  # fmt: skip
    return BarWidget(
        title="Histogram" if name == "All" else f"Histogram of {name}",
        heading=f"Middle of the class{f' ({unit})' if unit else ''}",
        periods=able.bins,
        bars=bars,
        summary=f"{sum(able.counts):,} values about {able.mean:.6g}, {sum(outside):,} of them outside of the "
        f"specification, which goes {' '.join(limits)}.",
    )


def _gauge_figures(one: GaugeReport) -> list[Figure]:
    ranges, variance = one.methods
    return [
        Figure(label="%GRR", value=variance.grr, unit="%", hint="By ANOVA; up to 10 good, above 30 not", tone=one.tone),
        Figure(label="%GRR by ranges", value=ranges.grr, unit="%", hint=f"{ranges.ndc} categories"),
        Figure(label="Categories (ndc)", value=variance.ndc, hint="At least 5",
               tone="good" if variance.ndc >= 5 else "bad"),
        Figure(label="Study", value=f"{len(one.operators)} × {len(one.parts)} × {one.trials}",
               hint="Operators, parts, trials"),
    ]  # fmt: skip


def gauges(report: QualityReport) -> TableWidget:
    rows: list[dict[str, Cell]] = [
        {
            "name": one.name, "verdict": one.verdict, "anova": one.methods[1].grr, "ranges": one.methods[0].grr,
            "ndc": one.methods[1].ndc,
        }
        for one in report.gauges
    ]  # fmt: skip
    columns = [
        Column(key="name", title="Characteristic"),
        Column(key="verdict", title="Verdict"),
        Column(key="anova", title="%GRR", numeric=True, digits=2, unit="%", hint="By analysis of variance"),
        Column(key="ranges", title="By ranges", numeric=True, digits=2, unit="%", hint="By average and range"),
        Column(key="ndc", title="ndc", numeric=True, digits=0, hint="Categories that the gauge tells apart"),
    ]
    return TableWidget(key="gauges", title="Gauge studies", columns=columns, rows=rows, row_key="name",
                       summary="Choose one to see its variation and its charts.")  # fmt: skip


def gauge(one: GaugeReport, unit: str) -> list[Widget]:
    variance, ranges = one.methods[1], one.methods[0]
    names = ["Gauge R&R", "Repeatability", "Reproducibility", "Part to part"]
    shares = {part.name: part for part in variance.components}
    by_range = {part.name: part for part in ranges.components}
    tolerated = any(part.of_tolerance is not None for part in variance.components)
    bars = BarWidget(
        title="Where variation comes from", heading="Source", periods=names, unit="%",
        bars=[Bar(name="Of the total deviation", values=[shares[name].of_total for name in names])],
        summary=f"The gauge makes {variance.grr:.4g} % of the total deviation by analysis of variance, "
        f"{ranges.grr:.4g} % by average and range.",
    )  # fmt: skip
    columns = [
        Column(key="source", title="Source"),
        Column(key="sigma", title="Deviation", numeric=True, unit=unit),
        Column(key="total", title="Of total", numeric=True, digits=2, unit="%"),
        Column(key="variance", title="Of variance", numeric=True, digits=2, unit="%"),
        Column(
            key="ranges", title="By ranges", numeric=True, digits=2, unit="%", hint="Of total, by average and range"
        ),
    ]
    if tolerated:
        columns.append(Column(key="tolerance", title="Of tolerance", numeric=True, digits=2, unit="%"))
    rows: list[dict[str, Cell]] = []
    for part in variance.components:
        same = by_range.get(part.name)
        row: dict[str, Cell] = {"source": part.name, "sigma": part.sigma, "total": part.of_total}
        row |= {"variance": part.of_variance, "ranges": same.of_total if same else None}
        rows.append(row | ({"tolerance": part.of_tolerance} if tolerated else {}))
    made: list[Widget] = [bars, TableWidget(key="variation", title="Variation", columns=columns, rows=rows)]
    for chart in one.charts:
        drawn = control_chart(chart, one.name, unit)
        if chart.title == "Xbar":
            apart = f"{chart.beyond:,} of {chart.samples:,} means lie beyond the limits of the gauge's own scatter"
            drawn.summary = f"{apart}: the more, the better it tells parts apart."
        made.append(drawn)
    return [*made, _effects(one)]


def _effects(one: GaugeReport) -> TableWidget:
    method = one.methods[1]
    columns = [
        Column(key="source", title="Source"),
        Column(key="freedom", title="df", numeric=True, digits=0),
        Column(key="square", title="Mean square", numeric=True),
        Column(key="f", title="F", numeric=True, digits=2),
        Column(key="p", title="p"),
    ]
    rows: list[dict[str, Cell]] = [
        {"source": e.source, "freedom": e.freedom, "square": e.square, "f": e.f, "p": _chance(e.p)}
        for e in method.effects
    ]
    pooled = " The interaction of operators and parts is no more than chance, and counts as repeatability."
    return TableWidget(key="effects", title="Analysis of variance", columns=columns, rows=rows,
                       summary=f"Random effects.{pooled if method.pooled else ''}")  # fmt: skip


def _chance(p: float | None) -> str | None:
    return None if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _sampling_figures(made: SamplingReport) -> list[Figure]:
    plan = made.plan
    return [
        Figure(label="Take", value=plan.sample, hint=f"Letter {plan.letter}, of lots of {plan.lot:,}"),
        Figure(label="Accept with at most", value=plan.accept, hint=f"AQL {plan.aql:g}, {plan.severity} inspection"),
        Figure(label="Producer's risk", value=round(100 * plan.producer_risk, 2), unit="%", hint="Of lots at the AQL"),
        Figure(
            label="Consumer's risk quality", value=plan.consumer_quality, unit="%", hint="One such lot in ten passes"
        ),
        Figure(label="AOQL", value=plan.outgoing_limit, unit="%", hint="The worst mean quality that leaves"),
    ]


def sampling(made: SamplingReport) -> list[Widget]:
    plan = made.plan
    quality = [f"{each:.3g} %" for each in plan.quality]
    curve = SeriesWidget(
        title="Operating characteristic", periods=quality, unit="%",
        lines=[SeriesLine(name="Lots accepted", values=[100 * chance for chance in plan.accepted])],
        summary=f"Of lots with {plan.good_quality:.3g} % defects 95 in 100 are accepted, with {plan.aql:g} % "
        f"{100 * (1 - plan.producer_risk):.1f}, with {plan.consumer_quality:.3g} % ten.",
    )  # fmt: skip
    outgoing = SeriesWidget(
        title="Average outgoing quality", periods=quality, unit="%",
        lines=[SeriesLine(name="Defects that leave", values=[float(each) for each in plan.outgoing])],
        summary=f"Where rejected lots are sorted, at most {plan.outgoing_limit:.3g} % of what leaves is defective.",
    )  # fmt: skip
    columns = [
        Column(key="lot", title="Lot"),
        Column(key="size", title="Items", numeric=True, digits=0),
        Column(key="letter", title="Letter"),
        Column(key="sample", title="Take", numeric=True, digits=0),
        Column(key="accept", title="Allowed", numeric=True, digits=0),
        Column(key="found", title="Found", numeric=True, digits=0),
        Column(key="decision", title="Decision"),
        Column(key="severity", title="Inspection"),
        Column(key="note", title="Switching"),
    ]
    rows: list[dict[str, Cell]] = [
        {column.key: getattr(lot, column.key) for column in columns} | {"decision": lot.decision.capitalize()}
        for lot in made.lots
    ]
    table = TableWidget(key="lots", title="Lots", columns=columns, rows=rows, summary=f"Inspection level {made.level}.")
    return [table, curve, outgoing]


def _pareto_figures(report: QualityReport) -> list[Figure]:
    vital = [one for one in report.pareto if one.vital]
    return [
        Figure(label="Defects", value=round(sum(one.count for one in report.pareto))),
        Figure(label="Kinds", value=len(report.pareto)),
        Figure(label="Vital few", value=len(vital), hint=f"They make {vital[-1].cumulated:.0f} % of all"),
        Figure(label="First", value=report.pareto[0].name, hint=f"{report.pareto[0].share:.0f} % of all"),
    ]


def pareto(report: QualityReport) -> list[Widget]:
    names = [one.name for one in report.pareto[:30]]
    shown = report.pareto[:30]
    few = [float(one.count) if one.vital else 0.0 for one in shown]
    many = [0.0 if one.vital else float(one.count) for one in shown]
    bars = BarWidget(
        title="Pareto diagram", heading="Kind", periods=names, percent_lines=True,
        bars=[Bar(name="Vital few", values=few), Bar(name="Others", values=many, tone="good")],
        lines=[SeriesLine(name="Cumulated", values=[one.cumulated for one in shown])],
        summary=f"{report.verdict}: {', '.join(one.name for one in shown if one.vital)}.",
    )  # fmt: skip
    columns = [
        Column(key="name", title="Kind"),
        Column(key="count", title="Number", numeric=True, digits=0),
        Column(key="share", title="Share", numeric=True, digits=1, unit="%"),
        Column(key="cumulated", title="Cumulated", numeric=True, digits=1, unit="%"),
    ]
    rows: list[dict[str, Cell]] = [
        {"name": one.name, "count": one.count, "share": one.share, "cumulated": one.cumulated} for one in report.pareto
    ]
    return [bars, TableWidget(key="kinds", title="Kinds of defects", columns=columns, rows=rows)]
