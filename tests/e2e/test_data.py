"""The page of data in a browser: upload by button and by drop, progress, refusals, the way to stop."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

# What the server takes to read a file, at most, on a machine with much else to do; in milliseconds.
READ = 60_000
WEEKLY = b"item,week,sold\nTea,2026-01-05,3\nOat,2026-01-05,\n"
# A file that lies on no disk, dropped on the page; its first cells make a table.
DROP = """([name, megabytes]) => {
  const files = new DataTransfer();
  files.items.add(new File(["item,sold\\nTea,3\\n", new Uint8Array(megabytes * 2 ** 20)], name));
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: files, bubbles: true, cancelable: true}));
  }
}"""


@pytest.fixture
def page(open_page: Open, address: Address) -> Page:
    page, _ = open_page()
    page.goto(f"{address('acme')}/data/")
    return page


def choose(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("File").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()


def test_a_file_is_uploaded_and_its_page_opens(page: Page) -> None:
    page.get_by_text("Name it, or choose a sheet").click()
    page.get_by_label("Name").fill("Sales from a browser")
    choose(page, "weekly.csv", WEEKLY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales from a browser", timeout=READ)
    expect(page.locator("#t-columns")).to_contain_text("Whole number")


def test_a_file_that_is_dropped_anywhere_is_uploaded(page: Page) -> None:
    page.evaluate(DROP, ["dropped.csv", 0])
    expect(page.get_by_role("heading", level=1)).to_have_text("dropped", timeout=READ)


def test_a_refusal_names_the_rows_and_the_next_file_is_taken(page: Page) -> None:
    choose(page, "ragged.csv", b"a,b\n1\n2,3,4\n")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Row 2 has 1 cell, the header has 2", timeout=READ)
    expect(alert).to_contain_text("Row 3 has 3 cells")
    expect(alert).to_be_focused()
    choose(page, "mended.csv", b"a,b\n1,2\n")
    expect(page.get_by_role("heading", level=1)).to_have_text("mended", timeout=READ)


def test_a_file_that_is_too_large_is_refused_without_being_sent(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.evaluate(DROP, ["huge.csv", 60])
    expect(page.get_by_role("alert")).to_contain_text("huge.csv is too large")
    expect(page.get_by_role("alert")).to_contain_text("split the file")
    assert "POST" not in sent


def test_an_upload_shows_its_progress_and_can_be_stopped(page: Page) -> None:
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    page.evaluate(DROP, ["slow.csv", 20])
    expect(page.get_by_text("Uploading slow.csv: ")).to_contain_text("of 21 MB")
    bar = page.get_by_role("progressbar", name="Upload")
    expect(bar).to_have_js_property("max", 100)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("The upload was stopped. Nothing was stored.")).to_be_visible()
    expect(bar).to_be_hidden()
