"""The Quality Inspector in a browser, as a quality engineer uses it: its charts, its findings, its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, View, overflow, run_agent, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

AGENT = "/agents/manufacturing.quality_inspector/"
WIDE = next(view for view in VIEWS if view.width > 800)
# What each example draws: the charts of its page, by their headings.
EXAMPLES = {
    "Bore diameters": ["Xbar", "R", "Histogram"],
    "Leaking castings": ["p"],
    "Gauge study": ["Where variation comes from", "Xbar", "R"],
    "Incoming lots": ["Operating characteristic", "Average outgoing quality"],
    "Kinds of defects": ["Pareto diagram"],
}


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    """`opened(path, view=WIDE)`: a page of the plant's analyst, open at a path."""

    def go(path: str, view: View = WIDE) -> Page:
        page, _ = open_page(view, "analyst", "tetra")
        page.goto(address("tetra") + path)
        return page

    return go


def worked_off(page: Page) -> None:
    run_agent(page)
    expect(page.get_by_role("heading", name="Quality Inspector")).to_contain_text("Succeeded", timeout=120_000)
    settle(page)


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_draws_its_charts_and_is_accessible(opened: Callable[..., Page], view: View, title: str) -> None:
    page = opened(AGENT, view)
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("group", name="What was understood")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    worked_off(page)
    expect(page.locator("[data-chart] h2")).to_have_text(EXAMPLES[title])
    for plot in page.locator("[data-chart-plot]").all():
        expect(plot.locator("svg path").first).to_be_attached()
    assert violations(page) == []
    assert overflow(page) == 0


def test_a_control_chart_tells_its_signals_in_words_and_as_a_table(opened: Callable[..., Page]) -> None:
    page = opened(AGENT + "?example=0")
    worked_off(page)
    expect(page.locator("#t-attention")).to_contain_text("a change of set-up")
    chart = page.locator("[data-chart]").first
    expect(chart.locator("[data-chart-plot]")).to_have_accessible_name(re.compile("2 of 30 samples beyond a limit"))
    for name in ("Mean", "Centre", "Limits", "Signal"):
        expect(chart.locator("[data-chart-legend]")).to_contain_text(name)
    chart.get_by_role("button", name="Show as table").click()
    expect(chart.get_by_role("columnheader")).to_have_text(
        ["Sample", "Mean", "Centre", "Lower limit", "Upper limit", "Signal"]
    )
    row = chart.get_by_role("row").nth(12)
    expect(row).to_contain_text("One point beyond a limit", ignore_case=True)
    expect(row.get_by_role("cell").nth(1)).to_have_text(re.compile(r"40\.01\d{2}"))
    assert violations(page) == []


def test_a_chart_follows_the_theme(opened: Callable[..., Page]) -> None:
    page = opened(AGENT + "?example=0")
    worked_off(page)
    line = page.locator("[data-chart]").first.locator("svg path[stroke-width='1.5'][fill=none]").first
    light = line.get_attribute("stroke")
    assert light
    page.emulate_media(color_scheme="dark")
    expect(line).not_to_have_attribute("stroke", light)
    assert violations(page) == []


def test_several_characteristics_are_chosen_from_their_table(opened: Callable[..., Page]) -> None:
    page = opened("/runs/?q=housing+bores")
    page.locator("[data-run] a").first.click()
    expect(page.get_by_role("heading", name="Quality Inspector")).to_contain_text("Succeeded", timeout=120_000)
    settle(page)
    page.get_by_role("region", name="Characteristics", exact=True).get_by_role("link", name="Seat depth").click()
    expect(page.locator("#detail [data-chart] h2").first).to_have_text("Seat depth: Xbar")
    page.locator("#detail [data-chart-plot] svg").first.wait_for()
    assert violations(page) == []


def test_a_file_is_read_refused_at_its_cell_and_downloaded(opened: Callable[..., Page], tmp_path: Path) -> None:
    lines = ["sample,diameter"] + [f"{at // 4},{10 + 0.01 * (at * 7 % 11)}" for at in range(80)]
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([*lines[:30], "7,10.03 mm", *lines[31:]]))
    page = opened(AGENT)
    page.get_by_label("Upload a file").set_input_files(bad)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile("Row 31.*“diameter”.*names its unit"), timeout=30_000)
    assert violations(page) == []

    good = tmp_path / "good.csv"
    good.write_text("\n".join(lines))
    page = opened(AGENT)
    page.get_by_label("Upload a file").set_input_files(good)
    understood = page.get_by_role("group", name="What was understood")
    expect(understood).to_contain_text("20 samples of 80 measurements", timeout=30_000)
    page.get_by_label("Lower spec").fill("9.9")
    page.get_by_label("Upper spec").fill("10.2")
    worked_off(page)
    page.locator("main").get_by_text("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    frame = pl.read_csv(download.value.path())
    assert frame.columns == ["characteristic", "chart", "sample", "value", "centre", "lower", "upper", "signal"]
    assert frame.height == 40
