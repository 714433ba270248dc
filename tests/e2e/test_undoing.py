"""What is undone, in a browser: a cancel says so before, the way back is shown, and the pages are accessible."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import View, overflow, settle, violations
from tests.e2e.conftest import Address, Open
from tests.e2e.test_approvals import PHONE, WIDE, Opened, call, opened

__all__ = ["opened"]

pytestmark = pytest.mark.browser

PIECE: dict[str, Any] = {"name": "piece-of-a-trip", "title": "Piece of a trip", "steps": {}}
PIECE["steps"]["done"] = {"kind": "transform", "set": {"number": 7}}
CALL: dict[str, Any] = {"kind": "workflow", "workflow": PIECE["name"]}
TRIP: dict[str, Any] = {
    "name": "trip-with-a-way-back",
    "title": "Trip with a way back",
    "steps": {
        "flight": {
            "kind": "workflow",
            "workflow": "piece-of-a-trip",
            "title": "Book a flight",
            "compensate": "no_flight",
        },
        "no_flight": {"kind": "workflow", "workflow": "piece-of-a-trip", "title": "Cancel the flight"},
        "hotel": {"kind": "workflow", "workflow": "piece-of-a-trip", "title": "Book a hotel", "compensate": "no_hotel"},
        "no_hotel": {"kind": "approval", "question": "Call the hotel. Is it taken back?", "title": "Call the hotel"},
        "sent": {"kind": "http", "url": "https://10.0.0.1/orders", "on_error": {"do": "continue"}},
        "ask": {"kind": "approval", "question": "Pay the trip?", "title": "Pay"},
    },
}


@pytest.fixture
def trip(opened: Opened) -> str:
    """The address of a run that has booked a flight and a hotel, and asks whether to pay."""
    page = opened("/help/", WIDE, "builder")
    there = [each["name"] for each in call(page, "GET", "/workflows?limit=100")["items"]]
    for each in (PIECE, TRIP):
        if each["name"] not in there:
            call(page, "POST", "/workflows", {"definition": each})
            call(page, "POST", f"/workflows/{each['name']}/publish", {"note": ""})
    run = call(page, "POST", f"/workflows/{TRIP['name']}/runs", {"inputs": {}})
    return f"/workflow-runs/{run['ref']}/"


def seen(page: Page, words: str) -> None:
    """Wait until a page that is read again and again says so."""
    for _ in range(15):
        if re.search(words, page.locator("main").inner_text()):
            return
        page.wait_for_timeout(700)
        page.reload()
    raise AssertionError(f"{page.url} does not say {words!r}")


def test_a_run_is_cancelled_undone_and_tells_what_remains(
    open_page: Open, address: Address, trip: str, view: View
) -> None:
    page, _ = open_page(view, "builder")
    page.goto(address("acme") + trip)
    seen(page, "What would be undone")
    page.get_by_role("link", name="Cancel…").click()
    expect(page.get_by_text("2 effects of the run are undone then")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0
    page.get_by_role("button", name="Cancel the run").click()
    seen(page, "Way back")
    seen(page, "Call the hotel. Is it taken back")
    settle(page)
    assert violations(page) == []
    assert overflow(page) <= 0
    page.get_by_role("link", name="Stop the undoing").click()
    assert violations(page) == []
    page.get_by_role("button", name="Stop the undoing").click()
    seen(page, "0 of 2 effects were undone when a person stopped it")
    settle(page)
    assert violations(page) == []


def test_effects_are_listed_and_accessible(opened: Opened, address: Address, trip: str, view: View) -> None:
    page = opened("/effects/", view, "builder")
    seen(page, "sent")
    page.goto(address("acme") + "/effects/?state=failed&kind=call")
    expect(page.get_by_role("link", name="POST 10.0.0.1").first).to_be_visible()
    settle(page)
    assert violations(page) == []
    assert overflow(page) <= 0


def test_a_phone_reads_the_way_back(opened: Opened, trip: str) -> None:
    page = opened(trip, PHONE, "builder")
    seen(page, "What would be undone")
    expect(page.locator(".o-way li").first).to_be_visible()
