"""An agent becomes a workflow: as a draft to go on with, or on a schedule by one confirmation."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.agents.services import run_start
from apps.tenants.models import Tenant
from apps.workflows.definition import definition_load
from apps.workflows.models import Trigger, Workflow
from apps.workflows.of_agents import Given, definition_of, name_free
from apps.workflows.values import value_compile

COUNTER = "dummy.counter"
NEW, SCHEDULE = "/workflows/new/yaml/", f"/workflows/agents/{COUNTER}/schedule/"
Make = Callable[..., User]
Browse = Callable[..., Client]
GOOD = {"often": "week", "day": "1", "time": "06:30", "zone": "Europe/Berlin"}
GOOD |= {"name": "count-weekly", "title": "Count weekly"}


@pytest.fixture
def builder(member: Make) -> User:
    return member("builder")


@pytest.fixture
def page(client_for: Browse, builder: User) -> Client:
    return client_for(builder)


@pytest.fixture
def run(acme: Tenant, builder: User) -> AgentRun:
    return run_start(agent=AGENTS[COUNTER], data={"steps": 7}, user=builder, who=builder, origin="console")


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def definition(page: Client, **query: str) -> Any:
    text = re.search(r'<textarea[^>]*id="text"[^>]*>\n(.*?)</textarea>', page.get(NEW, query).content.decode(), re.S)
    assert text
    return definition_load(html.unescape(text[1]))


@pytest.mark.parametrize(
    ("query", "given"),
    [({}, {"steps": 3}), ({"input": '{"steps": 5, "mood": "cross"}'}, {"steps": 5, "mood": "cross"})],
)
def test_a_new_workflow_begins_with_an_agent_and_an_input(
    page: Client, query: dict[str, str], given: dict[str, Any]
) -> None:
    made = definition(page, agent=COUNTER, **query)
    (step,) = made.steps.values()
    assert (made.name, made.title, step.agent, step.input) == ("counter", "Counter", COUNTER, given)


def test_a_new_workflow_begins_with_the_input_of_a_run(page: Client, run: AgentRun) -> None:
    (step,) = definition(page, agent=COUNTER, run=str(run.number)).steps.values()
    assert step.input == {"steps": 7}
    assert page.get(NEW, {"agent": "dummy.echo", "run": str(run.number)}).status_code == 404
    assert page.get(NEW, {"agent": "dummy.nobody"}).status_code == 404
    assert page.get(NEW, {"agent": COUNTER, "run": "999999"}).status_code == 404


def test_an_input_means_itself_whatever_stands_in_it(acme: Tenant) -> None:
    data = {"a": "cost ${inputs.x}", "b": ["${run.id}"], "c": 1}
    made = definition_of(Given(AGENTS[COUNTER], data, ""))
    (step,) = made.steps.values()
    assert value_compile(step.input)({}) == data  # type: ignore[attr-defined]


def test_a_name_that_is_taken_is_counted_on(page: Client) -> None:
    assert name_free("counter") == "counter"
    for name in ("counter", "counter-2"):
        Workflow.objects.create(name=name, title=name)
    assert name_free("counter") == "counter-3"


def test_one_confirmation_makes_publishes_and_schedules(page: Client, builder: User) -> None:
    shown = words(page.get(SCHEDULE))
    assert "At 07:00" in shown
    assert "The next times" in shown
    answer = page.post(SCHEDULE, GOOD)
    assert answer.headers["Location"] == "/workflows/count-weekly/"
    workflow, trigger = Workflow.objects.get(), Trigger.objects.get()
    assert workflow.published is not None
    step: Any = workflow.published.definition.steps["look"]
    assert step.input == {"steps": 3}
    assert trigger.told == {"cron": "30 6 * * TUE", "zone": "Europe/Berlin"}
    assert (trigger.workflow_id, trigger.created_by, trigger.due_at is not None) == (workflow.pk, builder, True)


@pytest.mark.parametrize(
    ("often", "cron"),
    [
        ({"often": "day"}, "30 6 * * *"),
        ({"often": "workday"}, "30 6 * * MON-FRI"),
        ({"often": "month"}, "30 6 1 * *"),
        ({"often": "hour"}, "0 * * * *"),
        ({"often": "cron", "cron": "15 4 * * SUN"}, "15 4 * * SUN"),
    ],
)
def test_how_often_is_told_in_words(page: Client, often: dict[str, str], cron: str) -> None:
    page.post(SCHEDULE, GOOD | often)
    assert Trigger.objects.get().told["cron"] == cron


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"time": "25:00"}, "Write the time as 07:30"),
        ({"zone": "Mars/Base"}, "There is no time zone"),
        ({"often": "cron", "cron": "every day"}, "`cron` has five parts"),
        ({"name": "No Name"}, "name"),
        ({"name": ""}, "Give it a name"),
        ({"run": "999999"}, "no run of this name"),
        ({"input": '{"stairs": 1}'}, "stairs"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_stored(page: Client, wrong: dict[str, str], told: str) -> None:
    answer = page.post(SCHEDULE, GOOD | wrong)
    assert answer.status_code in {404, 422}
    assert told in words(answer)
    assert not Workflow.objects.exists()
    assert not Trigger.objects.exists()


def test_a_name_that_is_taken_is_told_and_nothing_is_changed(page: Client) -> None:
    page.post(SCHEDULE, GOOD)
    answer = page.post(SCHEDULE, GOOD | {"time": "09:00"})
    assert answer.status_code == 409
    assert "There is a workflow" in words(answer)
    assert Trigger.objects.count() == 1


def test_the_next_times_are_shown_before_anything_is_made(page: Client) -> None:
    assert "At 06:30" in words(page.post(SCHEDULE, GOOD | {"action": "look"}))
    assert not Workflow.objects.exists()


def test_who_may_not_edit_workflows_is_offered_neither(client_for: Browse, member: Make, run: AgentRun) -> None:
    page = client_for(member("analyst"))
    assert page.get(SCHEDULE).status_code == 403
    assert page.post(SCHEDULE, GOOD).status_code == 403
