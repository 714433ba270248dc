"""Widgets that are charts over an axis: lines, control charts, bars, contributions, heat maps."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, FiniteFloat, computed_field, model_validator

from apps.common.widgets.parts import Tone


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

    @property
    def is_empty(self) -> bool:
        return not self.periods


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

    @property
    def is_empty(self) -> bool:
        return not self.periods


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

    @property
    def is_empty(self) -> bool:
        return not self.periods


class Contribution(BaseModel):
    name: str
    value: FiniteFloat
    """What it adds; negative where it takes away."""


class WaterfallWidget(BaseModel):
    """How contributions lead from a base to a result, for example from an average to one score."""

    kind: Literal["waterfall"] = "waterfall"
    title: str
    base: Contribution = Contribution(name="Base", value=0.0)
    steps: list[Contribution] = Field(max_length=500)
    """In the order in which they are told. Of more than fifteen, the smallest are drawn as one."""
    result_name: str = "Result"
    heading: str = "Contribution"
    """What a step is: the heading of their names."""
    unit: str = ""
    digits: int | None = Field(default=None, ge=0, le=6)
    """After the point; None: three significant digits."""
    summary: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def result(self) -> float:
        """The base with all contributions."""
        return self.base.value + sum(step.value for step in self.steps)

    @property
    def is_empty(self) -> bool:
        return not self.steps


MOST_CELLS = 10_000


class MatrixWidget(BaseModel):
    """Figures by row and column, shaded by size: a confusion matrix, severity by likelihood, hours by days.

    Each cell carries its figure, or its word: the shade only helps to find them.
    """

    kind: Literal["matrix"] = "matrix"
    title: str
    row_heading: str
    column_heading: str
    rows: list[str] = Field(max_length=500)
    columns: list[str] = Field(max_length=200)
    cells: list[list[FiniteFloat | None]]
    """For each row, one figure per column; None where there is none."""
    words: list[list[str]] = []
    """What stands in each cell instead of its figure, where the figure only orders the words."""
    by_row: bool = False
    """Whether a cell is shaded by its share of its row rather than of the largest of all."""
    unit: str = ""
    digits: int | None = Field(default=None, ge=0, le=6)
    summary: str

    @model_validator(mode="after")
    def cells_fill_it(self) -> Self:
        if (size := len(self.rows) * len(self.columns)) > MOST_CELLS:
            raise ValueError(
                f"A matrix of {len(self.rows)} rows and {len(self.columns)} columns has {size:,} cells: the most are"
                f" {MOST_CELLS:,}. Leave out what matters least, or give a table."
            )
        self._fit("cells", [len(line) for line in self.cells])
        if self.words:
            self._fit("words", [len(line) for line in self.words])
        return self

    def _fit(self, what: str, widths: list[int]) -> None:
        if len(widths) != len(self.rows):
            raise ValueError(f"There are {len(self.rows)} rows, but {what} of {len(widths)}.")
        for name, width in zip(self.rows, widths, strict=True):
            if width != len(self.columns):
                raise ValueError(f"The row “{name}” has {width} {what}, but there are {len(self.columns)} columns.")

    @property
    def is_empty(self) -> bool:
        return not self.rows or not self.columns
