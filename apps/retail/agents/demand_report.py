"""What the Demand Forecaster reports, and how its figures, tables and charts show it."""

from __future__ import annotations

import math
from collections import Counter
from statistics import median

from pydantic import BaseModel

from apps.common import formats
from apps.common.widgets import (
    Cell,
    Column,
    Figure,
    FiguresWidget,
    SeriesBand,
    SeriesLine,
    SeriesWidget,
    TableWidget,
    TextWidget,
    Tone,
)
from apps.retail.analytics import periods


class Metrics(BaseModel):
    """Backtest figures of one series, means over its origins; None where they are not defined."""

    smape: float | None = None
    mase: float | None = None
    rmsse: float | None = None
    pinball: float | None = None
    bias: float | None = None


class SeriesReport(BaseModel):
    """One series. Numbers have six significant digits.

    `history` is the last part of it and begins with the period `start`; `forecast` and the quantiles begin after it.
    `backtest` is the forecast of the latest backtest origin and ends with the history.
    """

    item: str
    start: str
    history: list[float]
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
    metrics: Metrics
    exceptions: list[str]


class DemandReport(BaseModel):
    frequency: periods.Frequency
    horizon: int
    series: list[SeriesReport]
    empty: list[str] = []
    """Items without a single value, which are not forecast."""
    notes: list[str] = []


def rounded(value: float) -> float:
    return float(f"{value:.6g}")


def finite(value: float | None) -> float | None:
    return rounded(value) if value is not None and math.isfinite(value) else None


def ahead_of(one: SeriesReport, report: DemandReport) -> list[str]:
    return periods.labels(one.start, report.frequency, report.horizon, len(one.history))


def figures(report: DemandReport) -> FiguresWidget:
    odd = sum(1 for one in report.series if one.exceptions) + len(report.empty)
    total = len(report.series) + len(report.empty)
    scaled = [one.metrics.mase for one in report.series if one.metrics.mase is not None]
    figures = [
        Figure(label="Series", value=len(report.series), hint=_classes(report)),
        Figure(label="Periods ahead", value=report.horizon, hint=report.frequency),
        Figure(
            label="With exceptions",
            value=round(100 * odd / total, 1),
            unit="%",
            hint=f"{odd:,} of {total:,}; they are listed below" if odd else "No series stands out",
            tone="warning" if odd else "good",
        ),
        Figure(
            label="Median MASE",
            value=finite(median(scaled)) if scaled else None,
            hint="Half of the series have a smaller backtest error. 1 is the usual change from one period to the next.",
        ),
    ]
    return FiguresWidget(figures=figures)


def _classes(report: DemandReport) -> str:
    counts = Counter(one.demand for one in report.series)
    return ", ".join(f"{count:,} {'never sold' if name == 'none' else name}" for name, count in counts.most_common())


def series_table(report: DemandReport) -> TableWidget:
    columns = [
        Column(key="item", title="Item"),
        Column(key="demand", title="Demand", hint="Class by mean interval (ADI) and variation of sizes (CV²)"),
        Column(key="last", title="Last value", numeric=True),
        Column(key="total", title="Forecast", numeric=True, hint=f"Sum over {report.horizon} periods"),
        Column(
            key="reach",
            title="Band",
            numeric=True,
            digits=0,
            unit="%",
            hint="Mean width of 10 to 90 %, by the forecast",
        ),
        Column(
            key="smape", title="sMAPE", numeric=True, digits=1, unit="%", hint="Backtest error in percent, 0 to 200"
        ),
        Column(key="mase", title="MASE", numeric=True, digits=2, hint="Backtest error by the usual change of a period"),
        Column(key="model", title="Model", hint="The one with most weight, and how many more"),
        Column(key="exceptions", title="Exceptions", numeric=True, digits=0),
    ]
    rows: list[dict[str, Cell]] = []
    for one in report.series:
        total = sum(one.forecast)
        wide = sum(high - low for low, high in zip(one.q10, one.q90, strict=True))
        rows.append(
            {
                "item": one.item,
                "demand": "never sold" if one.demand == "none" else one.demand,
                "last": one.history[-1],
                "total": rounded(total),
                "reach": finite(100 * wide / total) if total > 0 else None,
                "smape": one.metrics.smape,
                "mase": one.metrics.mase,
                "model": one.model,
                "exceptions": len(one.exceptions),
            }
        )
    summary = f"{len(rows):,} series with their forecast over {report.horizon} periods and their backtest errors."
    return TableWidget(key="series", title="Series", columns=columns, rows=rows, row_key="item", summary=summary)


def exceptions_table(report: DemandReport) -> TableWidget:
    rows: list[dict[str, Cell]] = []
    for one in report.series:
        for told in one.exceptions:
            kind, _, note = told.partition(": ")
            rows.append({"item": one.item, "kind": kind, "note": note})
    rows += [{"item": item, "kind": "Empty", "note": "no value at all; nothing is forecast"} for item in report.empty]
    rows += [{"item": "The table", "kind": "Note", "note": note} for note in report.notes]
    columns = [
        Column(key="item", title="Item"),
        Column(key="kind", title="Exception"),
        Column(key="note", title="What to know"),
    ]
    summary = f"{len(rows):,} exceptions to know before trusting a forecast."
    return TableWidget(
        key="exceptions", title="Exceptions", columns=columns, rows=rows, empty="No series stands out.", summary=summary
    )


def chart(one: SeriesReport, report: DemandReport) -> SeriesWidget:
    labels = periods.labels(one.start, report.frequency, len(one.history) + report.horizon)
    past: list[float | None] = [None] * len(one.history)
    ahead: list[float | None] = [None] * report.horizon
    lines = [
        SeriesLine(name="History", values=[*one.history, *ahead]),
        SeriesLine(name="Forecast", style="dashed", values=[*past, *one.forecast]),
    ]
    if one.backtest:
        tested = [*past[len(one.backtest) :], *one.backtest, *ahead]
        lines.insert(1, SeriesLine(name="Backtest", style="dotted", values=tested))
    first, total = labels[len(one.history)], sum(one.forecast)
    return SeriesWidget(
        title=one.item,
        periods=labels,
        lines=lines,
        bands=[SeriesBand(name="10 to 90 %", low=[*past, *one.q10], high=[*past, *one.q90])],
        split=first,
        split_name="Forecast",
        summary=(
            f"{one.item}: from {first}, {report.horizon} periods with {formats.number(total)} in total; "
            f"the last is forecast as {formats.number(one.forecast[-1])}, between {formats.number(one.q10[-1])} and "
            f"{formats.number(one.q90[-1])} in eight cases of ten."
        ),
    )


def backtest(one: SeriesReport) -> FiguresWidget:
    found = one.metrics
    good: Tone = "neutral" if found.mase is None else "good" if found.mase < 1 else "neutral"
    over = found.bias is not None and found.bias > 0
    figures = [
        Figure(
            label="sMAPE", value=found.smape, unit="%", hint="Mean error in percent of the mean of forecast and actual"
        ),
        Figure(
            label="MASE",
            value=found.mase,
            tone=good,
            hint="Mean error by the usual change of a period; below 1 is good",
        ),
        Figure(label="RMSSE", value=found.rmsse, hint="As MASE, with large misses counting more"),
        Figure(
            label="Pinball",
            value=found.pinball,
            hint="Loss of the three quantiles, in units of the series",
        ),
        Figure(
            label="Bias", value=found.bias, hint=f"Forecast less actual: on average too {'much' if over else 'little'}"
        ),
        Figure(label="ADI", value=one.adi, hint="Mean periods between demands; above 1.32 demand is intermittent"),
        Figure(
            label="CV²", value=one.cv2, hint="Squared variation of the demands; above 0.49 they are erratic or lumpy"
        ),
    ]
    return FiguresWidget(title="Backtest and demand", figures=figures)


def why(one: SeriesReport) -> TextWidget:
    first, *more = [sentence if sentence.endswith(".") else f"{sentence}." for sentence in one.why.split(". ")]
    tone: Tone = "warning" if one.exceptions else "neutral"
    return TextWidget(title=f"Why: {one.model}", text=first, reasons=[*more, *one.exceptions], tone=tone)
