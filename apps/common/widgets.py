"""What a result looks like, as data. An agent returns widgets; the console draws them and the API hands them out.

Every widget carries a text summary: it is read out where a chart cannot be seen.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Tone = Literal["neutral", "good", "warning", "bad"]
Cell = str | int | float | bool | None


class Figure(BaseModel):
    label: str
    value: Cell
    unit: str = ""
    hint: str = ""
    tone: Tone = "neutral"


class FiguresWidget(BaseModel):
    """A few key figures side by side."""

    kind: Literal["figures"] = "figures"
    title: str = ""
    figures: list[Figure]


class TextWidget(BaseModel):
    """A finding in words, with its reasons in order of weight."""

    kind: Literal["text"] = "text"
    title: str
    text: str
    reasons: list[str] = []
    tone: Tone = "neutral"


class Column(BaseModel):
    key: str
    title: str
    numeric: bool = False
    digits: int | None = None
    """Digits after the point for a number; None: three significant digits."""
    unit: str = ""
    hint: str = ""


class TableWidget(BaseModel):
    """A table that the console sorts, searches and pages on the server."""

    kind: Literal["table"] = "table"
    key: str
    title: str
    columns: list[Column]
    rows: list[dict[str, Cell]]
    row_key: str = ""
    """The column whose value names a row; when set, choosing a row shows the agent's `detail` for it."""
    empty: str = "There is nothing to list."
    summary: str = ""


class SeriesLine(BaseModel):
    name: str
    style: Literal["solid", "dashed", "dotted"] = "solid"
    values: list[float | None]
    """One value per entry of the widget's `periods`; None where the line has no value."""


class SeriesBand(BaseModel):
    name: str
    low: list[float | None]
    high: list[float | None]


class SeriesWidget(BaseModel):
    """Lines over time with a band, for example what was seen and what is expected."""

    kind: Literal["series"] = "series"
    title: str
    periods: list[str]
    """Labels of the time axis, oldest first (ISO dates where the data has dates)."""
    lines: list[SeriesLine]
    bands: list[SeriesBand] = []
    split: str = ""
    """The period at which something else begins, drawn as a mark."""
    split_name: str = ""
    """What begins there, written at the mark."""
    unit: str = ""
    summary: str


class ControlLimits(BaseModel):
    """One value per point of a control chart; None where a point has no limit."""

    centre: list[float | None]
    lower: list[float | None]
    upper: list[float | None]


class ControlSignal(BaseModel):
    """A point that a rule marks, and what the rules say of it."""

    at: int
    """Its place among the points, from 0."""
    text: str


class ControlStage(BaseModel):
    """Where a part of the chart with limits of its own begins."""

    at: int
    name: str


class ControlChartWidget(BaseModel):
    """Points in order of time about their centre, between limits that may step, with the points that are signals."""

    kind: Literal["control_chart"] = "control_chart"
    title: str
    statistic: str
    """What a point is, for example ``Mean``."""
    periods: list[str]
    """Labels of the points, in their order."""
    points: list[float | None]
    limits: ControlLimits
    signals: list[ControlSignal] = []
    stages: list[ControlStage] = []
    """Those after the first one."""
    unit: str = ""
    summary: str


class Bar(BaseModel):
    name: str
    values: list[float | None]
    """One value per entry of the widget's `periods`. Bars of several names stand on each other."""
    tone: Tone = "neutral"


class BarWidget(BaseModel):
    """Bars by name or by class, with lines over them: a histogram, shares of a whole, Pareto's diagram."""

    kind: Literal["bar"] = "bar"
    title: str
    heading: str
    """What the bars are: the heading of their names."""
    periods: list[str]
    """Names of the bars, in their order."""
    bars: list[Bar]
    lines: list[SeriesLine] = []
    percent_lines: bool = False
    """Whether lines have a scale of their own, of 0 to 100 %."""
    unit: str = ""
    summary: str


Widget = Annotated[
    FiguresWidget | TextWidget | TableWidget | SeriesWidget | ControlChartWidget | BarWidget,
    Field(discriminator="kind"),
]
CHARTS = (SeriesWidget, ControlChartWidget, BarWidget)
"""Widgets that are drawn from their data, beside words and a table of the same figures."""


class Sheet(BaseModel):
    """A flat table for download: the result without its dress."""

    name: str
    columns: list[str]
    rows: list[list[Cell]]
