"""Widgets of words and figures: key figures, a finding, a table, a score on its scale."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, FiniteFloat

from apps.common.widgets.parts import Cell, Scale, Tone


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


class ScoreMark(BaseModel):
    """A figure that a score is held against, for example where a review begins."""

    name: str
    value: FiniteFloat


class ScoreWidget(BaseModel):
    """One figure on its scale, with the scale's named bands and what the figure is held against."""

    kind: Literal["score"] = "score"
    title: str
    value: FiniteFloat | None
    """None: there is none, and `summary` says why."""
    scale: Scale
    thresholds: Annotated[list[ScoreMark], Field(max_length=12)] = []
    summary: str = ""
    """What the scale does not say itself; where the figure stands is read out by itself."""

    @property
    def is_empty(self) -> bool:
        return self.value is None
