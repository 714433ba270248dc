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
    """Lines over time with a band, for example history, backtest and forecast."""

    kind: Literal["series"] = "series"
    title: str
    periods: list[str]
    """Labels of the time axis, oldest first (ISO dates where the data has dates)."""
    lines: list[SeriesLine]
    bands: list[SeriesBand] = []
    split: str = ""
    """The period at which the forecast begins, drawn as a mark."""
    unit: str = ""
    summary: str


Widget = Annotated[FiguresWidget | TextWidget | TableWidget | SeriesWidget, Field(discriminator="kind")]


class Sheet(BaseModel):
    """A flat table for download: the result without its dress."""

    name: str
    columns: list[str]
    rows: list[list[Cell]]
