"""Batches over the API."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentBatch, AgentRun
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, WorkOff
from tests.agents.test_batches import STEPS, rows_of, work_through

Make = Callable[..., User]
Api = Callable[..., APIClient]
START = f"/api/v1/agents/{COUNTER}/batches"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def api(api_for: Api, analyst: User, work_off: WorkOff) -> APIClient:
    return api_for(analyst)


@pytest.fixture
def file(acme: Tenant, analyst: User) -> Callable[..., str]:
    def make(content: bytes = STEPS) -> str:
        return str(dataset_upload(file=BytesIO(content), name="steps.csv", user=analyst).pk)

    return make


def start(api: APIClient, **body: Any) -> Any:
    return api.post(START, body, format="json")


def test_a_batch_is_started_by_the_names_of_columns_and_followed(
    api: APIClient, file: Callable[..., str], work_off: WorkOff
) -> None:
    answer = start(api, dataset=file(), leave_out=True)
    assert answer.status_code == 202, answer.content
    made = answer.json()
    assert answer["Location"] == f"/api/v1/batches/{made['id']}"
    assert (made["ref"][:2], made["status"], made["rows"]["total"], made["rows"]["waiting"]) == ("B-", "opening", 5, 5)
    work_through(work_off, AgentBatch.objects.get())
    ended = api.get(answer["Location"]).json()
    assert ended["status"] == "ended"
    assert ended["rows"] == {
        "total": 5, "waiting": 0, "started": 3, "open": 0, "succeeded": 2, "failed": 1, "cancelled": 0, "refused": 2
    }  # fmt: skip
    assert [(each["row"], each["issues"][0]["column"]) for each in ended["refused"]] == [(4, "steps"), (5, "steps")]
    runs = api.get(f"{answer['Location']}/runs").json()["items"]
    assert [(run["row"], run["status"]) for run in runs] == [(2, "succeeded"), (3, "failed"), (6, "succeeded")]
    assert b"Ada,R-" in api.get(f"{answer['Location']}/rows.csv").content


def test_nothing_is_started_where_a_row_cannot_be_used(api: APIClient, file: Callable[..., str]) -> None:
    answer = start(api, dataset=file())
    assert answer.status_code == 422
    told = answer.json()
    assert "2 of 5 rows cannot be used; nothing was started" in told["detail"]
    assert [(issue["row"], issue["column"]) for issue in told["issues"]] == [(4, "steps"), (5, "steps")]
    assert not AgentBatch.objects.exists()


def test_columns_that_are_named_feed_their_fields_and_no_others(api: APIClient, file: Callable[..., str]) -> None:
    answer = start(api, dataset=file(b"many,steps\n2,13\n3,13\n"), columns={"steps": "many"}, common={"mood": "calm"})
    assert answer.status_code == 202, answer.content
    assert AgentBatch.objects.get().input["plan"]["columns"] == {"steps": "many"}


def test_the_runs_of_a_batch_come_in_pages_in_the_order_of_the_file(
    api: APIClient, file: Callable[..., str], work_off: WorkOff
) -> None:
    at = start(api, dataset=file(rows_of(7)))["Location"]
    work_through(work_off, AgentBatch.objects.get())
    first = api.get(f"{at}/runs", {"limit": 4}).json()
    second = api.get(first["next"]).json()
    assert [run["row"] for run in (*first["items"], *second["items"])] == list(range(2, 9))
    assert second["next"] is None
    assert api.get(f"{at}/runs", {"status": "failed"}).json()["items"] == []


def test_a_list_of_batches_costs_the_same_statements_however_many(api: APIClient, file: Callable[..., str]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert api.get("/api/v1/batches", {"agent": COUNTER}).status_code == 200
        return len(caught)

    start(api, dataset=file(rows_of(2)))
    statements()
    few = statements()
    for _ in range(4):
        start(api, dataset=file(rows_of(2)))
    assert statements() == few
    assert len(api.get("/api/v1/batches").json()["items"]) == 5
    assert api.get("/api/v1/batches", {"agent": "dummy.echo"}).json()["items"] == []


def test_a_batch_is_cancelled_and_what_failed_is_run_again(
    api: APIClient, file: Callable[..., str], work_off: WorkOff
) -> None:
    at = start(api, dataset=file(rows_of(3)))["Location"]
    assert api.post(f"{at}/retry").status_code == 409
    assert api.post(f"{at}/cancel").json()["cancel_requested"] is True
    work_through(work_off, AgentBatch.objects.get())
    assert api.post(f"{at}/cancel").status_code == 409
    other = start(api, dataset=file(b"steps,mood\n2,cross\n"))["Location"]
    work_through(work_off, AgentBatch.objects.exclude(status="cancelled").get())
    assert api.post(f"{other}/retry").json() == {"rows": 1}
    assert AgentRun.objects.get(batch_id=other.rpartition("/")[2]).status == "queued"


def test_who_may_not_run_agents_starts_no_batch(api_for: Api, member: Make, file: Callable[..., str]) -> None:
    assert start(api_for(member("viewer")), dataset=file()).status_code == 403
    assert start(api_for(member("analyst")), dataset="00000000-0000-0000-0000-000000000009").status_code == 404
