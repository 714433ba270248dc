"""What waits for people, in a browser: an answer from a phone lets a run go on, and the pages are accessible."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import VIEWS, View, overflow, settle, violations
from tests.e2e.conftest import Address, Open

pytestmark = pytest.mark.browser

PHONE = next(view for view in VIEWS if view.width < 800)
WIDE = next(view for view in VIEWS if view.width > 800)
Opened = Callable[..., Page]
Asked = Callable[..., str]
DEFINITION: dict[str, Any] = {
    "name": "ship-by-hand",
    "title": "Ship by hand",
    "inputs": {"pieces": {"type": "integer"}},
    "steps": {
        "weigh": {
            "kind": "transform",
            "title": "Weigh",
            "set": {"kilograms": {"$multiply": ["${inputs.pieces}", 2]}, "boxes": [{"box": 1, "pieces": 4}]},
        },
        "ask": {
            "kind": "approval",
            "title": "Ask",
            "question": "Ship ${inputs.pieces} pieces, ${steps.weigh.kilograms} kg?",
            "details": {"weight": "${steps.weigh.kilograms}", "boxes": "${steps.weigh.boxes}"},
        },
    },
    "outputs": {"shipped": "${steps.ask.approved}", "remark": "${steps.ask.comment}"},
}
SMALL: dict[str, Any] = {
    "name": "refund-by-hand",
    "title": "Refund by hand",
    "inputs": {"pieces": {"type": "integer"}},
    "steps": {"ask": {"kind": "approval", "question": "Refund ${inputs.pieces} euros?", "risk": "low"}},
}


@pytest.fixture
def opened(open_page: Open, address: Address) -> Opened:
    """`opened(path, view=PHONE, role="approver")`: a page of acme, open at a path."""

    def go(path: str, view: View = PHONE, role: str = "approver") -> Page:
        page, _ = open_page(view, role)
        page.goto(address("acme") + path)
        return page

    return go


def call(page: Page, method: str, path: str, body: Any = None) -> Any:
    """What the API answers to the person who is signed in."""
    return page.evaluate(
        """async ([method, path, body]) => {
            const form = await (await fetch("/help/")).text();
            const token = form.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)[1];
            const answer = await fetch(`/api/v1${path}`, {
                method,
                headers: {"Content-Type": "application/json", "X-CSRFToken": token},
                body: body === null ? undefined : JSON.stringify(body),
            });
            if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
            return answer.json();
        }""",
        [method, path, body],
    )


@pytest.fixture
def asked(opened: Opened) -> Asked:
    """`asked(12)`: the number of a run that asks whether to ship so many pieces; or, of `SMALL`, to refund so much."""
    page = opened("/help/", WIDE, "builder")
    there = [each["name"] for each in call(page, "GET", "/workflows?limit=100")["items"]]
    for each in (DEFINITION, SMALL):
        if each["name"] not in there:
            call(page, "POST", "/workflows", {"definition": each})
            call(page, "POST", f"/workflows/{each['name']}/publish", {"note": ""})

    def start(pieces: int, of: dict[str, Any] = DEFINITION) -> str:
        run = call(page, "POST", f"/workflows/{of['name']}/runs", {"inputs": {"pieces": pieces}})
        return str(run["ref"])

    return start


def listed(page: Page, ref: str) -> Locator:
    """The row of the question of a run, as soon as it is asked."""
    found = page.locator(".o-inbox li", has_text=re.compile(rf"\b{ref}\b"))
    for _ in range(10):
        page.reload()
        try:
            expect(found).to_be_visible(timeout=2_000)
            break
        except AssertionError:
            continue
    return found


def question(page: Page, ref: str) -> None:
    """Go to the question of a run, as soon as it is asked."""
    listed(page, ref).get_by_role("link").click()
    page.wait_for_url("**/approvals/*-*/")


def sizes(page: Page, buttons: tuple[str, ...]) -> list[float]:
    boxes = [page.get_by_role("button", name=name, exact=True).bounding_box() for name in buttons]
    return [min(box["width"], box["height"]) for box in boxes if box]


def test_an_answer_from_a_phone_lets_the_run_go_on(opened: Opened, asked: Asked) -> None:
    ref = asked(12)
    page = opened("/approvals/")
    question(page, ref)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ship 12 pieces, 24 kg?")
    evidence = page.get_by_role("region", name="What it rests on")
    expect(evidence).to_contain_text("Weigh")
    assert overflow(page) == 0, "the page is wider than the screen"
    assert min(sizes(page, ("Yes", "No"))) >= 44
    assert len(sizes(page, ("Yes", "No"))) == 2
    page.get_by_label("Comment").fill("Mind the rain")
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Mind the rain")
    page.get_by_role("link", name=f"Open {ref}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ship by hand")
    expect(page.locator("#main")).to_contain_text("Succeeded")


def test_a_no_asks_for_a_reason_and_keeps_what_was_written(opened: Opened, asked: Asked) -> None:
    page = opened("/approvals/")
    question(page, asked(3))
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was decided")
    comment = page.get_by_label("Comment")
    expect(comment).to_be_focused()
    settle(page)
    assert violations(page) == []
    comment.fill("Too few")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Too few")


def test_who_comes_second_is_told_who_decided(opened: Opened, asked: Asked, open_page: Open, address: Address) -> None:
    first = opened("/approvals/")
    second, _ = open_page(WIDE, "administrator")
    second.route_web_socket("**", lambda _: None)  # it does not hear of the first answer: it still shows the question
    second.goto(address("acme") + "/approvals/")
    ref = asked(5)
    question(first, ref)
    question(second, ref)
    first.get_by_role("button", name="Yes", exact=True).click()
    expect(first.get_by_role("region", name="Answer")).to_contain_text("The run goes on")
    second.get_by_role("button", name="Yes", exact=True).click()
    expect(second.get_by_role("alert")).to_contain_text("answered yes at")
    settle(second)
    assert violations(second) == []


def test_a_page_shows_what_others_answered_and_keeps_what_was_typed(opened: Opened, asked: Asked) -> None:
    first, second = opened("/approvals/"), opened("/approvals/", WIDE, "administrator")
    ref = asked(6)
    question(first, ref)
    question(second, ref)
    expect(second.locator("#live")).to_have_attribute("data-state", "live")
    second.get_by_label("Comment").fill("I would rather wait")
    first.get_by_role("button", name="Yes", exact=True).click()
    expect(second.get_by_role("region", name="Answer")).to_contain_text("The run goes on")
    expect(second.get_by_role("region", name="Answer")).to_contain_text("I would rather wait")
    expect(second.get_by_role("heading", level=1)).to_be_visible()
    assert violations(second) == []


def test_questions_of_low_risk_are_answered_together_on_a_phone(opened: Opened, asked: Asked) -> None:
    page = opened("/approvals/?workflow=refund-by-hand")
    refs = [asked(pieces, SMALL) for pieces in (8, 9)]
    for ref in refs:
        listed(page, ref)
    yes = page.get_by_role("button", name="Yes to the ticked")
    expect(yes).to_be_disabled()
    boxes = [page.locator(".o-inbox li", has_text=re.compile(rf"\b{ref}\b")).locator(".o-tick") for ref in refs]
    for box in boxes:
        size = box.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44
        box.click()
    expect(page.locator("[data-chosen]")).to_have_text("2 ticked questions")
    assert overflow(page) == 0
    yes.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 of 2 answered yes")
    settle(page)
    assert violations(page) == []
    assert overflow(page) == 0


def test_rows_are_reached_by_keys_and_opened(opened: Opened, asked: Asked) -> None:
    page = opened("/approvals/?workflow=refund-by-hand", WIDE)
    listed(page, asked(11, SMALL))
    page.keyboard.press("j")
    expect(page.locator(".o-inbox li").first.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/approvals/*-*/")


def test_an_answer_is_given_on_the_page_of_the_run(opened: Opened, asked: Asked) -> None:
    page = opened("/approvals/")
    ref = asked(10)
    listed(page, ref)
    page.goto(f"{page.url.split('/approvals')[0]}/workflow-runs/{ref}/?step=ask")
    page.get_by_label("Comment").fill("By the run")
    page.get_by_role("button", name="Yes", exact=True).click()
    page.wait_for_url(f"**/workflow-runs/{ref}/?step=ask")
    expect(page.locator("#run-head")).to_contain_text("Succeeded")


@pytest.mark.parametrize("look", VIEWS, ids=lambda view: view.name)
def test_what_waits_for_people_is_accessible_in_both_themes_and_widths(
    look: View, opened: Opened, asked: Asked
) -> None:
    ref = asked(7)
    page = opened("/approvals/", look)
    lists = ("/approvals/?tab=team", "/approvals/?tab=done", "/approvals/?q=nothing-like-that")
    for address in (*lists, "/approvals/delegations/", "/approvals/link/nowhere/", "/"):
        page.goto(page.url.split("/approvals")[0].rstrip("/") + address)
        settle(page)
        assert violations(page) == [], address
        assert overflow(page) == 0, address
    page.goto(page.url.rstrip("/") + "/approvals/")
    question(page, ref)
    settle(page)
    assert violations(page) == []
    assert overflow(page) == 0
