"""Widgets refuse what could not be drawn, and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from apps.common.widgets import (
    CHARTS,
    Contribution,
    MapPoint,
    MapRegion,
    MapRoute,
    MapWidget,
    MatrixWidget,
    Scale,
    ScaleBand,
    ScoreWidget,
    TimelineEntry,
    TimelineWidget,
    WaterfallWidget,
    Widget,
)
from tests.dummy.agents.gallery import SCALE, Gallery, Hung, Size

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def said(make: Callable[[], BaseModel]) -> str:
    """What a model says of what it refuses."""
    with pytest.raises(ValidationError) as refused:
        make()
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refused.value.errors())


@pytest.mark.parametrize("size", ["usual", "empty", "large"])
def test_every_kind_comes_back_from_its_json(size: Size) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Widget)
    widgets = Gallery().present(Hung(size=size))
    assert {widget.kind for widget in widgets} == set(adapter.json_schema()["discriminator"]["mapping"])
    for widget in widgets:
        assert adapter.validate_json(widget.model_dump_json()) == widget


@pytest.mark.parametrize(("size", "empty"), [("usual", False), ("empty", True), ("large", False)])
def test_a_chart_knows_whether_there_is_anything_to_draw(size: Size, empty: bool) -> None:
    charts = [widget for widget in Gallery().present(Hung(size=size)) if isinstance(widget, CHARTS)]
    assert {type(chart) for chart in charts} == set(CHARTS)
    assert [chart.is_empty for chart in charts] == [empty] * len(charts)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_is_a_figure(value: float) -> None:
    assert "finite" in said(lambda: ScoreWidget(title="S", value=value, scale=SCALE))


def test_a_scale_is_whole() -> None:
    assert "must rise" in said(lambda: Scale(title="S", bands=[ScaleBand(title="Low", upto=0.4)]))
    assert "below its high end" in said(lambda: Scale(title="S", low=1, high=1))


@pytest.mark.parametrize(("value", "band"), [(-5, "Low"), (40, "Low"), (40.1, "Review"), (100, "High"), (120, "High")])
def test_a_value_lies_in_the_band_that_ends_with_it_or_beyond(value: float, band: str) -> None:
    found = SCALE.band_of(value)
    assert found
    assert found.title == band
    assert Scale(title="Plain").band_of(0.5) is None


def test_a_waterfall_ends_at_its_base_with_all_that_was_added() -> None:
    steps = [Contribution(name="a", value=3), Contribution(name="b", value=-1.5)]
    widget = WaterfallWidget(title="W", base=Contribution(name="Base", value=10), steps=steps, summary="")
    assert widget.result == 11.5
    assert widget.model_dump()["result"] == 11.5


def test_a_waterfall_of_too_many_steps_is_refused() -> None:
    steps = [Contribution(name=str(at), value=1) for at in range(501)]
    assert "steps: List should have at most 500 items" in said(
        lambda: WaterfallWidget(title="W", steps=steps, summary="")
    )


def matrix(**more: Any) -> MatrixWidget:
    given = {
        "title": "M",
        "row_heading": "R",
        "column_heading": "C",
        "rows": ["a", "b"],
        "columns": ["x"],
        "summary": "",
    }
    return MatrixWidget.model_validate({**given, "cells": [[1], [None]], **more})


def test_a_matrix_has_a_cell_for_each_row_and_column() -> None:
    assert matrix().cells == [[1.0], [None]]
    assert "There are 2 rows, but cells of 1" in said(lambda: matrix(cells=[[1]]))
    assert "The row “b” has 2 cells, but there are 1 columns" in said(lambda: matrix(cells=[[1], [1, 2]]))
    assert "The row “a” has 0 words" in said(lambda: matrix(words=[[], ["x"]]))


def test_a_matrix_of_too_many_cells_is_refused_with_its_size() -> None:
    rows, columns = [str(at) for at in range(101)], [str(at) for at in range(100)]
    refusal = said(lambda: matrix(rows=rows, columns=columns, cells=[[0.0] * 100] * 101))
    assert "101 rows and 100 columns has 10,100 cells: the most are 10,000" in refusal
    assert matrix(rows=rows[:100], columns=columns, cells=[[0.0] * 100] * 100).rows[-1] == "99"


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (-91, 0), (0, 180.5), (0, float("nan"))])
def test_a_point_is_on_earth(latitude: float, longitude: float) -> None:
    assert said(lambda: MapPoint(name="p", latitude=latitude, longitude=longitude))
    assert said(lambda: MapRoute(name="r", positions=[(0, 0), (latitude, longitude)])).startswith("positions.1")


def test_the_size_of_a_point_is_not_negative() -> None:
    assert "value" in said(lambda: MapPoint(name="p", latitude=0, longitude=0, value=-1))


def test_a_country_is_known_and_is_shaded_once() -> None:
    assert MapRegion(country="de", value=1).country == "DE"
    assert "“XX” is no country: give two letters of ISO 3166-1" in said(lambda: MapRegion(country="XX", value=1))
    assert "“GERMANY” is no country" in said(lambda: MapRegion(country="Germany", value=1))
    twice = [MapRegion(country="DE", value=1), MapRegion(country="de", value=2)]
    assert "DE is shaded twice" in said(lambda: MapWidget(title="M", regions=twice, summary=""))


def test_a_route_has_two_ends() -> None:
    assert "at least 2" in said(lambda: MapRoute(name="r", positions=[(0, 0)]))


def test_a_map_of_too_much_is_refused() -> None:
    point = MapPoint(name="p", latitude=0, longitude=0)
    assert "at most 5000" in said(lambda: MapWidget(title="M", points=[point] * 5001, summary=""))
    route = MapRoute(name="r", positions=[(0, 0)] * 2000)
    assert "22,000 positions: the most are 20,000" in said(
        lambda: MapWidget(title="M", routes=[route] * 11, summary="")
    )


def test_an_entry_ends_after_it_starts_and_its_times_have_a_zone() -> None:
    assert "“late” ends at 2026-11-02 11:00, before it starts" in said(
        lambda: TimelineEntry(lane="a", name="late", start=NOON, end=NOON - timedelta(hours=1))
    )
    assert "timezone" in said(lambda: TimelineEntry(lane="a", name="x", start=NOON.replace(tzinfo=None)))


def test_an_entry_is_in_one_of_the_lanes() -> None:
    entry = TimelineEntry(lane="b", name="x", start=NOON)
    assert "Entry 1 (“x”) is in the lane “b”, which is not named" in said(
        lambda: TimelineWidget(title="T", lanes=["a"], entries=[entry], summary="")
    )
    assert "The lane “a” is there twice" in said(
        lambda: TimelineWidget(title="T", lanes=["a", "a"], entries=[], summary="")
    )


def test_a_timeline_of_too_many_entries_is_refused() -> None:
    entry = TimelineEntry(lane="a", name="x", start=NOON)
    assert "at most 5000" in said(lambda: TimelineWidget(title="T", lanes=["a"], entries=[entry] * 5001, summary=""))
