"""What a result looks like, as data. An agent returns widgets; the console draws them.

Every widget carries a text summary: it is read out where a chart cannot be seen. What is too large to be read by
anybody is refused by its model; what is large is drawn in part, says so, and is whole in its table.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from apps.common.widgets.charts import (
    Bar,
    BarWidget,
    Contribution,
    ControlChartWidget,
    ControlLimits,
    ControlSignal,
    ControlStage,
    MatrixWidget,
    SeriesBand,
    SeriesLine,
    SeriesWidget,
    WaterfallWidget,
)
from apps.common.widgets.maps import MapPoint, MapRegion, MapRoute, MapWidget
from apps.common.widgets.parts import Cell, Scale, ScaleBand, Sheet, Tone
from apps.common.widgets.plain import (
    Column,
    Figure,
    FiguresWidget,
    ScoreMark,
    ScoreWidget,
    TableWidget,
    TextWidget,
)
from apps.common.widgets.timelines import TimelineEntry, TimelineWidget

Widget = Annotated[
    FiguresWidget
    | TextWidget
    | TableWidget
    | ScoreWidget
    | SeriesWidget
    | ControlChartWidget
    | BarWidget
    | WaterfallWidget
    | MatrixWidget
    | MapWidget
    | TimelineWidget,
    Field(discriminator="kind"),
]
CHARTS = (
    ScoreWidget,
    SeriesWidget,
    ControlChartWidget,
    BarWidget,
    WaterfallWidget,
    MatrixWidget,
    MapWidget,
    TimelineWidget,
)
"""Widgets that are drawn from their data, beside words and a table of the same figures."""

__all__ = [
    "CHARTS",
    "Bar",
    "BarWidget",
    "Cell",
    "Column",
    "Contribution",
    "ControlChartWidget",
    "ControlLimits",
    "ControlSignal",
    "ControlStage",
    "Figure",
    "FiguresWidget",
    "MapPoint",
    "MapRegion",
    "MapRoute",
    "MapWidget",
    "MatrixWidget",
    "Scale",
    "ScaleBand",
    "ScoreMark",
    "ScoreWidget",
    "SeriesBand",
    "SeriesLine",
    "SeriesWidget",
    "Sheet",
    "TableWidget",
    "TextWidget",
    "TimelineEntry",
    "TimelineWidget",
    "Tone",
    "WaterfallWidget",
    "Widget",
]
