"""The tags and filters of templates."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.template import engines
from django.utils import timezone

from apps.common.widgets import (
    CHARTS,
    Bar,
    BarWidget,
    Column,
    ControlChartWidget,
    ControlLimits,
    ControlSignal,
    Figure,
    FiguresWidget,
    SeriesBand,
    SeriesLine,
    SeriesWidget,
    TableWidget,
    TextWidget,
)
from tests.console.people import request_of
from tests.dummy.agents.gallery import Gallery, Hung, score, timeline, world


def render(source: str, path: str = "/", **context: Any) -> str:
    template = engines["django"].from_string("{% load console %}" + source)
    return template.render(context, request_of(path=path))


def test_an_icon_is_decoration() -> None:
    assert re.fullmatch(
        r'<svg class="ic ic-s" aria-hidden="true" focusable="false"><use href="[^"]+icons[^"]*#robot"></use></svg>',
        render('{% icon "robot" "ic-s" %}'),
    )


def test_a_status_is_word_icon_and_colour() -> None:
    html = render('{% status "failed" %}')
    assert 'data-st="failed"' in html
    assert "#circle-x" in html
    assert html.endswith("Failed</span>")


def test_a_status_may_say_more_and_is_escaped() -> None:
    assert "Retry 2 of 3" in render('{% status "retrying" "Retry 2 of 3" %}')
    assert "&lt;b&gt;" in render("{% status text %}", text="<b>")


def test_a_moment_is_a_time_element_with_its_zone_in_the_title() -> None:
    moment = timezone.now() - timedelta(days=3)
    html = render("{{ moment|when }}", moment=moment)
    assert f'datetime="{moment.isoformat(timespec="seconds")}"' in html
    assert "UTC" in html
    assert "data-when" in html


def test_a_moment_of_the_last_hour_is_told_relatively() -> None:
    assert ">5 min ago<" in render("{{ moment|when }}", moment=timezone.now() - timedelta(minutes=5, seconds=1))
    assert "ago" not in render("{{ moment|when }}", moment=timezone.now() + timedelta(minutes=5))


def test_a_day_and_nothing_are_told_plainly() -> None:
    assert render("{{ day|when }}", day=date(2026, 11, 2)) == '<time datetime="2026-11-02">2 Nov 2026</time>'
    assert render("{{ none|when }}", none=None) == "–"


def test_a_query_keeps_the_rest_of_the_address() -> None:
    assert render("{% query page=2 %}", "/x/?a=1&page=9&b=&amp;") == "a=1&amp;b=&amp;amp%3B=&amp;page=2"
    assert render("{% query page=None a='' %}", "/x/?a=1&page=9") == ""


WIDGETS = [
    FiguresWidget(title="Key figures", figures=[Figure(label="OWA", value=0.9012, hint="bar 0.93", tone="good")]),
    TextWidget(title="Finding", text="Rising <b>demand</b>", reasons=["Season"], tone="warning"),
    TextWidget(title="Plain", text="Nothing special"),
    TableWidget(key="t", title="Series", columns=[Column(key="a", title="Item")], rows=[{"a": "<i>x</i>"}]),
    SeriesWidget(
        title="SKU-1",
        periods=["2026-01", "2026-02"],
        lines=[SeriesLine(name="History </script>", values=[1.0, None])],
        bands=[SeriesBand(name="Band", low=[None, 1.0], high=[None, 2.0])],
        summary="Two months.",
    ),
    ControlChartWidget(
        title="Diameter",
        statistic="Mean",
        periods=["1", "<b>2"],
        points=[74.0, None],
        limits=ControlLimits(centre=[74.0, 74.0], lower=[73.9, 73.9], upper=[74.1, 74.1]),
        signals=[ControlSignal(at=0, text="one point beyond a limit </script>")],
        summary="Two samples.",
    ),
    BarWidget(
        title="Defects", heading="Kind", periods=["Scratch"], bars=[Bar(name="Count", values=[3])], summary="One."
    ),
]


def data_of(html: str, id: str) -> Any:
    """The data that a chart of this id carries on the page."""
    return json.loads(re.search(rf'<script id="{id}" type="application/json">(.*?)</script>', html)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    "widget", [*WIDGETS, *Gallery().present(Hung(size="usual"))], ids=lambda widget: f"{widget.kind} {widget.title}"
)
def test_every_widget_is_drawn_with_its_title_and_without_markup_of_the_data(widget: Any) -> None:
    html = render("{% widget widget %}", widget=widget)
    assert widget.title in html
    assert not re.search(r"<b>demand|<i>x|History </script>", html)


def test_a_chart_carries_its_data_and_its_summary() -> None:
    html = render("{% widget widget %}", widget=WIDGETS[4])
    data = data_of(html, "w-sku-1")
    assert data["lines"][0]["values"] == [1.0, None]
    assert "Two months." in html
    assert "Show as table" in html


def test_control_charts_and_bars_carry_their_kind_and_figures() -> None:
    control, bars = (render("{% widget widget %}", widget=widget) for widget in WIDGETS[-2:])
    chart = data_of(control, "w-diameter")
    assert (chart["kind"], chart["limits"]["upper"], chart["signals"][0]["at"]) == ("control_chart", [74.1, 74.1], 0)
    assert data_of(bars, "w-defects")["bars"] == [{"name": "Count", "values": [3.0], "tone": "neutral"}]
    assert "Two samples." in control
    assert "One." in bars


def test_two_widgets_of_one_title_do_not_share_an_id() -> None:
    html = render("{% widget widget %}{% widget widget %}", widget=WIDGETS[-1])
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "chart", Gallery().present(Hung(size="usual")), ids=lambda widget: f"{widget.kind} {widget.title}"
)
def test_every_chart_has_a_table_and_a_file_of_its_figures(chart: Any) -> None:
    html = render("{% widget widget %}", widget=chart)
    assert ("data-chart=" in html) is isinstance(chart, CHARTS)
    if isinstance(chart, CHARTS):
        id = re.search(r'data-chart="([^"]+)"', html)[1]  # type: ignore[index]
        assert data_of(html, id)["kind"] == chart.kind
        for part in ("plot", "table", "switch", "csv", "note"):
            assert f"data-chart-{part}" in html


@pytest.mark.parametrize(
    "chart", Gallery().present(Hung(size="empty")), ids=lambda widget: f"{widget.kind} {widget.title}"
)
def test_an_empty_chart_says_so_and_loads_nothing(chart: Any) -> None:
    html = render("{% widget widget %}", widget=chart)
    if isinstance(chart, CHARTS):
        assert "There is nothing to draw." in html
        assert chart.summary in html
    for loaded in ("data-chart", "data-world", "<script", "Show as table"):
        assert loaded not in html


def test_only_a_map_names_the_outline_of_the_world() -> None:
    assert "world/world" in render("{% widget widget %}", widget=world("usual"))
    for other in (score("usual"), timeline("usual")):
        assert "world/world" not in render("{% widget widget %}", widget=other)


def test_a_score_and_a_timeline_are_there_without_scripts() -> None:
    drawn = render("{% widget widget %}", widget=score("usual"))
    assert 'role="img" aria-label="87 on a scale of 0 to 100, High. Held from 40. Refused from 85"' in drawn
    assert "Refused from: 85" in drawn
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render("{% widget widget %}", widget=timeline("usual"))))
    assert "Lot 4 (bad): 2 Nov 2026, 07:51 to 2 Nov 2026, 09:56" in told
    assert "Line 4 " in told
    assert "Nothing" in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Of each `store` its `hours`.", "Of each <code>store</code> its <code>hours</code>."),
        ("Nothing is marked, 1 < 2.", "Nothing is marked, 1 &lt; 2."),
        ("`<b>` stays text", "<code>&lt;b&gt;</code> stays text"),
        ("a lone ` is one", "a lone ` is one"),
    ],
)
def test_names_between_backticks_are_shown_as_code(text: str, shown: str) -> None:
    assert render("{{ text|coded }}", text=text) == shown
