"""Every kind of widget in a browser: drawn, in words, as a table, as a file, on paper, and a map that moves."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from apps.common.demo import PASSWORD
from tests.e2e.browser import VIEWS, View, context_for, decoded_bytes, overflow, settle, sign_in, violations, watch
from tests.e2e.test_pages import BYTES_WITH_MAP
from tests.running import Installation

pytestmark = pytest.mark.browser

AGENT = "/agents/dummy.gallery/"
WIDE = VIEWS[0]
# Heading of each chart of the gallery, and what its table says first.
CHARTS = {
    "Urgency": ["Figure", "Value", "From", "To"],
    "What led to it": ["Ground", "Adds", "Leads to"],
    "Told and true": ["True \\ Told", "Pass", "Hold", "Refuse"],
    "How bad and how likely": ["How likely \\ How bad", "Slight", "Serious", "Severe"],
    "Change by hour": ["Day \\ Hour", *(f"{hour:02}" for hour in range(12))],
    "Where it comes from": ["Kind", "Name", "Share", "Latitude", "Longitude", "State", "Note"],
    "Where it goes": ["Kind", "Name", "Tonnes", "Latitude", "Longitude", "State", "Note"],
    "What ran when": ["Line", "Entry", "Start", "End", "State", "Note"],
    "By month": ["Period", "Seen", "Usual, low", "Usual, high"],
    "In order": ["Sample", "Value", "Centre", "Lower limit", "Upper limit", "Signal"],
    "By colour": ["Colour", "Count"],
}


@pytest.fixture(scope="module")
def sandbox(program: Installation) -> str:
    """Where the tenant of the tests' own industry answers."""
    return program.address("sandbox")


@pytest.fixture(scope="module")
def signed_in(browser: Browser, sandbox: str) -> Any:
    with context_for(browser, WIDE) as context:
        sign_in(context.new_page(), sandbox, "analyst@sandbox.example", PASSWORD)
        return context.storage_state()


@pytest.fixture(scope="module")
def hung(browser: Browser, sandbox: str, signed_in: Any) -> dict[str, str]:
    """Where the result of each example is."""
    found = {}
    with context_for(browser, WIDE, signed_in) as context:
        page = context.new_page()
        for title in ("Usual", "Empty", "Large"):
            page.goto(sandbox + AGENT)
            page.get_by_role("link", name=title, exact=True).first.click()
            page.get_by_role("button", name="Run agent").click()
            page.wait_for_url(re.compile(r"run=\d+"))
            number = re.search(r"run=(\d+)", page.url)
            assert number
            found[title] = f"{sandbox}/runs/R-{number[1]}/"
            page.goto(found[title])
            expect(page.locator("#run")).to_have_attribute("data-status", "succeeded", timeout=60_000)
    return found


Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser, signed_in: Any, hung: dict[str, str]) -> Iterator[Look]:
    """`look("Usual", view)`: the page of a result. What it complained of by the end fails the test."""
    opened, heard = [], []

    def go(title: str = "Usual", view: View = WIDE) -> Page:
        context = context_for(browser, view, signed_in)
        page = context.__enter__().new_page()
        opened.append(context)
        heard.append(watch(page))
        page.goto(hung[title])
        settle(page)
        return page

    yield go
    for context in opened:
        context.__exit__(None, None, None)
    assert [complaint for each in heard for complaint in each.all()] == []


def chart(page: Page, title: str) -> Locator:
    return page.locator("[data-chart]").filter(has=page.get_by_role("heading", name=title, exact=True))


@pytest.mark.parametrize("size", ["Usual", "Empty", "Large"])
def test_every_kind_is_drawn_and_accessible(look: Look, view: View, size: str) -> None:
    page = look(size, view)
    expect(page.locator("[data-chart] h2")).to_have_text(list(CHARTS) if size != "Empty" else [])
    for plot in page.locator("[data-chart-plot]").all():
        expect(plot.locator("svg :is(path, rect)").first).to_be_attached()
    assert violations(page) == []
    assert overflow(page) == 0


def test_every_kind_is_a_table_at_a_press_and_a_drawing_at_another(look: Look, view: View) -> None:
    page = look("Usual", view)
    for title, heads in CHARTS.items():
        shown = chart(page, title)
        shown.get_by_role("button", name="Show as table").click()
        table = shown.locator("[data-chart-table]")
        expect(table.get_by_role("columnheader")).to_have_text(heads)
        expect(shown.locator("[data-chart-plot]")).to_be_hidden()
    assert violations(page) == []
    assert overflow(page) == 0
    for title in CHARTS:
        chart(page, title).get_by_role("button", name="Show as table").click()
        expect(chart(page, title).locator("[data-chart-plot] svg").first).to_be_visible()


def test_the_figures_are_a_file_that_no_spreadsheet_runs(look: Look) -> None:
    page = look()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of What led to it").click()
    assert download.value.suggested_filename == "what-led-to-it.csv"
    with download.value.path().open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Ground", "Adds", "Leads to"]
    assert rows[1] == ["Average", "", "49"]
    assert ["'=Known name", "-9", "87"] in rows
    assert rows[-1] == ["Urgency", "", "87"]


def test_a_waterfall_says_each_sign_and_a_matrix_each_figure(look: Look) -> None:
    page = look()
    texts = chart(page, "What led to it").locator("[data-chart-plot] text")
    assert {"49.0", "+31.0", "\N{MINUS SIGN}6.3", "\N{MINUS SIGN}9.0", "87.0"} <= set(texts.all_text_contents())
    told = chart(page, "Told and true").locator("[data-chart-plot] text").all_text_contents()
    assert {"412", "9", "87", "44", "True", "Told"} - set(told) <= {"True"}  # the rows' heading is the table's
    words = chart(page, "How bad and how likely").locator("[data-chart-plot] text").all_text_contents()
    assert {"Accept", "Watch", "Treat", "Stop"} <= set(words)


def test_what_is_large_is_drawn_in_part_and_says_so(look: Look) -> None:
    page = look("Large")
    for title, note in {
        "Urgency": "It is beyond the end of its scale.",
        "What led to it": "The 14 largest of 65 are drawn, and the rest as one; the table has them all.",
        "Told and true": "Drawn are the first 60 of 90 rows and the first 40 of 90 columns; the table has them all.",
        "Where it goes": "The first 1,000 of 1,504 points are drawn. The table has them all.",
        "What ran when": "Drawn are the first 60 of 80 lanes and 500 of 1,200 entries; the table has them all.",
    }.items():
        expect(chart(page, title).locator("[data-chart-note]")).to_have_text(note)
    shown = chart(page, "Where it goes")
    shown.get_by_role("button", name="Show as table").click()
    expect(shown.locator("tbody tr")).to_have_count(1504 + 2 + 3 + 2)


def test_a_map_moves_by_buttons_and_keys(look: Look) -> None:
    page = look()
    shown = chart(page, "Where it goes")
    point = shown.locator(f"[data-chart-plot] path[fill='{ink(page, '--c5')}']").last

    def place() -> tuple[float, float]:
        """Within the drawing: the page itself may scroll."""
        x, y = point.evaluate(
            """(point) => {
                const at = point.getBoundingClientRect();
                const plot = point.closest("[data-chart-plot]").getBoundingClientRect();
                return [at.x - plot.x, at.y - plot.y];
            }"""
        )
        return float(x), float(y)

    began = place()
    shown.get_by_role("button", name="To the east").click()
    x, y = place()
    assert x < began[0]
    assert y == pytest.approx(began[1], abs=1)
    page.keyboard.press("ArrowLeft")
    assert place() == pytest.approx(began, abs=2)
    page.keyboard.press("+")
    assert place() != pytest.approx(began, abs=20)
    shown.get_by_role("button", name="Everything").click()
    assert place() == pytest.approx(began, abs=2)


def test_what_is_under_the_pointer_is_said(look: Look) -> None:
    page = look()

    def point_at(title: str, part: Locator, said: list[str], at: tuple[float, float] = (0.5, 0.5)) -> None:
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * at[0], box["y"] + box["height"] * at[1])
        expect(chart(page, title).locator(".o-tip :is(b, span)")).to_have_text(said)

    darkest = chart(page, "Where it comes from").locator("[data-chart-legend] path").last.get_attribute("fill")
    country = chart(page, "Where it comes from").locator(f"[data-chart-plot] path[fill='{darkest}']")
    # Kansas: the middle of it all, with Alaska and Hawaii, lies in the sea.
    point_at("Where it comes from", country, ["United States", "Share", "87 %"], (0.72, 0.62))
    bad = chart(page, "Where it goes").locator(f"[data-chart-plot] path[fill='{ink(page, '--c5')}']").last
    point_at("Where it goes", bad, ["Madrid", "Tonnes", "40", "State", "Bad", "Note", "A town"])
    figure = chart(page, "Told and true").locator("[data-chart-plot] text", has_text=re.compile("^412$"))
    point_at("Told and true", figure, ["True: Pass", "Told", "Pass", "Value", "412"])


def test_a_route_over_the_180th_meridian_does_not_run_back_over_the_map(look: Look) -> None:
    page = look("Large")
    lines = chart(page, "Where it goes").locator(f"[data-chart-plot] path[stroke='{ink(page, '--c5')}'][fill='none']")
    expect(lines).to_have_count(2)
    for line in lines.all():
        xs = [float(x) for x in re.findall(r"[ML]?\s*(-?[\d.]+)[ ,]-?[\d.]+", line.get_attribute("d") or "")]
        assert xs
        assert all(abs(after - before) < 300 for before, after in pairwise(xs))


def ink(page: Page, name: str) -> str:
    """A colour of the theme."""
    return str(
        page.evaluate("(name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", name)
    )


def test_charts_follow_the_theme(look: Look) -> None:
    page = look()
    bar = chart(page, "By colour").locator(f"[data-chart-plot] path[fill='{ink(page, '--c1')}']")
    expect(bar).to_have_count(3)
    page.emulate_media(color_scheme="dark")
    expect(bar).to_have_count(0)
    expect(chart(page, "By colour").locator(f"[data-chart-plot] path[fill='{ink(page, '--c1')}']")).to_have_count(3)


def test_on_paper_charts_are_light_and_within_the_page(look: Look) -> None:
    page = look(view=next(view for view in VIEWS if view.theme == "dark" and view.width > 800))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    for title in CHARTS:
        box = chart(page, title).locator("[data-chart-plot]").bounding_box()
        assert box
        assert box["width"] <= 720
        assert box["height"] > 60
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_outline_of_the_world_is_loaded_only_by_a_page_with_a_map(look: Look) -> None:
    loaded = "() => performance.getEntriesByType('resource').map((each) => each.name)"
    names = " ".join(look().evaluate(loaded))
    assert "world/world" in names
    assert "console/map" in names
    names = " ".join(look("Empty").evaluate(loaded))
    for library in ("world/world", "echarts", "console/map", "console/lines"):
        assert library not in names


def test_a_page_of_every_kind_is_not_too_heavy(look: Look) -> None:
    assert decoded_bytes(look()) <= BYTES_WITH_MAP
