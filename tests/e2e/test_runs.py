"""From a file to a result, as a planner does it: upload, look, run, watch, read, keep."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Download, Page, expect

from tests.e2e.browser import VIEWS, View, overflow, run_agent, settle, violations
from tests.e2e.conftest import Address, Open
from tests.e2e.files import write_weekly

pytestmark = pytest.mark.browser

WIDE = next(view for view in VIEWS if view.width > 800)
AGENT = "/agents/retail.demand_forecaster/"
# A run of three series is over before anybody has looked; this many are at work for some seconds.
ITEMS = 60


@pytest.fixture(scope="package")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weekly(tmp_path_factory.mktemp("files") / "weekly-sales.csv", ITEMS)


def choose(page: Page, file: Path) -> None:
    page.get_by_label("Upload a file").set_input_files(file)


def kept(download: Download) -> bytes:
    path = download.path()
    return path.read_bytes()


@pytest.fixture
def opened(open_page: Open, address: Address) -> Callable[..., Page]:
    """`opened(path, view=WIDE, role="analyst")`: a page of acme, open at a path."""

    def go(path: str, view: View = WIDE, role: str = "analyst") -> Page:
        page, _ = open_page(view, role)
        page.goto(address("acme") + path)
        return page

    return go


def test_a_planner_uploads_a_file_watches_the_agent_and_keeps_the_result(
    opened: Callable[..., Page], weekly: Path
) -> None:
    page = opened(AGENT)
    loads: list[str] = []
    choose(page, weekly)

    # What was understood is shown, and can be corrected.
    understood = page.get_by_role("group", name="What was understood")
    expect(understood).to_contain_text(f"{ITEMS} series")
    expect(understood.get_by_label("Quantity column")).to_have_value("sold")
    expect(understood.get_by_label("Frequency")).to_have_value("weekly")
    page.get_by_label("Horizon").fill("8")
    run_agent(page)
    page.on("load", lambda _: loads.append(page.url))

    # Progress moves and the result comes, with no reload.
    seen = watch_progress(page)
    expect(page.get_by_role("heading", name="Demand Forecaster")).to_contain_text("Succeeded", timeout=120_000)
    assert loads == []
    assert len(seen) >= 2, f"progress was seen at {seen}"
    assert seen == sorted(seen)

    # The chart of the first series, with its words and as a table.
    chart = page.locator("[data-chart]").first
    expect(chart.get_by_role("heading")).to_have_text("Item 000")
    expect(chart.locator("[data-chart-plot]")).to_have_accessible_name(re.compile("8 periods"))
    for name in ("History", "Backtest", "Forecast", "10 to 90 %"):
        expect(chart.locator("[data-chart-legend]")).to_contain_text(name)
    settle(page)
    chart.get_by_role("button", name="Show as table").click()
    expect(chart.get_by_role("columnheader")).to_have_text(
        ["Period", "History", "Backtest", "Forecast", "10 to 90 %, low", "10 to 90 %, high"]
    )
    assert violations(page) == []

    # The result as files.
    page.locator("main").get_by_text("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    frame = pl.read_csv(kept(download.value))
    assert frame.height == ITEMS * 8
    assert frame["item"].n_unique() == ITEMS
    assert (frame["q10"] <= frame["q90"]).all()
    page.locator("main").get_by_text("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()
    assert pl.read_excel(BytesIO(kept(download.value))).height == ITEMS * 8


def watch_progress(page: Page) -> list[int]:
    """The figures that the page's progress shows until the run has ended, as a person sees them change."""
    seen: list[int] = []
    bar = page.locator("[data-progress]")
    heading = page.get_by_role("heading", name="Demand Forecaster")
    for _ in range(600):
        if "Succeeded" in (heading.text_content() or ""):
            return seen
        value = bar.first.get_attribute("value", timeout=5_000) if bar.count() else None
        if value is not None and (not seen or seen[-1] != int(value)):
            seen.append(int(value))
        page.wait_for_timeout(200)
    raise AssertionError(f"the run did not end; progress was seen at {seen}")


def test_the_list_of_series_is_sorted_searched_and_leads_to_each_chart(opened: Callable[..., Page]) -> None:
    page = opened("/runs/?q=weekly+unit+sales&status=succeeded")
    page.locator("tbody tr a").first.click()
    settle(page)
    table = page.get_by_role("region", name="Series", exact=True)
    table.get_by_role("link", name="MASE").click()
    expect(table.locator("[aria-sort=descending]")).to_contain_text("MASE")
    second = table.locator("tbody tr").nth(1).get_by_role("link")
    name = second.text_content() or ""
    second.click()
    expect(page.locator("#detail [data-chart] h2")).to_have_text(name)
    page.locator("#detail [data-chart-plot] svg").first.wait_for()
    expect(table.locator("tr.current")).to_contain_text(name)
    page.get_by_label("Search Series").fill("coffee")
    page.wait_for_url("**q=coffee**")
    expect(table.locator("tbody tr").first).to_be_visible()
    assert violations(page) == []
    page.go_back()
    expect(page.locator("#detail [data-chart] h2")).to_have_text(name)


def test_a_file_that_cannot_be_used_is_refused_on_the_spot(opened: Callable[..., Page], tmp_path: Path) -> None:
    page = opened(AGENT)
    for name, content, said in (
        ("empty.csv", b"", "empty"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "image"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        choose(page, file)
        refusal = page.get_by_role("alert")
        expect(refusal).to_be_visible()
        expect(refusal).to_contain_text(re.compile(said, re.IGNORECASE))
        expect(refusal).to_be_focused()
    expect(page.get_by_role("button", name="Run agent")).to_be_disabled()
    assert violations(page) == []


def test_a_table_that_is_not_understood_says_where_and_takes_a_correction(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    file = write_weekly(tmp_path / "odd.csv", 2)
    file.write_text(file.read_text().replace("2024-02-05", "soon", 1))
    page = opened(AGENT)
    choose(page, file)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(re.compile("Row 7.*“week”.*soon"))
    assert violations(page) == []
    # The columns are offered all the same: the wrong one may have been taken.
    columns = page.get_by_role("group", name="What is in the table")
    columns.get_by_label("Period").select_option("sold")
    page.wait_for_url("**columns.period=sold**")
    expect(page.get_by_label("Period")).to_have_value("sold")
    expect(page.get_by_role("button", name="Run agent")).to_be_enabled()


def test_what_was_understood_can_be_corrected(opened: Callable[..., Page], tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    lines = [line.split(",") for line in write_weekly(tmp_path / "one.csv", 2).read_text().splitlines()]
    file.write_text("\n".join(",".join([*line, "returned" if n == 0 else "3"]) for n, line in enumerate(lines)))
    page = opened(AGENT)
    choose(page, file)
    quantity = page.get_by_label("Quantity column")
    expect(quantity).to_have_value("sold")
    quantity.select_option("returned")
    page.wait_for_url("**returned**")
    expect(page.get_by_label("Quantity column")).to_have_value("returned")
    expect(page.get_by_role("group", name="What was understood")).to_contain_text("As you chose")


def test_an_example_runs_without_any_file(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    page.get_by_role("link", name="Weekly unit sales").click()
    expect(page.get_by_role("group", name="What was understood")).to_be_visible()
    run_agent(page)
    expect(page.get_by_role("heading", name="Demand Forecaster")).to_contain_text("Succeeded", timeout=60_000)


def test_the_input_can_be_entered_as_json(opened: Callable[..., Page]) -> None:
    page = opened(AGENT)
    page.get_by_role("button", name="JSON").click()
    box = page.get_by_label("Input as JSON")
    expect(box).to_have_value(re.compile("Espresso"))
    box.fill("{")
    page.get_by_role("button", name="Run agent").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1, column 2")
    expect(page.get_by_label("Input as JSON")).to_have_value("{")
    assert violations(page) == []


@pytest.fixture
def at_work(opened: Callable[..., Page], tmp_path: Path) -> Iterator[Page]:
    """The page of a run that takes long; it is cancelled at the end."""
    page = opened(AGENT, role="owner")
    choose(page, write_weekly(tmp_path / "many.csv", 1_500, 104))
    expect(page.get_by_role("group", name="What was understood")).to_contain_text("1,500 series", timeout=60_000)
    run_agent(page)
    yield page
    button = page.get_by_role("button", name="Cancel")
    if button.count():
        button.click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_at_work_is_accessible_and_can_be_cancelled(at_work: Page, theme: str) -> None:
    at_work.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    expect(at_work.get_by_role("heading", name="Demand Forecaster")).to_contain_text("Running", timeout=60_000)
    settle(at_work)
    assert violations(at_work) == []
    assert overflow(at_work) == 0
    at_work.get_by_role("button", name="Cancel").click()
    expect(at_work.get_by_role("heading", name="Demand Forecaster")).to_contain_text("Cancelled", timeout=30_000)
    expect(at_work.get_by_text("This run was cancelled")).to_be_visible()
    assert violations(at_work) == []


def test_the_list_and_the_dashboard_follow_runs_by_themselves(at_work: Page, opened: Callable[..., Page]) -> None:
    name = re.compile(r"R-\d+")
    number = name.search(at_work.url)
    assert number
    board, listed = opened("/"), opened("/runs/")
    row = listed.locator("[data-run]").filter(has_text=number[0])
    expect(row).to_contain_text("Running", timeout=60_000)
    card = board.locator("[data-run]").filter(has_text=number[0])
    expect(card).to_be_visible()
    at_work.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Cancelled", timeout=30_000)
    expect(card).to_contain_text("Cancelled", timeout=30_000)
    assert violations(board) == []


def test_a_list_that_is_open_tells_of_new_runs(opened: Callable[..., Page]) -> None:
    listed, other = opened("/runs/"), opened(AGENT + "?example=1")
    expect(listed.locator("#live")).to_have_text("Live")
    run_agent(other)
    notice = listed.get_by_role("link", name="Show 1 new run")
    expect(notice).to_be_visible(timeout=30_000)
    assert violations(listed) == []
    notice.click()
    number = other.url.rstrip("/").rpartition("/")[2]
    expect(listed.locator("[data-run]").first).to_contain_text(number)


def test_a_phone_reads_a_result(opened: Callable[..., Page]) -> None:
    phone = next(view for view in VIEWS if view.width < 800)
    page = opened("/runs/?status=succeeded", phone)
    page.locator("[data-run] a").first.click()
    settle(page)
    assert overflow(page) == 0
    assert violations(page) == []
