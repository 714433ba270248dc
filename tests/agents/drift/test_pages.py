from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents.drift import watching
from apps.agents.drift.detection import BASELINE, WINDOW
from apps.agents.models import AgentWatch
from tests.agents.drift.conftest import Decide
from tests.conftest import MakeMember

PAGE = "/agents/dummy.decider/drift/"
Look = Callable[[], watching.Finding]


@pytest.fixture
def browser(builder: User, client_for: Callable[..., Client]) -> Client:
    return client_for(builder)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_agent_is_watched_from_its_page(browser: Client, decide: Decide) -> None:
    assert "Nobody watches this agent" in text(browser.get(PAGE))
    answer = browser.post(PAGE, {"how": "first", "falls_back": "true"}, follow=True)
    assert "Decider is watched" in text(answer)
    assert AgentWatch.objects.get().falls_back
    assert "The baseline is being gathered" in text(answer)


def test_what_was_found_is_shown_in_words_a_table_and_charts(
    browser: Client, decide: Decide, watch: Callable[..., AgentWatch], look: Look
) -> None:
    decide(BASELINE + WINDOW)
    watch()
    look()
    shown = text(browser.get(PAGE))
    assert "It decides as it did" in shown
    assert "Hold for review 10.0 %, 10.0 % in the baseline" in shown.replace("\xa0", " ")
    decide(WINDOW, held=0.5, overridden=0.3)
    look()
    shown = text(browser.get(PAGE))
    assert "It drifts since" in shown
    assert "It has moved: chance alone does as much in less than one window in a million." in shown
    for title in ("Share of “Hold for review”", "Shares of verdicts", "Mean score", "Overridden by people"):
        assert title in shown
    assert "Decisions that wait" not in shown
    watch(falls_back=True)
    assert "Decisions that wait" in text(browser.get(PAGE))


def test_a_period_that_cannot_be_used_is_told_at_its_field(browser: Client, decide: Decide) -> None:
    decide(BASELINE)
    given = {"how": "period", "since": "2026-02-31", "until": "2026-03-01", "falls_back": "true"}
    answer = browser.post(PAGE, given)
    assert answer.status_code == 422
    assert answer.context["errors"] == {"since": "Say the day."}
    assert 'value="2026-03-01"' in text(answer)
    assert not AgentWatch.objects.exists()


def test_a_period_is_taken(browser: Client, decide: Decide) -> None:
    decide(BASELINE)
    browser.post(PAGE, {"how": "period", "since": "2026-01-01", "until": "2026-01-01"})
    baseline = watching.baseline_of(AgentWatch.objects.get())
    assert baseline is not None
    assert (baseline.how, baseline.count) == ("period", BASELINE)


def test_a_watch_ends(browser: Client, watch: Callable[..., AgentWatch]) -> None:
    watch()
    assert "watched no longer" in text(browser.post(f"{PAGE}end/", follow=True))
    assert not AgentWatch.objects.exists()
    assert browser.post(f"{PAGE}end/").status_code == 404


def test_an_agent_without_verdicts_has_nothing_to_watch(browser: Client) -> None:
    assert "There is nothing to watch" in text(browser.get("/agents/dummy.counter/drift/"))
    assert browser.post("/agents/dummy.counter/drift/", {"how": "first"}).status_code == 409


def test_who_may_only_look_sets_nothing(
    member: MakeMember, client_for: Callable[..., Client], watch: Callable[..., AgentWatch]
) -> None:
    watch()
    browser = client_for(member("analyst"))
    assert "How it is watched" not in text(browser.get(PAGE))
    assert browser.post(PAGE, {"how": "first"}).status_code == 403
    assert browser.post(f"{PAGE}end/").status_code == 403


def test_the_page_takes_as_many_statements_however_much_was_found(
    browser: Client, decide: Decide, watch: Callable[..., AgentWatch], look: Look
) -> None:
    def statements() -> int:
        browser.get(PAGE)
        with CaptureQueriesContext(connection) as seen:
            browser.get(PAGE)
        return len(seen)

    watch()
    few = statements()
    decide(BASELINE + 5 * WINDOW)
    look()
    assert statements() == few == 4
