"""An agent whose result has a widget of every kind: as they are, all empty, or as large as they may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sin
from typing import Literal

from pydantic import BaseModel

from apps.agents.contract import Agent, Example, RunContext
from apps.common.schemas import StrictModel
from apps.common.widgets import (
    Bar,
    BarWidget,
    Column,
    Contribution,
    ControlChartWidget,
    ControlLimits,
    ControlSignal,
    Figure,
    FiguresWidget,
    MapPoint,
    MapRegion,
    MapRoute,
    MapWidget,
    MatrixWidget,
    Scale,
    ScaleBand,
    ScoreMark,
    ScoreWidget,
    SeriesBand,
    SeriesLine,
    SeriesWidget,
    Sheet,
    TableWidget,
    TextWidget,
    TimelineEntry,
    TimelineWidget,
    Tone,
    WaterfallWidget,
    Widget,
)

Size = Literal["usual", "empty", "large"]
BEGAN = datetime(2026, 11, 2, 6, tzinfo=UTC)
SCALE = Scale(
    title="Urgency",
    low=0,
    high=100,
    digits=0,
    bands=[
        ScaleBand(title="Low", upto=40, tone="good"),
        ScaleBand(title="Review", upto=70, tone="warning"),
        ScaleBand(title="High", upto=100, tone="bad"),
    ],
)
TONES: list[Tone] = ["neutral", "good", "warning", "bad"]


class GalleryInput(StrictModel):
    size: Size = "usual"


class GallerySettings(BaseModel):
    pass


class Hung(BaseModel):
    size: Size


class Gallery(Agent[GalleryInput, Hung, GallerySettings]):
    """Show a widget of every kind."""

    key, title, version = "dummy.gallery", "Gallery", "1.0"
    examples = [Example(title=size.title(), input={"size": size}) for size in ("usual", "empty", "large")]

    def run(self, data: GalleryInput, settings: GallerySettings, ctx: RunContext) -> Hung:
        return Hung(size=data.size)

    def headline(self, report: Hung) -> str:
        return f"Every kind, {report.size}"

    def present(self, report: Hung) -> list[Widget]:
        few = report.size != "empty"
        return [
            FiguresWidget(figures=[Figure(label="Kinds", value=11)] if few else []),
            TextWidget(title="What this is", text="Every kind of widget.", reasons=["So that each is looked at."]),
            score(report.size),
            waterfall(report.size),
            matrix(report.size),
            words(report.size),
            changes(report.size),
            world(report.size),
            journeys(report.size),
            timeline(report.size),
            series(report.size),
            control(report.size),
            bars(report.size),
            TableWidget(key="t", title="Table", columns=[Column(key="a", title="A")], rows=[{"a": 1}] if few else []),
        ]

    def export(self, report: Hung) -> Sheet:
        return Sheet(name="gallery", columns=["size"], rows=[[report.size]])


def count(size: Size, usual: int, large: int) -> int:
    return {"usual": usual, "empty": 0, "large": large}[size]


def score(size: Size) -> ScoreWidget:
    return ScoreWidget(
        title="Urgency",
        value=87 if size == "usual" else 120 if size == "large" else None,
        scale=SCALE,
        thresholds=[ScoreMark(name="Held from", value=40), ScoreMark(name="Refused from", value=85)],
        summary="" if size == "usual" else "There is no score: nothing was asked.",
    )


def waterfall(size: Size) -> WaterfallWidget:
    parts = [("Amount", 31.0), ("New here", 18.5), ("Country", -6.25), ("Hour of day", 3.75), ("=Known name", -9.0)]
    more = [(f"Part {at}", (-1) ** at * 40 / (at + 1)) for at in range(count(size, 0, 60))]
    return WaterfallWidget(
        title="What led to it",
        base=Contribution(name="Average", value=49.0),
        steps=[Contribution(name=name, value=value) for name, value in (*parts, *more)] if size != "empty" else [],
        result_name="Urgency",
        heading="Ground",
        digits=1,
        summary="From 49 on average to 87: the amount added most.",
    )


def matrix(size: Size) -> MatrixWidget:
    names = ["Pass", "Hold", "Refuse"] if size == "usual" else [f"Class {at}" for at in range(count(size, 3, 90))]
    told = [[412, 9, 1], [14, 87, 6], [0, 5, 44]]
    return MatrixWidget(
        title="Told and true",
        row_heading="True",
        column_heading="Told",
        rows=names,
        columns=names,
        cells=[[told[row % 3][column % 3] for column in range(len(names))] for row in range(len(names))],
        by_row=True,
        summary="543 of 578 were told right.",
    )


def words(size: Size) -> MatrixWidget:
    likely = ["Rare", "Possible", "Likely"][: count(size, 3, 3)]
    harm = ["Slight", "Serious", "Severe"][: count(size, 3, 3)]
    names = ["Accept", "Watch", "Treat", "Stop", "Stop"]
    return MatrixWidget(
        title="How bad and how likely",
        row_heading="How likely",
        column_heading="How bad",
        rows=likely,
        columns=harm,
        cells=[[row + column + 1 for column in range(len(harm))] for row in range(len(likely))],
        words=[[names[row + column] for column in range(len(harm))] for row in range(len(likely))],
        summary="What is severe is treated even where it is rare.",
    )


def changes(size: Size) -> MatrixWidget:
    days, hours = ["Mon", "Tue", "Wed"][: count(size, 3, 3)], [f"{hour:02}" for hour in range(count(size, 12, 24))]
    cells = [
        [None if hour == 3 else round(20 * sin(day + hour), 1) for hour in range(len(hours))]
        for day in range(len(days))
    ]
    return MatrixWidget(
        title="Change by hour",
        row_heading="Day",
        column_heading="Hour",
        rows=days,
        columns=hours,
        cells=cells,
        unit="%",
        digits=0,
        summary="It rises in the morning; of the hour of 3 nothing is known.",
    )


def world(size: Size) -> MapWidget:
    shares = {"DE": 31.0, "US": 87.0, "BR": 12.0, "IN": 55.0, "RU": 8.0, "ZA": 21.0, "FJ": 2.0, "SG": 4.0}
    return MapWidget(
        title="Where it comes from",
        regions=[MapRegion(country=code, value=value) for code, value in shares.items()] if size != "empty" else [],
        value_name="Share",
        unit="%",
        summary="Most comes from the United States.",
    )


def journeys(size: Size) -> MapWidget:
    towns = [("Hamburg", 53.55, 9.99), ("Vienna", 48.21, 16.37), ("Lyon", 45.76, 4.84), ("Madrid", 40.42, -3.7)]
    points = [
        MapPoint(name=name, latitude=lat, longitude=lon, value=10.0 * (at + 1), tone=TONES[at], text="A town")
        for at, (name, lat, lon) in enumerate(towns)
    ]
    many = [
        MapPoint(name=f"Place {at}", latitude=60 * sin(at), longitude=170 * sin(at * 1.7))
        for at in range(count(size, 0, 1500))
    ]
    routes = [
        MapRoute(name="Hamburg to Vienna", positions=[(53.55, 9.99), (48.21, 16.37)], text="By rail"),
        MapRoute(name="Lyon to Madrid", positions=[(45.76, 4.84), (43.3, -1.98), (40.42, -3.7)], tone="warning"),
    ]
    over = [MapRoute(name="Over 180°", positions=[(35.68, 139.69), (34.05, -118.24)], tone="bad")]
    return MapWidget(
        title="Where it goes",
        points=points + many if size != "empty" else [],
        routes=routes + over * count(size, 0, 1) if size != "empty" else [],
        value_name="Tonnes",
        summary="Four towns and two ways between them.",
    )


def timeline(size: Size) -> TimelineWidget:
    lanes = [f"Line {at + 1}" for at in range(count(size, 4, 80))]
    entries = []
    for at in range(count(size, 14, 1200)):
        start = BEGAN + timedelta(minutes=37 * at)
        end = None if at % 5 == 4 else start + timedelta(minutes=20 + 35 * (at % 4))
        lane = lanes[at % (len(lanes) - 1)]  # the last one stays empty
        entries.append(TimelineEntry(lane=lane, name=f"Lot {at + 1}", start=start, end=end, tone=TONES[at % 4]))
    return TimelineWidget(
        title="What ran when",
        lane_heading="Line",
        lanes=lanes,
        entries=entries,
        summary="Three lines ran, and one stood still.",
    )


def series(size: Size) -> SeriesWidget:
    periods = [f"2026-{month:02}" for month in range(1, count(size, 12, 12) + 1)]
    values: list[float | None] = [100 + 20 * sin(at) for at in range(len(periods))]
    low, high = [90.0] * len(periods), [115.0] * len(periods)
    return SeriesWidget(
        title="By month",
        periods=periods,
        lines=[SeriesLine(name="Seen", values=values)],
        bands=[SeriesBand(name="Usual", low=list(low), high=list(high))],
        summary="It swings about 100.",
    )


def control(size: Size) -> ControlChartWidget:
    points: list[float | None] = [10 + sin(at) for at in range(count(size, 20, 200))]
    limits = ControlLimits(centre=[10.0] * len(points), lower=[8.5] * len(points), upper=[10.9] * len(points))
    return ControlChartWidget(
        title="In order",
        statistic="Value",
        periods=[str(at + 1) for at in range(len(points))],
        points=points,
        limits=limits,
        signals=[ControlSignal(at=2, text="beyond a limit")] if points else [],
        summary="One is beyond a limit.",
    )


def bars(size: Size) -> BarWidget:
    names = ["Red", "Green", "Blue"][: count(size, 3, 3)]
    return BarWidget(
        title="By colour",
        heading="Colour",
        periods=names,
        bars=[Bar(name="Count", values=[float(at + 1) for at in range(len(names))])],
        summary="Blue is most often.",
    )
