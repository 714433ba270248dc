"""The first steps: derived from data, put away by a person for themselves, and gone when done."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.common.permissions import ROLES
from apps.console.attention import ATTENTION, Source, Wanted, attention_of
from apps.console.cards import CARDS, Card, card_of, cards_of
from apps.console.first_steps import FIRST_STEPS, FirstStep, steps_of
from tests.console.people import Someone, request_of

Make = Callable[..., User]
Browse = Callable[..., Client]


def step(key: str, *, done: bool, permission: str = "members.manage", order: int = 50) -> FirstStep:
    return FirstStep(
        key, f"Do {key}", "So that it is done.", lambda: "/help/", "check", permission, lambda _: done, order
    )


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(*steps: FirstStep) -> None:
        monkeypatch.setattr(FIRST_STEPS, "_items", {each.key: each for each in steps})

    return put


def test_each_is_shown_the_steps_that_they_may_take_in_order(only: Callable[..., None]) -> None:
    only(step("b", done=False, order=2), step("a", done=True, order=3), step("c", done=False, permission="keys.manage"))
    shown = steps_of(request_of(Someone("members.manage")))
    assert [(each.step.key, each.is_done) for each in shown] == [("b", False), ("a", True)]


def test_the_list_tells_how_far_it_is_and_goes_when_all_is_done(
    only: Callable[..., None], client_for: Browse, member: Make
) -> None:
    owner = client_for(member("owner"))
    only(step("a", done=True), step("b", done=False))
    page = owner.get("/").content.decode()
    assert "1 of 2 done" in page
    assert page.index('aria-current="step"') < page.index("Do b")
    only(step("a", done=True), step("b", done=True))
    assert "Getting started" not in owner.get("/").content.decode()


def test_a_person_puts_the_list_away_for_themselves_and_brings_it_back(
    only: Callable[..., None], client_for: Browse, member: Make
) -> None:
    only(step("a", done=False))
    one, other = member("owner"), member("owner")
    browser = client_for(one)
    answer = browser.post("/first-steps/")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert "Getting started" not in browser.get("/").content.decode()
    assert "Show it on the dashboard again" in browser.get("/help/").content.decode()
    shared, again = client_for(other), client_for(one)
    assert "Getting started" in shared.get("/").content.decode(), "another person has put nothing away"
    assert "Getting started" not in again.get("/").content.decode(), "another browser shows it no more than this one"
    again.post("/first-steps/", {"back": "1"})
    assert "Getting started" in again.get("/").content.decode()


def test_every_role_has_only_steps_that_it_may_take(client_for: Browse, member: Make) -> None:
    asked = {role: [each.step.key for each in steps_of(request_of(member(role)))] for role in ROLES}
    assert asked["viewer"] == asked["auditor"] == []
    assert asked["approver"] == ["workflows.decide"]
    assert asked["analyst"] == ["datasets.upload", "agents.run", "workflows.run"]
    assert asked["builder"] == ["datasets.upload", "agents.run", "workflows.build", "workflows.run"]
    assert asked["owner"][-2:] == ["accounts.invite", "dummy.count"]


def test_a_card_takes_the_place_of_another_where_it_is_shown_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def of(key: str, *, silent: bool = False, **more: str) -> Card:
        def context(request: object) -> dict[str, str] | None:
            asked.append(key)
            return None if silent else {"key": key}

        return Card(key, "console/_empty.html", context, **more)  # type: ignore[arg-type]

    cards = [of("old"), of("new", instead_of="old"), of("kept"), of("quiet", silent=True, instead_of="kept")]
    cards.append(of("secret", instead_of="kept", permission="members.manage"))
    monkeypatch.setattr(CARDS, "_items", {card.key: card for card in cards})
    assert [shown.card.key for shown in cards_of(request_of(Someone()))] == ["kept", "new"]
    assert "old" not in asked, "nothing is asked for what is not shown"
    assert card_of(request_of(Someone()), "secret") is None
    assert card_of(request_of(Someone()), "quiet") is None


def test_what_needs_attention_stands_by_urgency_whichever_app_tells_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def source(*urgencies: int, permission: str = "") -> Source:
        items = [Wanted(f"{n}", "", "/", "late", "bug", urgency=n) for n in urgencies]
        return Source(lambda request: items, permission or "help")

    sources = {"a": source(40, 5), "b": source(20), "c": source(1, permission="members.manage")}
    monkeypatch.setattr(ATTENTION, "_items", sources)
    assert [item.title for item in attention_of(request_of(Someone("help")))] == ["5", "20", "40"]
