"""Every agent of an industry runs in each of the seven ways there are, and comes to the same by each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import inputs
from apps.agents.contract import AGENTS, Example, RunContext
from apps.agents.models import AgentRun
from apps.common.permissions import Platform
from apps.datasets.models import Dataset
from apps.workflows import services, starting
from apps.workflows.models import WorkflowRun
from tests.console.forms import Sent
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_triggers import let_pass

SHIPPED = sorted(agent.key for agent in AGENTS if agent.industry != "dummy")
GROUP = "batch_of"
Ran = Callable[[str], AgentRun]


@pytest.fixture(params=SHIPPED)
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def number(key: str) -> int:
    """The place of an example with a table, as a file can stand for it."""
    return next(n for n, each in enumerate(AGENTS[key].examples) if AGENTS[key].table_field in each.input)


@pytest.fixture
def example(key: str, number: int) -> Example:
    return AGENTS[key].examples[number]


@pytest.fixture
def beside(key: str, example: Example) -> dict[str, Any]:
    """The input of the example without its table."""
    return {name: value for name, value in example.input.items() if name != AGENTS[key].table_field}


@pytest.fixture
def frame(key: str, example: Example) -> pl.DataFrame:
    return pl.DataFrame(example.input[AGENTS[key].table_field]["rows"])


@pytest.fixture
def analyst(member: Callable[..., User]) -> User:
    return member("analyst")


@pytest.fixture
def page(client_for: Callable[..., Client], analyst: User) -> Client:
    return client_for(analyst)


@pytest.fixture
def api(api_for: Callable[..., APIClient], analyst: User) -> APIClient:
    return api_for(analyst)


@pytest.fixture
def ran(key: str, example: Example, worked: Work) -> Ran:
    """`ran(origin)`: the run that there is, once all has been worked off: it came to what the agent comes to alone."""
    agent = AGENTS[key]
    data = inputs.input_parse(agent=agent, data=example.input)
    context = RunContext(now=datetime.now(UTC), load=inputs.loader(inputs.finder(Platform())))
    expected = agent.headline(agent.run(data, agent.settings_type(), context))

    def work_off(origin: str) -> AgentRun:
        worked("io", "flow", "cpu")
        run = AgentRun.objects.get()
        assert (run.status, run.origin, run.headline) == ("succeeded", origin, expected)
        return run

    return work_off


@pytest.fixture
def in_a_workflow(key: str, example: Example, workflow: MakeWorkflow, board: object) -> Any:
    steps = {"look": {"kind": "agent", "agent": key, "input": example.input}}
    return workflow(steps, name="look", outputs={"found": "${steps.look}"})


def test_by_the_fields_of_its_form(page: Client, key: str, number: int, ran: Ran, board: object) -> None:
    address = f"/agents/{key}/"
    shown = page.get(address, {"example": number})
    answer = page.post(address, Sent(shown.content.decode().partition("data-schemaform")[2]).values)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    ran("console")


def test_as_json(page: Client, key: str, example: Example, ran: Ran, board: object) -> None:
    assert page.post(f"/agents/{key}/", {"mode": "json", "json": json.dumps(example.input)}).status_code == 302
    ran("console")


def test_from_a_file(
    api: APIClient, key: str, frame: pl.DataFrame, beside: dict[str, Any], ran: Ran, board: object
) -> None:
    file = SimpleUploadedFile("table.csv", frame.write_csv().encode())
    sent = {"file": file, "input": json.dumps(beside)}
    answer = api.post(f"/api/v1/agents/{key}/runs", sent, format="multipart")
    assert answer.status_code == 202, answer.json()
    assert ran("api").source == Dataset.objects.get().name == "table"


def test_as_a_batch(
    page: Client, api: APIClient, key: str, frame: pl.DataFrame, beside: dict[str, Any], ran: Ran, board: object
) -> None:
    content = frame.with_columns(pl.lit("all").alias(GROUP)).write_csv().encode()
    page.post(f"/agents/{key}/batch/upload/", {"file": SimpleUploadedFile("groups.csv", content)})
    wanted = {"dataset": str(Dataset.objects.get().pk), "by": "groups", "group": GROUP, "common": beside}
    answer = api.post(f"/api/v1/agents/{key}/batches", wanted, format="json")
    assert answer.status_code == 202, answer.json()
    ran("api")
    with connection.cursor() as cursor:  # the batch looks again after a while
        cursor.execute("update public.dispatch_work set due_at = clock_timestamp() where kind = 'agents.batch'")
    ran("api")
    assert api.get(answer["Location"]).json()["rows"]["succeeded"] == 1


def test_over_rest(api: APIClient, key: str, example: Example, ran: Ran, board: object) -> None:
    answer = api.post(f"/api/v1/agents/{key}/runs", {"input": example.input}, format="json")
    assert answer.status_code == 202, answer.json()
    run = ran("api")
    assert api.get(f"/api/v1/runs/{run.pk}").json()["headline"] == run.headline


def test_as_a_step_of_a_workflow(builder: User, in_a_workflow: Any, ran: Ran) -> None:
    started = services.run_start(who=builder, user=builder, workflow=in_a_workflow, data={}, origin="api")
    ran("workflow")
    started.refresh_from_db()
    assert started.status == "succeeded"
    assert started.outputs["found"]


def test_on_a_schedule(builder: User, in_a_workflow: Any, ran: Ran) -> None:
    made, _ = starting.trigger_create(
        who=builder, user=builder, workflow=in_a_workflow, kind="schedule", settings={"every": "1h"}
    )
    let_pass(made, timedelta(minutes=1))
    ran("workflow")
    started = WorkflowRun.objects.get()
    assert (started.status, started.origin) == ("succeeded", "schedule")
