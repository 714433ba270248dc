"""The pages of replays: asked by a form, shown in sum and run by run, taken along as a table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.workflows.models import Replay, Workflow, WorkflowVersion
from apps.workflows.replaying.services import Asked, replay_start
from tests.workflows.conftest import Work
from tests.workflows.replaying.conftest import definition
from tests.workflows.test_pages_workflows import main_of

Browse = Callable[..., Client]
NEW = "/workflows/test/replay/"


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


@pytest.fixture
def replay(past: Workflow, builder: User, worked: Work) -> Replay:
    lower = {
        "cases": [{"title": "large", "when": {"field": "${inputs.amount}", "op": ">", "value": 100}, "go": ["ask"]}]
    }
    made = replay_start(who=builder, user=builder, workflow=past, definition=definition(size=lower), asked=Asked())
    worked("cpu")
    made.refresh_from_db()
    return made


def test_a_form_asks_and_the_answer_is_shown_in_sum_and_run_by_run(page: Client, past: Workflow, worked: Work) -> None:
    words = main_of(page.get(NEW))
    for said in ("What would have changed?", "Version 1, which is in use", "Nothing was asked yet"):
        assert said in words
    answer = page.post(NEW, {"against": "1", "most": "3"})
    replay = Replay.objects.get()
    assert answer["Location"] == reverse("workflows:replay", args=[replay.pk])
    assert "Following past runs" in main_of(page.get(answer["Location"]))
    worked("cpu")
    words = main_of(page.get(answer["Location"]))
    assert "Nothing would change" in words
    assert "The last 3 runs of Test, through version 1." in words
    assert "The last 3 runs through version 1" in main_of(page.get(NEW))


def test_what_changes_is_told_in_words(page: Client, replay: Replay) -> None:
    at = reverse("workflows:replay", args=[replay.pk])
    words = main_of(page.get(at))
    for said in ("1 of 4 runs would change", "A person is asked by “Release”, and was not then.", "otherwise → large"):
        assert said in words
    assert "more in 1 run" in words
    assert "A person is asked" not in main_of(page.get(at, {"verdict": "same"}))
    assert "No run of this kind" in main_of(page.get(at, {"verdict": "unknown"}))


def test_the_pages_cost_the_same_whatever_the_number_of_runs(
    page: Client, replay: Replay, django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(16):  # type: ignore[attr-defined]
        page.get(reverse("workflows:replay", args=[replay.pk]))
    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        page.get(NEW)


def test_every_run_is_taken_along_as_a_table(page: Client, replay: Replay) -> None:
    lines = page.get(reverse("workflows:replay-export", args=[replay.pk])).content.decode().splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("run,verdict,ended,would end,approvals")
    assert sum("waits for a person" in line for line in lines) == 1


def test_a_field_that_is_wrong_is_told_beside_it(page: Client, past: Workflow) -> None:
    answer = page.post(NEW, {"against": "1", "most": "none", "since": "2026-02-31", "cap": "-1", "recompute": "1"})
    assert answer.status_code == 422
    words = main_of(answer)
    for said in ("Write a number from 1 to 5,000.", "Write a day as 2026-03-31.", "Write an amount above 0"):
        assert said in words
    assert not Replay.objects.exists()


def test_what_is_no_definition_is_refused(page: Client, past: Workflow) -> None:
    assert page.post(NEW, {"against": "9"}).status_code == 422
    assert past.published is not None
    unknown = past.published.content.replace("dummy.decider", "dummy.nobody")
    WorkflowVersion.objects.create(workflow=past, number=None, content=unknown)
    answer = page.post(NEW, {"against": "draft"})
    assert answer.status_code == 422
    assert "There is no agent" in main_of(answer)


def test_one_is_cancelled_by_a_button_and_tells_how_far_it_came(page: Client, past: Workflow, builder: User) -> None:
    made = replay_start(who=builder, user=builder, workflow=past, definition=definition(), asked=Asked())
    assert page.get(reverse("workflows:replay-snapshot", args=[made.pk])).json() == {
        "status": "running",
        "done": 0,
        "percent": 0,
    }
    page.post(reverse("workflows:replay-cancel", args=[made.pk]))
    made.refresh_from_db()
    assert made.status == "cancelled"
    assert page.post(reverse("workflows:replay-cancel", args=[made.pk])).status_code == 302


def test_who_only_looks_finds_no_form(client_for: Browse, member: Callable[..., User], replay: Replay) -> None:
    viewer = client_for(member("viewer"))
    assert "Follow them" not in main_of(viewer.get(NEW))
    assert viewer.get(reverse("workflows:replay", args=[replay.pk])).status_code == 200
    assert viewer.post(NEW, {"against": "1"}).status_code == 403
    assert viewer.post(reverse("workflows:replay-cancel", args=[replay.pk])).status_code == 403
