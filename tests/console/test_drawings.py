"""What the server draws itself: scores on their scales, and timelines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from apps.common.widgets import Scale, ScoreMark, ScoreWidget, TimelineEntry, TimelineWidget
from apps.console.scales import scale_picture, scale_sentence, score_drawing
from apps.console.timelines import MOST_ENTRIES, MOST_LANES, MOST_LEVELS, MOST_TICKS, timeline_drawing
from tests.dummy.agents.gallery import SCALE, timeline

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def entry(start: timedelta, lasts: timedelta | None = None, lane: str = "a") -> TimelineEntry:
    begun = NOON + start
    return TimelineEntry(lane=lane, name="x", start=begun, end=None if lasts is None else begun + lasts)


def lane_of(entries: list[TimelineEntry]) -> TimelineWidget:
    return TimelineWidget(title="T", lanes=["a"], entries=entries, summary="")


# ---------------------------------------------------------------------- scores


def test_a_score_is_read_out_with_its_scale_its_band_and_what_it_is_held_against() -> None:
    marks = [ScoreMark(name="Review from", value=70)]
    assert scale_sentence(87, SCALE, marks) == "87 on a scale of 0 to 100, High. Review from 70"
    money = Scale(title="Amount", high=1000, unit="EUR")
    assert scale_sentence(12, money) == "12.00 EUR on a scale of 0 to 1,000"


def test_bands_lie_side_by_side_over_the_whole_scale() -> None:
    picture = scale_picture(87, SCALE)
    found = re.findall(r'data-st="(\w+)" x="([\d.]+)" y="14" width="([\d.]+)"', picture)
    assert [(tone, float(x), float(width)) for tone, x, width in found] == [
        ("succeeded", 0.0, 112.0),
        ("retrying", 112.0, 84.0),
        ("failed", 196.0, 84.0),
    ]
    assert re.findall(r">(\w+)</text>", picture) == ["Low", "Review", "High", "0", "40", "70", "100"]


@pytest.mark.parametrize(("value", "place"), [(-50, "0.0"), (0, "0.0"), (50, "138.5"), (100, "277.0"), (500, "277.0")])
def test_a_score_is_marked_within_the_scale(value: float, place: str) -> None:
    assert f'class="o-scale-m" x="{place}"' in scale_picture(value, SCALE)


def test_a_score_beyond_its_scale_is_told() -> None:
    assert score_drawing(ScoreWidget(title="S", value=120, scale=SCALE)).note == "It is beyond the end of its scale."
    assert score_drawing(ScoreWidget(title="S", value=20, scale=SCALE)).note == ""


def test_figures_do_not_run_into_each_other() -> None:
    marks = [ScoreMark(name="one", value=50), ScoreMark(name="two", value=50.5), ScoreMark(name="three", value=90)]
    picture = scale_picture(1, SCALE, marks)
    assert picture.count('class="o-scale-t"') == 3
    assert re.findall(r'y="8" text-anchor="\w+">([\d.]+)<', picture) == ["50", "90"]


def test_words_of_a_scale_are_escaped() -> None:
    picture = scale_picture(0.5, Scale(title="S", unit='"><b>'))
    assert "<b>" not in picture


# ------------------------------------------------------------------- timelines


def test_entries_of_a_lane_that_overlap_lie_below_each_other() -> None:
    hour = timedelta(hours=1)
    drawing = timeline_drawing(lane_of([entry(0 * hour, 2 * hour), entry(hour, 2 * hour), entry(2.5 * hour, hour)]))
    (lane,) = drawing.lanes
    assert [mark.top for mark in lane.marks] == [4, 26, 4]
    assert lane.height == 48


def test_a_lane_has_a_bounded_height_however_much_overlaps() -> None:
    drawing = timeline_drawing(lane_of([entry(timedelta(minutes=at), timedelta(hours=9)) for at in range(40)]))
    assert drawing.lanes[0].height == MOST_LEVELS * 22 + 4


def test_a_span_is_as_long_as_it_lasted_and_a_moment_has_no_length() -> None:
    hour = timedelta(hours=1)
    drawing = timeline_drawing(lane_of([entry(0 * hour, hour), entry(10 * hour)]))
    span, moment = drawing.lanes[0].marks
    # Between the ends lie 10 hours, and 2 % of them on either side.
    assert span.width == f"{100 / 10.4:.3f}%"
    assert span.left == f"{100 * 0.2 / 10.4:.3f}%"
    assert (moment.width, moment.before) == ("", True)


@pytest.mark.parametrize(
    ("span", "form", "texts"),
    [
        (timedelta(seconds=30), "second", ["12:00:00", "12:00:05"]),
        (timedelta(hours=5), "clock", ["12:00", "13:00"]),
        (timedelta(hours=30), "hour", ["2 Nov, 12:00", "2 Nov, 18:00"]),
        (timedelta(days=6), "day", ["3 Nov", "4 Nov"]),
        (timedelta(days=170), "month", ["Nov 2026", "Dec 2026"]),
        (timedelta(days=1900), "year", ["2027", "2028"]),
    ],
)
def test_the_axis_is_told_in_round_moments(span: timedelta, form: str, texts: list[str]) -> None:
    drawing = timeline_drawing(lane_of([entry(timedelta(0)), entry(span)]))
    assert 3 <= len(drawing.ticks) <= MOST_TICKS + 1
    assert {tick.form for tick in drawing.ticks} == {form}
    assert [tick.text for tick in drawing.ticks[:2]] == texts or [tick.text for tick in drawing.ticks[1:3]] == texts


@pytest.mark.parametrize("entries", [[entry(timedelta(0))], [entry(timedelta(0), timedelta(0))]])
def test_a_single_moment_is_drawn(entries: list[TimelineEntry]) -> None:
    (mark,) = timeline_drawing(lane_of(entries)).lanes[0].marks
    assert mark.left == "50.000%"


def test_the_ends_of_time_are_drawn() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    ends = [TimelineEntry(lane="a", name=name, start=at) for name, at in (("first", first), ("last", last))]
    drawing = timeline_drawing(lane_of(ends))
    assert [mark.left for mark in drawing.lanes[0].marks] == ["0.000%", "100.000%"]
    assert drawing.ticks


def test_of_a_large_timeline_the_first_lanes_are_drawn_and_it_says_so() -> None:
    drawing = timeline_drawing(timeline("large"))
    assert len(drawing.lanes) == MOST_LANES
    assert sum(len(lane.entries) for lane in drawing.lanes) == MOST_ENTRIES
    assert drawing.note == "Drawn are the first 60 of 80 lanes and 500 of 1,200 entries; the table has them all."
    assert timeline_drawing(timeline("usual")).note == ""


def test_a_lane_without_entries_is_shown() -> None:
    assert [lane.name for lane in timeline_drawing(timeline("usual")).lanes if not lane.entries] == ["Line 4"]
