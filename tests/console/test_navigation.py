"""The navigation: what each person sees, and where they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.console.navigation import NAVIGATION, Count, NavItem, allowed, entries
from apps.console.tallies import Tally
from tests.console.people import Someone, request_of


def item(key: str, **fields: object) -> NavItem:
    values = {"title": key.title(), "url": "console:help", "icon": "help", "group": "Build", "summary": "", **fields}
    return NavItem(key=key, **values)  # type: ignore[arg-type]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(*items: NavItem) -> None:
        monkeypatch.setattr(NAVIGATION, "_items", {each.key: each for each in items})

    return put


def test_an_entry_is_shown_to_those_who_hold_its_code(only: Callable[..., None]) -> None:
    only(item("open"), item("secret", permission="secrets.view"))
    assert [each.key for each in allowed(request_of(Someone()))] == ["open"]
    assert [each.key for each in allowed(request_of(Someone("secrets.view")))] == ["open", "secret"]


def test_an_entry_can_ask_for_more_than_a_code(only: Callable[..., None]) -> None:
    only(item("hidden", shown=lambda request: False), item("seen", shown=lambda request: True))
    assert [each.key for each in allowed(request_of())] == ["seen"]


def test_entries_come_by_group_then_order_then_title(only: Callable[..., None]) -> None:
    only(
        item("zebra", group="Govern"),
        item("beta", order=20),
        item("alpha", order=20),
        item("first", order=10),
        item("operate", group="Operate", order=99),
    )
    assert [each.key for each in allowed(request_of())] == ["operate", "first", "alpha", "beta", "zebra"]


@pytest.mark.parametrize(
    ("path", "current"),
    [("/", ["home"]), ("/help/", ["help"]), ("/help/more/", ["help"]), ("/elsewhere/", [])],
)
def test_the_current_entry_is_the_nearest_above_the_page(
    only: Callable[..., None], path: str, current: list[str]
) -> None:
    only(item("home", url="console:home"), item("help"))
    assert [each.item.key for each in entries(request_of(path=path)) if each.current] == current


def test_an_entry_shows_the_number_of_its_tally(only: Callable[..., None]) -> None:
    waiting = Tally("waiting", lambda request: User.objects.all(), permission="")
    only(item("counted", count=Count(waiting, "waiting", hot=True)), item("plain"))
    request = request_of()
    request.__dict__["_tallies"] = {"waiting": 3}  # as the statement has brought it
    assert [each.number for each in entries(request)] == [3, 0]


def test_every_registered_entry_leads_somewhere() -> None:
    for each in NAVIGATION:
        urlconf = settings.OPERATORS_URLCONF if each.url.startswith("admin:") else None
        assert reverse(each.url, urlconf=urlconf)


@pytest.mark.parametrize(("role", "sees"), [("owner", True), ("auditor", True), ("viewer", False), ("analyst", False)])
def test_the_menu_of_a_page_follows_the_role(
    member: Callable[..., User], client_for: Callable[..., Client], role: str, sees: bool
) -> None:
    page = client_for(member(role)).get("/help/").content.decode()
    assert ('href="/members/"' in page) is sees
    assert 'href="/"' in page
    assert "/admin/" not in page


def test_an_operator_finds_the_back_office(
    operators: object, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    operator = member("owner", tenant=operators, is_staff=True)
    page = client_for(operator, tenant=operators).get("/help/").content.decode()
    assert 'href="/admin/"' in page


def test_no_two_entries_answer_to_the_same_letter() -> None:
    letters = [each.letter for each in NAVIGATION if each.letter]
    assert sorted(letters) == sorted(set(letters))
