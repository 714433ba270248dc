"""The cards of workflows on the dashboard, and where an approver lands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.workflows import bulk
from apps.workflows.models import Approval, HttpCall, WorkflowRun
from tests.agents.test_pages import statements, text_of
from tests.factories import PASSWORD
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after, chain

Make = Callable[..., User]
Browse = Callable[..., Client]
FAILING: dict[str, Any] = {"check": {"kind": "stop", "as": "failed", "reason": "No stock"}}
ASKING: dict[str, Any] = {"ask": {"kind": "approval", "question": "Ship it?", "roles": ["approver", "administrator"]}}
HOME = "/"
MOST = 22
"""Statements of the dashboard of somebody who may do everything, with workflows and agents at work."""


@pytest.fixture
def page(client_for: Browse, member: Make, builder: User) -> Client:
    return client_for(member("administrator"))


@pytest.fixture
def ran(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[..., WorkflowRun]:
    """`ran(steps, name="test")`: a run that was worked at."""

    def run(steps: dict[str, Any], *, name: str = "test") -> WorkflowRun:
        begun = start(workflow(steps, name=name))
        worked("flow")
        return after(begun)

    return run


def test_where_no_workflow_ever_ran_there_are_no_cards_of_them(page: Client) -> None:
    words = text_of(page.get(HOME))
    assert "Live workflow runs" not in words
    assert "Workflow health" not in words


def test_what_needs_a_person_is_told_the_most_urgent_first_and_all_of_it_on_a_page(
    page: Client, ran: Callable[..., WorkflowRun], workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    ran(ASKING, name="asks")
    late = ran(ASKING, name="late")
    Approval.objects.filter(run=late).update(due_at=timezone.now() + timedelta(minutes=30))
    failed = ran(FAILING, name="fails")
    ran({"order": {"kind": "http", "url": "https://shop.example/orders"}}, name="calls")
    HttpCall.objects.update(status="unknown")
    lost = start(workflow(chain(1), name="lost", inputs=AMOUNT), amount=1)
    doom(lost)
    worked("flow")
    told = ["Late · ", "Asks ·", "1 call whose outcome nobody knows", "1 given up"]
    words = text_of(page.get(HOME))
    words = words[words.index("Needs attention") :]
    assert [words.index(said) for said in told] == sorted(words.index(said) for said in told)
    assert "View all 6" in words
    assert f"{failed.ref} · No stock" not in words[: words.index("Live workflow runs")]
    every = text_of(page.get("/attention/"))
    every = every[every.index("the most urgent first.") :]
    places = [every.index(said) for said in [*told, "Fails failed"]]
    assert places == sorted(places)


def test_runs_that_failed_for_one_cause_are_told_together_until_that_is_settled(
    page: Client, ran: Callable[..., WorkflowRun], builder: User, worked: Work
) -> None:
    runs = [ran(FAILING, name="fails") for _ in range(3)]
    words = text_of(page.get(HOME))
    assert f"3 runs, the last {runs[-1].ref} · " in words
    assert "No stock" in words
    bulk.runs_retry(who=builder, user=builder, runs=runs[:2])
    assert f"{runs[-1].ref} · " in text_of(page.get(HOME))
    ran({"a": give(1)}, name="fails")
    assert "Nothing needs you" in text_of(page.get(HOME))


def test_who_answers_and_starts_nothing_is_not_asked_to(
    ran: Callable[..., WorkflowRun], member: Make, client_for: Browse
) -> None:
    ran(ASKING)
    words = text_of(client_for(member("viewer")).get(HOME))
    assert "Nothing needs you" in words
    assert "Workflow health" in words
    assert "Getting started" not in words, "there is no step that a viewer may take"
    for forbidden in ("New workflow", "Run an agent", "Waiting for your answer", "Model spend"):
        assert forbidden not in words


def test_an_approver_sees_the_questions_first_and_others_see_them_among_what_needs_attention(
    page: Client, ran: Callable[..., WorkflowRun], member: Make, client_for: Browse
) -> None:
    ran(ASKING)
    words = text_of(client_for(member("approver")).get(HOME))
    places = [
        words.index(said) for said in ("Waiting for your answer 1 open", "Getting started", "Runs 1", "Needs attention")
    ]
    assert places == sorted(places)
    assert "Nothing needs you" in words, "a question is told once"
    assert "New workflow" not in words
    own = text_of(page.get(HOME))
    assert "Waiting for your answer" not in own
    assert "Ship it?" in own[own.index("Needs attention") :]


def test_figures_tell_of_workflows_and_lead_to_the_runs_behind_them(
    page: Client, ran: Callable[..., WorkflowRun], member: Make, client_for: Browse
) -> None:
    old = ran({"a": give(1)}, name="ends")
    WorkflowRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=30))
    for _ in range(3):
        ran({"a": give(1)}, name="ends")
    ran(FAILING, name="fails")
    ran(ASKING, name="asks")
    words = text_of(page.get(HOME))
    for said in ("Runs 5", "up 400.0", "vs. the day before", "Success rate 75.0 %", "1 failed", "Awaiting approval 1"):
        assert said in words, said
    for period, numbers in (("24h", {"": 5, "failed": 1}), ("7d", {"": 6, "failed": 1})):
        body = page.get(HOME, {"period": period}).content.decode()
        for status, number in numbers.items():
            narrow = f"status={status}&amp;since={period}" if status else f"since={period}"
            assert f'href="/workflow-runs/?{narrow}"' in body
            listed = page.get("/workflow-runs/", {"status": status, "since": period}).content.decode()
            assert listed.count("data-run=") == number
    assert 'href="/approvals/?tab=mine"' in body
    assert 'href="/approvals/?tab=team"' in client_for(member("viewer")).get(HOME).content.decode()


def test_runs_that_go_on_come_first_and_health_tells_of_each_workflow(
    page: Client, ran: Callable[..., WorkflowRun]
) -> None:
    open_one = ran(ASKING, name="asks")
    ended = ran({"a": give(1)}, name="ends")
    words = text_of(page.get(HOME))
    part = words[words.index("1 going on, then the latest") :]
    assert part.index(open_one.ref) < part.index(ended.ref)
    health = words[words.index("Workflow health") :]
    assert "Asks" in health
    assert "Ends" in health


def test_live_runs_are_renewed_by_themselves(
    page: Client, ran: Callable[..., WorkflowRun], django_assert_max_num_queries: Any
) -> None:
    run = ran(ASKING)
    body = page.get(HOME).content.decode()
    assert 'data-live-runs="workflow"' in body
    assert f'data-newest="{run.pk}"' in body
    assert "workflows/runs.js" in body
    part = page.get(HOME, {"card": "workflows.live"}).content.decode()
    assert f'data-run="{run.pk}"' in part
    assert "<html" not in part
    assert page.get(HOME, {"card": "no.such"}).content == b""


def test_a_card_by_itself_is_for_those_who_see_it(ran: Callable[..., WorkflowRun], client_for: Browse) -> None:
    ran(ASKING)
    assert client_for().get(HOME, {"card": "workflows.live"}).status_code == 302


def test_the_cards_cost_the_same_statements_however_much_there_is(
    page: Client, ran: Callable[..., WorkflowRun]
) -> None:
    ran(ASKING, name="asks")
    ran(FAILING, name="fails")
    statements(page, HOME)
    few = statements(page, HOME)
    for n in range(4):
        ran(ASKING, name=f"asks{n}")
        ran(FAILING, name=f"fails{n}")
    statements(page, HOME)  # the tenant may have been forgotten meanwhile
    assert statements(page, HOME) == few
    assert few <= MOST


@pytest.mark.parametrize(("role", "where"), [("approver", "/approvals/"), ("administrator", "/")])
def test_an_approver_lands_where_something_waits_and_everybody_else_on_the_dashboard(
    role: str, where: str, ran: Callable[..., WorkflowRun], member: Make, client_for: Browse
) -> None:
    user, page = member(role), client_for()

    def sign_in(to: str = "/accounts/login/") -> str:
        page.logout()
        answer = page.post(to, {"login": user.email, "password": PASSWORD})
        return str(answer.headers["Location"])

    assert sign_in() == "/"
    ran(ASKING)
    assert sign_in() == where
    assert sign_in("/accounts/login/?next=/runs/") == "/runs/"
