"""The page of an agent: what a run comes to stands beside its input, and what else can be done with the agent."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models import F
from django.test import Client

from apps.accounts.models import User
from apps.agents.models import AgentRun
from tests.agents.conftest import COUNTER, ECHO, Start, WorkOff
from tests.agents.test_pages import AGENT, ECHO_PAGE, statements, text_of

Make = Callable[..., User]
Browse = Callable[..., Client]
BESIDE = {"HX-Request": "true", "HX-Target": "result"}


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def page(client_for: Browse, analyst: User, work_off: WorkOff) -> Client:
    return client_for(analyst)


def test_a_script_starts_a_run_and_shows_it_beside_the_input(page: Client, work_off: WorkOff) -> None:
    answer = page.post(AGENT, {"steps": "4", "mood": "calm"}, headers=BESIDE)
    run = AgentRun.objects.get()
    assert answer.headers["Location"] == f"{AGENT}?again={run.number}&run={run.number}"
    waiting = page.get(answer.headers["Location"], headers=BESIDE).content.decode()
    assert 'data-status="queued"' in waiting
    assert 'id="input"' not in waiting
    work_off()
    done = page.get(answer.headers["Location"], headers=BESIDE)
    assert 'data-status="succeeded"' in done.content.decode()
    assert "4 of 4" not in text_of(done)
    assert "Numbers" in text_of(done)


def test_what_is_wrong_with_an_input_is_told_in_its_form_alone(page: Client) -> None:
    answer = page.post(AGENT, {"steps": "many"}, headers=BESIDE)
    assert answer.status_code == 422
    assert 'id="input"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert not AgentRun.objects.exists()


def test_a_result_is_shown_beside_the_input_that_it_came_from(page: Client, finished: Start) -> None:
    run = finished(steps=7)
    answer = page.get(AGENT, {"again": run.number, "run": run.number})
    assert 'value="7"' in answer.content.decode()
    assert f"Result {run.ref}" in text_of(answer)


def test_a_run_that_failed_says_why_beside_the_input(page: Client, finished: Start) -> None:
    run = finished(mood="cross")
    words = text_of(page.get(AGENT, {"again": run.number, "run": run.number}))
    assert "I will not count this." in words
    assert "Ask kindly." in words


def test_without_a_run_the_latest_result_is_told_and_can_be_had(page: Client, finished: Start) -> None:
    assert "Latest result" not in text_of(page.get(AGENT))
    run = finished(steps=5)
    answer = page.get(AGENT)
    assert "Latest result" in text_of(answer)
    assert "Counted to 5" in text_of(answer)
    assert f'href="?again={run.number}&amp;run={run.number}"' in answer.content.decode()


@pytest.mark.parametrize("name", ["run", "again"])
def test_a_run_of_another_agent_is_none_of_this_page(page: Client, finished: Start, name: str) -> None:
    run = finished()
    assert page.get(ECHO_PAGE, {name: run.number}).status_code == 404
    assert page.get(AGENT, {name: "999999"}).status_code == 404
    assert page.get(AGENT, {name: "none"}).status_code == 404


def test_how_long_a_run_takes_is_the_median_of_the_latest_that_succeeded(page: Client, finished: Start) -> None:
    assert not re.search(r"\babout [\d.]", text_of(page.get(AGENT)))
    for seconds in (2, 4, 90):
        run = finished()
        AgentRun.objects.filter(pk=run.pk).update(finished_at=F("started_at") + timedelta(seconds=seconds))
    assert "about 4 s" in text_of(page.get(AGENT)).replace("4.0 s", "4 s").replace("\N{NO-BREAK SPACE}", " ")


def test_a_result_beside_the_input_costs_the_same_statements_however_much_ran(page: Client, finished: Start) -> None:
    run = finished(steps=2)
    address = f"{AGENT}?again={run.number}&run={run.number}"
    statements(page, address)
    few = statements(page, address)
    for _ in range(8):
        finished(steps=90)
    assert statements(page, address) == few
    long = AgentRun.objects.first()
    assert long is not None
    assert statements(page, f"{AGENT}?again={long.number}&run={long.number}") == few


def test_workflows_are_offered_with_the_input_at_hand_to_who_may_make_them(
    client_for: Browse, member: Make, page: Client, finished: Start
) -> None:
    run = finished(steps=6)
    assert "Use in a workflow" not in text_of(page.get(AGENT))
    builder = client_for(member("builder"))
    shown = builder.get(AGENT, {"again": run.number, "run": run.number}).content.decode()
    assert f"/workflows/new/?agent={COUNTER}&amp;run={run.number}" in shown
    assert f"/workflows/agents/{COUNTER}/schedule/?run={run.number}" in shown
    entered = builder.get(AGENT, {"steps": "8"}).content.decode()
    (address,) = {part.partition('"')[0] for part in entered.split('href="')[1:] if "/workflows/new/" in part[:20]}
    assert parse_qs(urlsplit(address.replace("&amp;", "&")).query)["input"] == ['{"steps": 8}']
    assert f"?run={run.number}" in builder.get(f"/runs/{run.ref}/").content.decode()


def test_a_file_for_many_runs_is_offered_beside_form_and_json(page: Client, client_for: Browse, member: Make) -> None:
    assert f'href="/agents/{ECHO}/batch/"' in page.get(ECHO_PAGE).content.decode()
    viewer = client_for(member("viewer")).get(ECHO_PAGE).content.decode()
    assert f"/agents/{ECHO}/batch/" not in viewer
