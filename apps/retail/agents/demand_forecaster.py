"""The Demand Forecaster: a forecast with a band for every series of a table, and why it came out so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from apps.agents.contract import Agent, Example, RunContext
from apps.common.decisions import WORKFLOW_NAME, Decision
from apps.common.errors import NotFound
from apps.common.schemas import Inspection, StrictModel, Table, Understood
from apps.common.widgets import Cell, Sheet, Widget
from apps.retail.agents import demand_decisions
from apps.retail.agents import demand_report as shown
from apps.retail.agents.demand_report import DemandReport, Metrics, SeriesReport, finite, rounded
from apps.retail.analytics import examples, periods
from apps.retail.analytics.layout import AskedLayout
from apps.retail.kinds.combination_weights import COMBINATION_WEIGHTS, Weights

if TYPE_CHECKING:
    from apps.retail.analytics import forecasting, reading

HISTORY = 104
"""Periods of history kept in a report, for the chart."""
PREVIEW_COLUMNS = 12
MOST_CHOICES = 100
MOST_NAMED = 3
"""Items that a warning names before it only counts."""

LABELS = {
    "layout": "Layout",
    "item": "Item column",
    "period": "Period column",
    "quantity": "Quantity column",
    "frequency": "Frequency",
    "dates": "Dates",
    "numbers": "Numbers",
}


class DemandInput(StrictModel):
    history: Table = Field(description="Item, period and quantity: long, or wide with periods or items as columns.")
    horizon: int | None = Field(default=None, ge=1, le=104, description="Periods ahead; by frequency when left empty.")
    frequency: periods.AskedFrequency = Field(
        default="auto", description="How long a period is; index: the periods are only counted."
    )
    layout: AskedLayout = Field(default="auto", description="Where items and periods stand in the table.")
    dates: periods.Order = Field(default="auto", description="Whether the day or the month comes first in a date.")
    numbers: Literal["auto", "decimal point", "decimal comma"] = Field(
        default="auto", description="How numbers are written."
    )


class DemandSettings(StrictModel):
    """What an organisation decides once. The quantiles are always 10, 50 and 90 %."""

    weak: float = Field(
        default=1.5,
        ge=0.5,
        le=10,
        title="Weak from",
        description="Backtest error, by the usual change of a period, above which a forecast is called weak.",
    )
    workflow: str = Field(
        default="",
        max_length=60,
        pattern=WORKFLOW_NAME,
        title="Workflow to propose",
        description="Its name, for items without a good forecast; it is given the texts `subject` and `summary`.",
    )


def _choices(data: DemandInput) -> reading.Choices:
    from apps.retail.analytics import reading

    return reading.Choices(data.history.columns, data.layout, data.frequency, data.dates, data.numbers)


class DemandForecaster(Agent[DemandInput, DemandReport, DemandSettings]):
    """Forecasts demand for every item, with a range to plan by and the reason for the model."""

    key = "retail.demand_forecaster"
    title = "Demand Forecaster"
    version = "1.0"
    icon = "chart-line"
    figure = "OWA"
    table_roles = ("item", "period", "quantity")
    trained = (COMBINATION_WEIGHTS,)
    verdicts = demand_decisions.VERDICTS
    fresh_for = timedelta(days=1)
    examples = [
        Example(title="Weekly unit sales", input={"history": {"rows": examples.weekly_sales()}}),
        Example(title="Spare parts, monthly", input={"history": {"rows": examples.spare_parts()}, "horizon": 6}),
        Example(title="Daily visits of shops", input={"history": {"rows": examples.daily_visits()}, "horizon": 28}),
    ]

    def run(self, data: DemandInput, settings: DemandSettings, ctx: RunContext) -> DemandReport:
        from apps.retail.analytics import forecasting, models, reading

        ctx.progress(0, 1, "Reading the table")
        frame = ctx.table(data.history)
        ctx.progress(0, 1, "Telling items, periods and quantities")
        panel = reading.read(frame, _choices(data))
        models.load(ctx.progress)
        horizon = data.horizon or forecasting.HORIZONS[panel.frequency]
        weights = ctx.trained(COMBINATION_WEIGHTS)
        learned = weights.pooled() if isinstance(weights, Weights) else None
        made = forecasting.forecast(panel.series, horizon, panel.frequency, ctx.progress, learned)
        reports = []
        for series, one in zip(panel.series, made, strict=True):
            ctx.progress(len(made), len(made) + 1, "Writing the report")
            reports.append(self._report(series, one, panel.frequency))
        ctx.progress(len(made) + 1, len(made) + 1, "Done")
        return DemandReport(
            frequency=panel.frequency, horizon=horizon, series=reports, empty=panel.empty, notes=panel.notes
        )

    def _report(
        self, series: reading.Series, found: forecasting.Forecast, frequency: periods.Frequency
    ) -> SeriesReport:
        kept = series.values[-HISTORY:]
        return SeriesReport(
            item=series.item,
            start=periods.labels(series.start, frequency, 1, len(series.values) - len(kept))[0],
            history=[rounded(value) for value in kept],
            forecast=[rounded(value) for value in found.point],
            q10=[rounded(value) for value in found.quantiles[10]],
            q50=[rounded(value) for value in found.quantiles[50]],
            q90=[rounded(value) for value in found.quantiles[90]],
            backtest=[rounded(value) for value in found.backtest],
            model=found.model,
            why=found.why,
            demand=found.demand.name,
            adi=finite(found.demand.adi),
            cv2=finite(found.demand.cv2),
            metrics=Metrics(**{name: finite(value) for name, value in found.metrics.items()}),
            exceptions=found.exceptions,
        )

    def inspect(self, data: DemandInput, ctx: RunContext) -> Inspection:
        from apps.retail.analytics import reading

        frame = ctx.table(data.history)
        panel = reading.read(frame, _choices(data))
        lengths = [len(series.values) for series in panel.series]
        span = f"{min(lengths):,}" if min(lengths) == max(lengths) else f"{min(lengths):,} to {max(lengths):,}"
        each = {"index": "periods that are only counted"}.get(panel.frequency, f"{panel.frequency} values")
        return Inspection(
            summary=f"{len(lengths):,} series of {span} {each}",
            understood=_understood(panel),
            warnings=[*panel.notes, *_warnings(panel)],
            preview=frame.head(5).select(panel.plan.columns[:PREVIEW_COLUMNS]).to_dicts(),
        )

    def decide(self, report: DemandReport, settings: DemandSettings) -> list[Decision]:
        return demand_decisions.decide(report, weak=settings.weak, workflow=settings.workflow)

    def headline(self, report: DemandReport) -> str:
        odd = sum(1 for one in report.series if one.exceptions) + len(report.empty)
        noted = f", {odd:,} with exceptions" if odd else ""
        return f"{len(report.series):,} series, {report.horizon} periods ahead{noted}"

    def present(self, report: DemandReport) -> list[Widget]:
        return [shown.figures(report), shown.series_table(report), shown.exceptions_table(report)]

    def detail(self, report: DemandReport, row: str) -> list[Widget]:
        one = next((series for series in report.series if series.item == row), None)
        if one is None:
            raise NotFound(f"The report holds no series “{row}”.", remedy="Choose one from the table of series.")
        return [shown.chart(one, report), shown.backtest(one), shown.why(one)]

    def export(self, report: DemandReport) -> Sheet:
        rows: list[list[Cell]] = [
            [one.item, period, one.forecast[n], one.q10[n], one.q50[n], one.q90[n], one.model, one.demand]
            for one in report.series
            for n, period in enumerate(shown.ahead_of(one, report))
        ]
        columns = ["item", "period", "forecast", "q10", "q50", "q90", "model", "demand"]
        return Sheet(name="forecast", columns=columns, rows=rows)


def _understood(panel: reading.Panel) -> list[Understood]:
    """What was detected, each with its alternatives; a choice goes back into the input at `path`."""
    detected = {
        "layout": panel.plan.layout,
        "frequency": panel.frequency,
        "dates": panel.order,
        "numbers": panel.decimals,
    }
    fields = DemandInput.model_json_schema()["properties"]
    made = []
    for name, label in LABELS.items():
        why = panel.why.get(name, "")
        if name in detected:
            options, value = fields[name]["enum"], detected[name]
            made.append(Understood(path=name, label=label, value=value, choices=options, why=why))
        elif name in panel.plan.roles:
            value = panel.plan.roles[name]
            options = list(dict.fromkeys([value, *panel.plan.columns[:MOST_CHOICES]]))
            made.append(Understood(path=f"history.columns.{name}", label=label, value=value, choices=options, why=why))
    return made


def _warnings(panel: reading.Panel) -> list[str]:
    """Exceptions by kind: how many series have one, and the first of them by name."""
    from apps.retail.analytics import forecasting

    by_kind: dict[str, list[str]] = {}
    for series in panel.series:
        for note in forecasting.exceptions(series):
            by_kind.setdefault(note.partition(":")[0], []).append(series.item)
    if panel.empty:
        by_kind["Empty, not forecast"] = panel.empty
    made = []
    for kind, items in by_kind.items():
        named = ", ".join(items[:MOST_NAMED]) + (
            f" and {len(items) - MOST_NAMED:,} more" if len(items) > MOST_NAMED else ""
        )
        made.append(f"{kind}: {named}")
    return made
