"""The palette finds what the person may open, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.console.palette import PER_SEARCHER, SEARCHERS, Found, Searcher, palette_search
from tests.console.people import Someone, request_of


def titles(person: Someone, text: str) -> list[str]:
    return [item["title"] for group in palette_search(request_of(person), text) for item in group["items"]]


def test_without_words_it_offers_every_page_one_may_open() -> None:
    assert {"Dashboard", "Help & shortcuts"} <= set(titles(Someone(), ""))


def test_pages_are_found_by_all_words_in_title_or_summary() -> None:
    assert titles(Someone(), "shortcuts keys") == ["Help & shortcuts"]
    assert titles(Someone(), "shortcuts nowhere") == []


def test_a_page_of_others_is_not_found() -> None:
    assert "Members" not in titles(Someone(), "members")
    assert "Members" in titles(Someone("members.view"), "members")


def test_a_searcher_is_not_even_asked_without_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def search(request: object, text: str) -> list[Found]:
        asked.append(text)
        return [Found(f"Secret {number}", f"/secret/{number}/", "lock") for number in range(50)]

    monkeypatch.setitem(SEARCHERS._items, "secrets", Searcher("secrets", "Secrets", search, permission="secrets.view"))
    assert not [title for title in titles(Someone(), "secret") if title.startswith("Secret")]
    assert asked == []
    assert len(titles(Someone("secrets.view"), "secret\x00 ")) == PER_SEARCHER
    assert asked == ["secret"]


def test_the_endpoint_answers_a_member(member: Callable[..., User], client_for: Callable[..., Client]) -> None:
    answer = client_for(member("viewer")).get("/palette.json", {"q": "help"})
    assert answer.json()["groups"][0]["items"][0]["url"] == "/help/"
    assert "no-store" in answer["Cache-Control"]


def test_the_endpoint_tells_a_program_that_the_session_has_ended(client_for: Callable[..., Client]) -> None:
    answer = client_for().get("/palette.json", headers={"accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
