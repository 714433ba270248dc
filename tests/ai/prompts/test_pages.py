"""The console pages of prompts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.ai.models import PromptVersion
from apps.ai.prompts import PROMPTS
from apps.ai.prompts.selectors import Standing
from tests.ai.prompts.conftest import SAY
from tests.conftest import MakeMember

PAGE = f"/prompts/{SAY}/"
Publish = Callable[..., Standing]


@pytest.fixture
def browser(builder: User, client_for: Callable[..., Client]) -> Client:
    return client_for(builder)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_every_prompt_is_listed_with_what_holds(browser: Client, publish: Publish) -> None:
    assert "Say something" in text(browser.get("/prompts/"))
    publish()
    with CaptureQueriesContext(connection) as queries:
        assert "Version 1" in text(browser.get("/prompts/"))
    assert sum("ai_prompt" in each["sql"] for each in queries) == 2


def test_words_are_saved_and_published_from_the_page(browser: Client) -> None:
    shown = text(browser.get(PAGE))
    assert "Say this: {counted}" in shown
    assert "How to say it" in shown
    saved = browser.post(
        PAGE, {"system": "Be kind.", "user": "Say\r\n{counted}", "seen": "0", "do": "save"}, follow=True
    )
    assert "The draft is kept." in text(saved)
    assert PromptVersion.objects.get().content == {"system": "Be kind.", "user": "Say\n{counted}"}
    sent = {"system": "Be kind.", "user": "Say {counted}", "seen": "1", "do": "publish", "note": "Kinder"}
    shown = text(browser.post(PAGE, sent, follow=True))
    assert "Version 1 is published" in shown
    assert "Kinder" in shown
    assert "Instructions: 1 line changed." in shown


def test_a_number_that_no_page_sends_is_taken_for_none(browser: Client) -> None:
    sent = {"system": "Be kind.", "user": "Say {counted}", "seen": "9" * 5_000, "do": "save"}
    assert "The draft is kept." in text(browser.post(PAGE, sent, follow=True))


def test_words_that_do_not_fit_come_back_with_what_is_wrong(browser: Client) -> None:
    answer = browser.post(PAGE, {"system": "", "user": "Say {counter}", "seen": "0", "do": "publish"})
    assert answer.status_code == 422
    assert "There is no variable {counter}." in text(answer)
    assert "Say {counter}" in text(answer)
    assert 'aria-invalid="true"' in text(answer)
    assert not PromptVersion.objects.exists()


def test_a_draft_is_given_up_and_earlier_words_are_gone_back_to(browser: Client, publish: Publish) -> None:
    publish(user="One {counted}")
    standing = publish(user="Two {counted}")
    browser.post(PAGE, {"system": "", "user": "Three {counted}", "seen": str(standing.seq), "do": "save"})
    assert "Three {counted}" in text(browser.get(PAGE))
    assert "given up" in text(browser.post(f"{PAGE}discard/", follow=True))
    browser.post(f"{PAGE}restore/", {"version": "1"})
    assert "Back to version 1" in text(browser.get(PAGE))
    shown = text(browser.post(f"{PAGE}restore/", {"version": "built-in"}, follow=True))
    assert "own words hold again" in shown
    assert "Built in" in shown
    assert browser.post(f"{PAGE}restore/", {"version": "99"}, follow=True).status_code == 200


def test_two_wordings_stand_line_beside_line(browser: Client, publish: Publish) -> None:
    publish(user="Tell {counted}")
    shown = text(browser.get(f"{PAGE}compare/"))
    assert "Request: 1 line changed." in shown
    assert "<del>Say this: {counted}</del>" in shown
    assert "<ins>Tell {counted}</ins>" in shown
    assert "Both say the same." in text(browser.get(f"{PAGE}compare/?before=1&after=1"))
    assert browser.get(f"{PAGE}compare/?before=draft").status_code == 404


def test_what_was_published_for_another_release_is_said_to_be_passed_over(browser: Client, publish: Publish) -> None:
    row = publish().published
    assert row is not None
    row.content = {"system": "", "user": "Say {former}"}
    row.save()
    assert "Version 1 does not fit this release" in text(browser.get(PAGE))


def test_an_auditor_reads_and_changes_nothing(member: MakeMember, client_for: Callable[..., Client]) -> None:
    browser = client_for(member("auditor"))
    assert "Your role may read the words, not change them." in text(browser.get(PAGE))
    assert browser.post(PAGE, {"user": "x"}).status_code == 403


def test_a_prompt_that_there_is_not_is_not_found(browser: Client) -> None:
    assert browser.get("/prompts/no.prompt/").status_code == 404
    assert SAY in PROMPTS
