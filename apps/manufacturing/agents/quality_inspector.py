"""The Quality Inspector: control charts, capability, gauge studies, sampling plans, and what to look at first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from apps.agents.contract import Agent, Example, RunContext
from apps.common.decisions import WORKFLOW_NAME, Decision
from apps.common.errors import NotFound
from apps.common.schemas import Inspection, StrictModel, Table, Understood
from apps.common.widgets import Cell, Sheet, Widget
from apps.manufacturing.agents import quality_decisions
from apps.manufacturing.agents import quality_making as making
from apps.manufacturing.agents import quality_studies as studies
from apps.manufacturing.agents import quality_views as shown
from apps.manufacturing.agents.quality_report import QualityReport
from apps.manufacturing.analytics import examples, layout

if TYPE_CHECKING:
    from apps.manufacturing.analytics import inspecting

PREVIEW_COLUMNS = 12
MOST_CHOICES = 100

RuleSet = Literal["Western Electric", "Nelson", "limits only"]
RuleKey = Literal["WE1", "WE2", "WE3", "WE4", "N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8"]
Kind = Literal["auto", "Xbar-R", "Xbar-S", "I-MR", "p", "np", "c", "u", "EWMA", "CUSUM", "Hotelling T²"]
AQLS = (
    "0.010", "0.015", "0.025", "0.040", "0.065", "0.10", "0.15", "0.25", "0.40", "0.65", "1.0", "1.5", "2.5", "4.0",
    "6.5", "10", "15", "25", "40", "65", "100", "150", "250", "400", "650", "1000",
)  # fmt: skip
"""As ISO 2859-1 writes them."""


def _aql(sent: Any) -> Any:
    """An AQL sent as a number, as the standard writes it."""
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        return sent
    return next((text for text in AQLS if float(text) == sent), str(sent))


Aql = Annotated[Literal[AQLS], BeforeValidator(_aql)]  # type: ignore[valid-type]


class QualityInput(StrictModel):
    data: Table = Field(description="Measurements, counts, a gauge study, lots, or kinds of defects: a row for each.")
    study: Literal["auto", "control chart", "capability", "gauge study", "sampling plan", "pareto"] = Field(
        default="auto", description="What the table is looked at for."
    )
    chart: Kind = Field(default="auto", description="By the size of samples, and what is counted, when left to it.")
    lower_spec: float | None = Field(
        default=None, allow_inf_nan=False, description="Lower limit of the specification, in the unit of measurement."
    )
    upper_spec: float | None = Field(default=None, allow_inf_nan=False, description="Upper limit, likewise.")
    target: float | None = Field(
        default=None, allow_inf_nan=False, description="What is aimed at; the middle of both limits when left empty."
    )
    unit: str = Field(default="", max_length=20, description="Unit of the measurements, for charts and tables.")
    rules: Literal["as set", "Western Electric", "Nelson", "limits only"] = Field(
        default="as set", description="What makes a point a signal."
    )
    only_rules: list[RuleKey] | None = Field(
        default=None, min_length=1, max_length=12, description="Just these rules, by their names."
    )
    baseline: int | None = Field(
        default=None, ge=2, le=1_000_000, description="So many first samples of each stage give the limits; or all."
    )
    mean: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="Known mean, or rate of defects: limits are not computed from it.",
    )
    sigma: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Known standard deviation of single values."
    )
    aql: Aql = Field(default="1.0", description="Acceptance quality limit of a sampling plan, in percent.")
    level: Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"] = Field(
        default="II", description="Inspection level of a sampling plan."
    )
    severity: Literal["normal", "tightened", "reduced", "switching"] = Field(
        default="normal", description="Of a sampling plan; switching: by the lots before."
    )
    numbers: Literal["auto", "decimal point", "decimal comma"] = Field(
        default="auto", description="How numbers are written."
    )


class QualitySettings(StrictModel):
    """What an organisation decides once; the rules and the baseline can be chosen anew for each run."""

    rules: RuleSet = Field(default="Western Electric", description="Rules that are applied where a run says nothing.")
    reach: float = Field(default=3.0, ge=1, le=6, description="Limits are so many standard errors from the centre.")
    baseline: int | None = Field(default=None, ge=2, description="So many first samples of each stage give the limits.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Of the intervals of capability.")
    capable: float = Field(default=1.33, ge=1, le=3, description="The Cpk that is asked for.")
    ewma_weight: float = Field(default=0.2, gt=0, le=1, description="Weight of the newest sample of EWMA.")
    cusum_shift: float = Field(default=1.0, gt=0, le=4, description="Shift that CUSUM is to find, in standard errors.")
    cusum_interval: float = Field(default=5.0, gt=0, le=20, description="Decision interval of CUSUM.")
    pool_alpha: float = Field(
        default=0.25, gt=0, lt=1, description="A gauge study's interaction with a larger p counts as chance."
    )
    workflow: str = Field(
        default="",
        max_length=60,
        pattern=WORKFLOW_NAME,
        title="Workflow to propose",
        description="Its name, for what is bad; it is given the texts `subject` and `summary`.",
    )


LABELS = {
    "study": "Study",
    "chart": "Chart",
    "measurement": "Measurement column",
    "subgroup": "Sample column",
    "characteristic": "Characteristic column",
    "stage": "Stage column",
    "baseline": "Baseline column",
    "lower": "Lower limit column",
    "upper": "Upper limit column",
    "target": "Target column",
    "part": "Part column",
    "operator": "Operator column",
    "defects": "Defects column",
    "size": "Size column",
    "category": "Kind column",
}


class QualityInspector(Agent[QualityInput, QualityReport, QualitySettings]):
    """Tells whether a process is stable and capable, whether gauge and lots will do, and where to look first."""

    key = "manufacturing.quality_inspector"
    title = "Quality Inspector"
    version = "1.0"
    icon = "ruler-2"
    figure = "found within 10 samples"
    table_roles = layout.EVERY_ROLE
    verdicts = quality_decisions.VERDICTS
    fresh_for = timedelta(days=1)
    examples = [
        Example(title="Bore diameters", input={"data": {"rows": examples.bores()}, "lower_spec": 39.97,
                                               "upper_spec": 40.03, "target": 40.0, "unit": "mm"}),
        Example(title="Leaking castings", input={"data": {"rows": examples.castings()}}),
        Example(title="Gauge study", input={"data": {"rows": examples.gauge_study()}, "lower_spec": 11.9,
                                            "upper_spec": 12.1, "unit": "mm"}),
        Example(title="Incoming lots", input={"data": {"rows": examples.lots()}, "severity": "switching"}),
        Example(title="Kinds of defects", input={"data": {"rows": examples.defects()}}),
    ]  # fmt: skip

    def run(self, data: QualityInput, settings: QualitySettings, ctx: RunContext) -> QualityReport:
        from apps.manufacturing.analytics import inspecting

        ctx.progress(0, 1, "Reading the table")
        frame = ctx.table(data.data)
        ctx.progress(0, 1, "Telling what is in it")
        found = inspecting.prepare(frame, _choices(data, settings), lambda note: ctx.progress(0, 1, note))
        report = _report(found, data, settings, ctx)
        ctx.progress(1, 1, "Done")
        return report

    def inspect(self, data: QualityInput, ctx: RunContext) -> Inspection:
        from apps.manufacturing.analytics import inspecting

        frame = ctx.table(data.data)
        found = inspecting.prepare(frame, _choices(data, QualitySettings()))
        if found.lots:
            studies.sampling_report(found, float(data.aql), data.level, data.severity)
        used = [column for column in dict.fromkeys([*_used(found), *found.plan.columns]) if column in frame.columns]
        return Inspection(
            summary=_summary(found),
            understood=_understood(found, data),
            warnings=found.notes,
            preview=frame.head(5).select(used[:PREVIEW_COLUMNS]).to_dicts(),
        )

    def decide(self, report: QualityReport, settings: QualitySettings) -> list[Decision]:
        return quality_decisions.decide(
            report, reach=settings.reach, confidence=settings.confidence, workflow=settings.workflow
        )

    def headline(self, report: QualityReport) -> str:
        if report.characteristics:
            return f"{report.verdict}: {making.counted(report.found, 'thing')} to look at"
        if report.gauges:
            return (
                f"{report.verdict}: {report.gauges[0].methods[1].grr:.1f} % GRR, ndc {report.gauges[0].methods[1].ndc}"
            )
        return report.verdict

    def present(self, report: QualityReport) -> list[Widget]:
        first: list[Widget] = [shown.figures(report), shown.verdict(report)]
        if report.gauges:
            return [*first, shown.gauges(report)]
        if report.sampling:
            return [*first, *shown.sampling(report.sampling)]
        if report.pareto:
            return [*first, *shown.pareto(report)]
        return [*first, shown.attention(report), shown.characteristics(report)]

    def detail(self, report: QualityReport, row: str) -> list[Widget]:
        for one in report.characteristics:
            if one.name == row:
                return shown.characteristic(one, report)
        for study in report.gauges:
            if study.name == row:
                return shown.gauge(study, report.unit)
        raise NotFound(f"The report holds no characteristic “{row}”.", remedy="Choose one from the table.")

    def export(self, report: QualityReport) -> Sheet:
        if report.gauges:
            return _gauge_sheet(report)
        if report.sampling:
            columns = ["lot", "size", "letter", "sample", "accept", "severity", "found", "decision"]
            lots: list[list[Cell]] = [[getattr(lot, name) for name in columns] for lot in report.sampling.lots]
            return Sheet(name="lots", columns=columns, rows=lots)
        if report.pareto:
            columns = ["name", "count", "share", "cumulated", "vital"]
            kinds: list[list[Cell]] = [[getattr(one, name) for name in columns] for one in report.pareto]
            return Sheet(name="pareto", columns=columns, rows=kinds)
        return _points_sheet(report)


def _choices(data: QualityInput, settings: QualitySettings) -> inspecting.Choices:
    from apps.manufacturing.analytics import inspecting
    from apps.manufacturing.analytics.capability import Spec
    from apps.manufacturing.analytics.charts import Known

    return inspecting.Choices(
        roles=data.data.columns,
        study=data.study,
        chart=data.chart,
        spec=Spec(data.lower_spec, data.upper_spec, data.target),
        known=Known(data.mean, data.sigma),
        baseline=data.baseline or settings.baseline,
        reach=settings.reach,
        decimals=data.numbers,
        weight=settings.ewma_weight,
        shift=settings.cusum_shift,
        interval=settings.cusum_interval,
    )


def _report(
    found: inspecting.Prepared, data: QualityInput, settings: QualitySettings, ctx: RunContext
) -> QualityReport:
    if found.gauges:
        limits = data.lower_spec, data.upper_spec
        tolerance = None if limits[0] is None or limits[1] is None else limits[1] - limits[0]
        report = studies.gauge_report(found, tolerance, settings.pool_alpha)
    elif found.lots:
        report = studies.sampling_report(found, float(data.aql), data.level, data.severity)
    elif found.kinds:
        report = studies.pareto_report(found)
    else:
        report = making.charted_report(
            found, _rules(data, settings), settings.confidence, settings.capable, ctx.progress
        )  # fmt: skip
    report.unit = data.unit
    return report


def _rules(data: QualityInput, settings: QualitySettings) -> list[str]:
    """The names of the rules of a run: chosen one by one, as a set, or as the organisation has set them."""
    from apps.manufacturing.analytics import rules

    if data.only_rules:
        return list(dict.fromkeys(data.only_rules))
    return list(rules.SETS[settings.rules if data.rules == "as set" else data.rules])


def _used(found: inspecting.Prepared) -> list[str]:
    """The columns that play a role."""
    held = [name for role, name in found.plan.roles.items() if role != "measurement"]
    return [*held, *found.plan.measurements]


def _summary(found: inspecting.Prepared) -> str:
    if found.gauges:
        operators, parts, trials = found.gauges[0].study.shape
        return f"{operators} operators measured {parts} parts {trials} times each"
    if found.lots:
        return f"{making.counted(len(found.lots.sizes), 'lot')} of {sum(found.lots.sizes):,} items"
    if found.kinds:
        return f"{found.kinds[1].sum():,.0f} defects of {making.counted(len(found.kinds[0]), 'kind')}"
    one = found.charted[0]
    samples = making.counted(len(one.charts[0].points), "sample")
    of = f" of {len(one.values):,} measurements" if one.values is not None else ""
    if len(found.charted) == 1:
        return f"{samples}{of}"
    return f"{making.counted(len(found.charted), 'chart')}; {one.name} has {samples}{of}"


def _understood(found: inspecting.Prepared, data: QualityInput) -> list[Understood]:
    """What was detected, each with its alternatives; a choice goes back into the input at `path`."""
    plan, properties = found.plan, QualityInput.model_json_schema()["properties"]
    made = [_choice("study", plan.study, properties["study"]["enum"], plan.why.get("study", ""))]
    if found.charted:
        kind = found.charted[0].kind
        made.append(_choice("chart", kind, properties["chart"]["enum"], found.charted[0].why))
    if _has_numbers(found):
        made.append(_choice("numbers", data.numbers, properties["numbers"]["enum"], "A file uses one way throughout."))
    for role in layout.ROLES[plan.form]:
        value = plan.roles.get(role, layout.NONE)
        options = list(dict.fromkeys([value, layout.NONE, *plan.columns[:MOST_CHOICES]]))
        why = plan.why.get(role, "No column has a name of it.")
        made.append(Understood(path=f"data.columns.{role}", label=LABELS[role], value=value, choices=options, why=why))
    return made


def _has_numbers(found: inspecting.Prepared) -> bool:
    return found.plan.form != "pareto"


def _choice(path: str, value: str, options: list[str], why: str) -> Understood:
    label = {"numbers": "Numbers"}.get(path) or LABELS[path]
    return Understood(path=path, label=label, value=value, choices=options, why=why)


def _points_sheet(report: QualityReport) -> Sheet:
    columns = ["characteristic", "chart", "sample", "value", "centre", "lower", "upper", "signal"]
    rows: list[list[Cell]] = [
        [one.name, chart.title, label, chart.points[n], chart.centre[n], chart.lower[n], chart.upper[n],
         chart.signals.get(n, "")]
        for one in report.characteristics
        for chart in one.charts
        for n, label in enumerate(chart.labels)
    ]  # fmt: skip
    return Sheet(name="points", columns=columns, rows=rows)


def _gauge_sheet(report: QualityReport) -> Sheet:
    columns = ["characteristic", "method", "source", "deviation", "of_total", "of_variance", "of_tolerance"]
    rows: list[list[Cell]] = [
        [study.name, method.method, part.name, part.sigma, part.of_total, part.of_variance, part.of_tolerance]
        for study in report.gauges
        for method in study.methods
        for part in method.components
    ]
    return Sheet(name="gauge", columns=columns, rows=rows)
