"""The Demand Forecaster: a forecast with a band for every series of a table, and why it came out so."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, RunContext
from apps.common.errors import NotFound
from apps.common.schemas import Inspection, StrictModel, Table, Understood
from apps.common.widgets import (
    Cell,
    Column,
    Figure,
    FiguresWidget,
    SeriesBand,
    SeriesLine,
    SeriesWidget,
    Sheet,
    TableWidget,
    TextWidget,
    Widget,
)
from apps.retail.analytics import forecasting, reading

HISTORY = 104
"""Periods of history kept in a report, for the chart."""


class DemandInput(StrictModel):
    history: Table = Field(description="Item, period and quantity: long, or wide with periods or items as columns.")
    frequency: Literal["auto", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "index"] = "auto"
    horizon: int | None = Field(default=None, ge=1, le=104, description="Periods ahead; by frequency when left empty.")


class DemandSettings(StrictModel):
    """Nothing to set: the quantiles are 10, 50 and 90 %."""


class SeriesReport(BaseModel):
    item: str
    start: str
    periods: list[str]
    history: list[float]
    forecast_periods: list[str]
    forecast: list[float]
    q10: list[float]
    q50: list[float]
    q90: list[float]
    backtest: list[float]
    model: str
    why: str
    demand: str
    adi: float | None
    cv2: float | None
    metrics: dict[str, float | None]
    exceptions: list[str]


class DemandReport(BaseModel):
    frequency: str
    horizon: int
    series: list[SeriesReport]


def _round(values: list[float]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


class DemandForecaster(Agent[DemandInput, DemandReport, DemandSettings]):
    """Forecasts demand for every item, with a range to plan by and the reason for the model."""

    key = "retail.demand_forecaster"
    title = "Demand Forecaster"
    version = "1.0"
    icon = "chart-line"

    def run(self, data: DemandInput, settings: DemandSettings, ctx: RunContext) -> DemandReport:
        ctx.progress(0, 1, "Reading the table")
        panel = reading.read(ctx.table(data.history), data.history.columns, data.frequency)
        horizon = data.horizon or forecasting.HORIZONS[panel.frequency]
        made = []
        for done, series in enumerate(panel.series):
            ctx.progress(done, len(panel.series), f"Forecasting {series.item}")
            made.append(self._one(series, horizon, panel.frequency))
        ctx.progress(len(panel.series), len(panel.series), "Done")
        return DemandReport(frequency=panel.frequency, horizon=horizon, series=made)

    def _one(self, series: reading.Series, horizon: int, frequency: reading.Frequency) -> SeriesReport:
        found = forecasting.forecast(series.values, horizon, frequency, series.filled)
        return SeriesReport(
            item=series.item,
            start=series.periods[0],
            periods=series.periods[-HISTORY:],
            history=_round(series.values[-HISTORY:].tolist()),
            forecast_periods=reading.periods_after(series.periods[-1], frequency, horizon),
            forecast=_round(found.point.tolist()),
            q10=_round(found.quantiles[10].tolist()),
            q50=_round(found.quantiles[50].tolist()),
            q90=_round(found.quantiles[90].tolist()),
            backtest=[] if found.backtest is None else _round(found.backtest.tolist()),
            model=found.model,
            why=found.why,
            demand=found.demand.name,
            adi=_finite(found.demand.adi),
            cv2=_finite(found.demand.cv2),
            metrics={name: _finite(value) for name, value in found.metrics.items()},
            exceptions=found.exceptions,
        )

    def inspect(self, data: DemandInput, ctx: RunContext) -> Inspection:
        frame = ctx.table(data.history)
        panel = reading.read(frame, data.history.columns, data.frequency)
        columns = [name for name in frame.columns if name != reading.ROW]
        understood = [
            Understood(path=f"history.columns.{role}", label=role.capitalize(), value=name, choices=columns[:100])
            for role, name in panel.roles.items()
        ]
        choices = list(forecasting.HORIZONS)
        understood.append(Understood(path="frequency", label="Frequency", value=panel.frequency, choices=choices))
        warnings = [
            f"{series.item}: {note}"
            for series in panel.series
            for note in forecasting.exceptions(series.values, series.filled)
        ]
        preview = frame.head(5).select(columns[:12]).to_dicts()
        summary = f"{len(panel.series):,} series, {panel.frequency}"
        return Inspection(summary=summary, understood=understood, warnings=warnings[:20], preview=preview)

    def headline(self, report: DemandReport) -> str:
        return f"{len(report.series):,} series, {report.horizon} periods ahead"

    def present(self, report: DemandReport) -> list[Widget]:
        odd = [one for one in report.series if one.exceptions]
        figures = [
            Figure(label="Series", value=len(report.series)),
            Figure(label="Periods ahead", value=report.horizon, hint=report.frequency),
            Figure(label="With exceptions", value=len(odd), tone="warning" if odd else "good"),
        ]
        columns = [
            Column(key="item", title="Item"),
            Column(key="demand", title="Demand", hint="By interval (ADI) and variation (CV²)"),
            Column(key="total", title="Forecast total", numeric=True),
            Column(key="smape", title="sMAPE", numeric=True, digits=1, unit="%"),
            Column(key="mase", title="MASE", numeric=True, digits=2),
            Column(key="model", title="Model"),
        ]
        rows: list[dict[str, Cell]] = [
            {"item": one.item, "demand": one.demand, "total": sum(one.forecast), "smape": one.metrics.get("smape"),
             "mase": one.metrics.get("mase"), "model": one.model}
            for one in report.series
        ]  # fmt: skip
        notes: list[dict[str, Cell]] = [{"item": one.item, "note": "; ".join(one.exceptions)} for one in odd]
        told = [Column(key="item", title="Item"), Column(key="note", title="What to know")]
        return [
            FiguresWidget(figures=figures),
            TableWidget(key="series", title="Series", columns=columns, rows=rows, row_key="item"),
            TableWidget(key="exceptions", title="Exceptions", columns=told, rows=notes, empty="No series stands out."),
        ]

    def detail(self, report: DemandReport, row: str) -> list[Widget]:
        one = next((series for series in report.series if series.item == row), None)
        if one is None:
            raise NotFound(f"The report holds no series “{row}”.")
        past: list[float | None] = [None] * len(one.history)
        ahead: list[float | None] = [None] * len(one.forecast)
        tested: list[float | None] = [*past[len(one.backtest) :], *one.backtest, *ahead]
        lines = [
            SeriesLine(name="History", values=[*one.history, *ahead]),
            SeriesLine(name="Backtest", style="dotted", values=tested),
            SeriesLine(name="Forecast", style="dashed", values=[*past, *one.forecast]),
        ]
        chart = SeriesWidget(
            title=one.item,
            periods=[*one.periods, *one.forecast_periods],
            lines=lines,
            bands=[SeriesBand(name="10 to 90 %", low=[*past, *one.q10], high=[*past, *one.q90])],
            split=one.forecast_periods[0],
            summary=f"{one.item}: {len(one.forecast)} periods ahead, {sum(one.forecast):.6g} in total, by {one.model}.",
        )
        figures = [Figure(label=name.upper(), value=value) for name, value in one.metrics.items()]
        return [chart, FiguresWidget(title="Backtest", figures=figures), TextWidget(title=one.model, text=one.why)]

    def export(self, report: DemandReport) -> Sheet:
        rows: list[list[Cell]] = [
            [one.item, period, one.forecast[n], one.q10[n], one.q50[n], one.q90[n], one.model]
            for one in report.series
            for n, period in enumerate(one.forecast_periods)
        ]
        return Sheet(name="forecast", columns=["item", "period", "forecast", "q10", "q50", "q90", "model"], rows=rows)
