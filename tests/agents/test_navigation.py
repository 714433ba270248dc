"""What agents and runs offer to the shell: entries with counts, finds, and the cards of the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.console.cards import cards_of
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from tests.agents.conftest import ECHO, WEEKLY, Start, WorkOff
from tests.agents.test_pages import statements, text_of
from tests.console.people import Someone, request_of

Make = Callable[..., User]
Browse = Callable[..., Client]


@pytest.fixture
def page(client_for: Browse, member: Make, work_off: WorkOff) -> Client:
    return client_for(member("owner"))


def found(page: Client, text: str) -> dict[str, list[str]]:
    groups = page.get("/palette.json", {"q": text}).json()["groups"]
    return {group["title"]: [item["title"] for item in group["items"]] for group in groups}


def test_the_entry_of_runs_counts_those_that_are_open(page: Client, start: Start, finished: Start) -> None:
    assert "queued or running" not in text_of(page.get("/help/"))
    finished()
    start()
    start()
    assert "2 queued or running" in text_of(page.get("/help/"))


def test_the_palette_finds_agents_and_runs(page: Client, finished: Start) -> None:
    run, other = finished(), finished(key=ECHO, table={"rows": [{"a": 1}]})
    assert found(page, run.ref)["Agent runs"] == [f"{run.ref} Counter"]
    assert found(page, "given inline")["Agent runs"] == [f"{other.ref} Echo"]
    assert found(page, "counter")["Agents"] == ["Counter"]
    assert found(page, "")["Agent runs"] == [f"{other.ref} Echo", f"{run.ref} Counter"]


def test_the_palette_finds_nothing_that_a_role_may_not_see(client_for: Browse, member: Make, start: Start) -> None:
    start()
    member("viewer")
    viewer = member("viewer")
    assert {"Agents", "Agent runs"} <= set(found(client_for(viewer), ""))
    User.objects.filter(pk=viewer.pk).update(role="unknown")
    assert not {"Agents", "Agent runs"} & set(found(client_for(viewer), ""))


def test_a_dataset_offers_the_agents_that_take_a_table(page: Client, acme: object, member: Make) -> None:
    dataset = dataset_upload(file=BytesIO(WEEKLY), name="weekly.csv", user=member())
    body = page.get(f"/data/{dataset.pk}/").content.decode()
    assert f"/agents/{ECHO}/?table.dataset={dataset.pk}" in body


def test_a_dashboard_without_runs_shows_the_first_steps(page: Client, client_for: Browse, member: Make) -> None:
    words = text_of(page.get("/"))
    for said in (
        "Getting started",
        "0 of 7 done",
        "Load data",
        "Run an agent",
        "Build a workflow",
        "Invite a colleague",
    ):
        assert said in words
    assert "Success rate" not in words
    assert not Dataset.objects.exists()
    analyst = text_of(client_for(member("analyst")).get("/"))
    assert "Run an agent" in analyst
    assert "Invite a colleague" not in analyst
    assert "Nothing has run yet" in text_of(client_for(member("viewer")).get("/"))


def test_the_first_step_is_done_once_there_is_data(page: Client, member: Make) -> None:
    assert "Load data done" not in text_of(page.get("/"))
    dataset_upload(file=BytesIO(WEEKLY), name="weekly.csv", user=member())
    assert "Load data done" in text_of(page.get("/"))


def test_the_dashboard_tells_how_runs_go(page: Client, start: Start, finished: Start) -> None:
    finished()
    finished()
    failed = finished(mood="cross")
    start()
    words = text_of(page.get("/"))
    for said in (
        "Runs 4",
        "Success rate 66.7 %",
        "1 failed",
        "Open now 1",
        "1 waiting for a worker",
        f"{failed.ref} · I will not count this.",
    ):
        assert said in words
    assert "Run an agent done" in words


def test_each_figure_leads_to_the_runs_behind_it(page: Client, start: Start, finished: Start) -> None:
    finished()
    finished(mood="cross")
    old = finished()
    AgentRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=36))
    start()
    day, week = {"": 3, "failed": 1, "succeeded": 1}, {"": 4, "failed": 1, "succeeded": 2}
    for period, numbers in (("24h", day), ("7d", week)):
        body = page.get("/", {"period": period}).content.decode()
        for status, number in numbers.items():
            narrow = f"status={status}&amp;since={period}" if status else f"since={period}"
            assert f'href="/runs/?{narrow}"' in body
            listed = page.get("/runs/", {"status": status, "since": period}).content.decode().count("data-run=")
            assert listed == number
    assert "vs. the day before" in text_of(page.get("/"))
    assert page.get("/", {"period": "nonsense"}).status_code == 200


def test_the_dashboard_costs_the_same_statements_however_many_runs(
    page: Client, start: Start, finished: Start, member: Make
) -> None:
    finished(member())
    start(member())
    finished(member(), mood="cross")
    statements(page, "/")
    few = statements(page, "/")
    for _ in range(8):
        start(member())
        finished(member(), mood="broken")
    statements(page, "/")  # the tenant may have been forgotten meanwhile
    assert statements(page, "/") == few
    assert few <= 14  # one of them for operators who ask to be let in, which an owner has to see at once


def test_who_may_not_see_runs_gets_none_of_the_cards() -> None:
    assert [shown.card.key for shown in cards_of(request_of(Someone())) if shown.card.key.startswith("agents.")] == []
