"""Many at once over the API: starting and cancelling runs, deleting datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import polars
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.agents.schemas import MOST_CANCELLED, MOST_STARTS
from apps.common.ids import uuid7
from apps.datasets import services as datasets
from apps.datasets.models import Dataset
from apps.datasets.schemas import MOST_DELETED
from apps.gateway.models import IdempotentAnswer
from apps.tenants import plans
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, ECHO, Start, WorkOff

Make = Callable[..., User]
Api = Callable[..., APIClient]
CANCEL, DELETE = "/api/v1/runs/cancel", "/api/v1/datasets/delete"


def bulk(key: str = COUNTER) -> str:
    return f"/api/v1/agents/{key}/runs/bulk"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def api(api_for: Api, analyst: User, work_off: WorkOff) -> APIClient:
    return api_for(analyst)


@pytest.fixture
def table(analyst: User) -> Dataset:
    frame = polars.DataFrame({"item": ["Tea"], "sold": [3]})
    return datasets.dataset_from_frame(frame=frame, name="Sales", filename="sales.parquet", user=analyst)


def places(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [issue["path"] for issue in answer.json()["issues"]]


# -------------------------------------------------------------------------------------------------------------- start


def test_a_run_is_started_for_each_input_in_their_order(api: APIClient, analyst: User, work_off: WorkOff) -> None:
    answer = api.post(bulk(), {"inputs": [{"steps": steps} for steps in (3, 1, 2)]})
    assert answer.status_code == 202
    items = answer.json()["items"]
    assert [(each["status"], each["started_by"]) for each in items] == [("queued", analyst.email)] * 3
    assert len({each["ref"] for each in items}) == 3
    assert work_off() > 0
    while work_off():
        pass
    outputs = [api.get(f"/api/v1/runs/{each['id']}").json()["output"]["numbers"] for each in items]
    assert outputs == [[1, 2, 3], [1], [1, 2]]


def test_of_many_inputs_that_are_wrong_each_place_is_named_and_no_run_is_started(api: APIClient) -> None:
    assert places(api.post(bulk(), {"inputs": [{}, {"steps": 0}, {"mood": "x", "steps": "y"}]})) == [
        "inputs.1.steps",
        "inputs.2.steps",
        "inputs.2.mood",
    ]
    assert places(api.post(bulk(), {"inputs": [{}, {"steps": 13}]})) == ["inputs.1.steps"]
    lost = {"table": {"dataset": str(uuid4())}}
    assert places(api.post(bulk(ECHO), {"inputs": [{"table": {"rows": [{"a": 1}]}}, lost]})) == ["inputs.1"]
    assert not AgentRun.objects.exists()


@pytest.mark.parametrize("body", [{}, {"inputs": []}, {"inputs": [{}] * (MOST_STARTS + 1)}, {"inputs": {}}])
def test_none_and_too_many_are_refused(api: APIClient, body: dict[str, Any]) -> None:
    assert places(api.post(bulk(), body)) == ["inputs"]


def test_many_runs_cost_as_many_statements_as_one(api: APIClient, table: Dataset) -> None:
    def statements(number: int) -> int:
        inputs = [{"table": {"dataset": str(table.pk)}}] * number
        with CaptureQueriesContext(connection) as caught:
            assert api.post(bulk(ECHO), {"inputs": inputs}).status_code == 202
        return len(caught)

    statements(1)
    one, many = statements(1), statements(40)
    assert many == one
    # the way into the schema, how the agent is set up, the datasets, a savepoint and its release, runs, an entry of the
    # audit log and work rows
    assert one <= 8
    assert set(AgentRun.objects.values_list("source", flat=True)) == {"Sales"}


def test_a_table_that_inputs_share_is_read_once(
    api: APIClient, table: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.datasets import selectors

    read: list[Any] = []
    frame = selectors.dataset_frame

    def reading(dataset: Dataset) -> Any:
        read.append(dataset.pk)
        return frame(dataset)

    monkeypatch.setattr(AGENTS[ECHO], "inspect", lambda data, ctx: ctx.table(data.table))
    monkeypatch.setattr(selectors, "dataset_frame", reading)
    api.post(bulk(ECHO), {"inputs": [{"table": {"dataset": str(table.pk)}}] * 3})
    assert read == [table.pk]


def test_who_may_not_see_data_starts_nothing_on_it(api_for: Api, member: Make, table: Dataset, board: Any) -> None:
    from apps.gateway import services as gateway
    from apps.gateway.principals import Caller

    owner = member("owner")
    _, text = gateway.key_create(who=Caller(owner), name="k", scopes=["agents.run", "agents.view"], days=1)
    api = api_for()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    answer = api.post(bulk(ECHO), {"inputs": [{"table": {"dataset": str(table.pk)}}]})
    assert answer.status_code == 403
    assert not AgentRun.objects.exists()


def test_a_request_that_starts_many_counts_as_many(
    api: APIClient, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.max_starts = 5
    acme.save()
    from apps.tenants import context

    context.forget()
    assert plans.plan_of(acme).starts == 5
    assert api.post(bulk(), {"inputs": [{}] * 6}).status_code == 413, "no minute has so many"
    assert not AgentRun.objects.exists()
    assert api.post(bulk(), {"inputs": [{}] * 4}).status_code == 202
    assert api.post(bulk(), {"inputs": [{}]}).status_code == 429


def test_many_are_started_once_for_each_key(api: APIClient) -> None:
    for _ in range(2):
        assert api.post(bulk(), {"inputs": [{}] * 3}, headers={"Idempotency-Key": "one"}).status_code == 202
    assert (AgentRun.objects.count(), IdempotentAnswer.objects.count()) == (3, 1)


# ------------------------------------------------------------------------------------------------------------- cancel


def test_each_of_many_is_cancelled_and_what_became_of_it_told(
    api: APIClient, start: Start, finished: Start, globex: Tenant
) -> None:
    ended, waits, under_way = finished(), start(), start()
    AgentRun.objects.filter(pk=under_way.pk).update(status="running")
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set lease_until = clock_timestamp() + interval '1 hour', fence = 1 "
            "where id = %s",
            [under_way.pk],
        )
    with tenant_context(globex):
        theirs = start()
    ids = [str(each) for each in (theirs.pk, ended.pk, waits.pk, under_way.pk, waits.pk)]
    answer = api.post(CANCEL, {"ids": ids})
    assert answer.status_code == 200
    told = [(each["id"], each["outcome"]) for each in answer.json()["items"]]
    assert told == list(zip(ids, ["not_found", "ended", "cancelled", "cancelling"], strict=False))
    with tenant_context(globex):
        assert AgentRun.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("address", "most", "path"),
    [(CANCEL, MOST_CANCELLED, "ids"), (DELETE, MOST_DELETED, "ids")],
)
def test_no_ids_and_too_many_are_refused(api: APIClient, address: str, most: int, path: str) -> None:
    for ids in ([], [str(uuid7()) for _ in range(most + 1)], "x"):
        assert places(api.post(address, {"ids": ids}, format="json")) == [path]


def test_a_viewer_cancels_and_deletes_nothing(api_for: Api, member: Make, start: Start) -> None:
    viewer = api_for(member("viewer"))
    for address in (CANCEL, DELETE, bulk()):
        assert viewer.post(address, {"ids": [str(uuid7())], "inputs": [{}]}).status_code == 403


# ------------------------------------------------------------------------------------------------------------- delete


def test_each_of_many_datasets_is_deleted_that_may_be(
    api: APIClient,
    member: Make,
    table: Dataset,
    globex: Tenant,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    from apps.datasets import files

    frame = polars.DataFrame({"a": [1]})

    def other(user: User) -> Dataset:
        return datasets.dataset_from_frame(frame=frame, name="Other", filename="o.parquet", user=user)

    others = other(member())
    with tenant_context(globex):
        theirs = other(member("owner", tenant=globex))
    place = files.path_of(table.pk)
    assert place.exists()
    ids = [str(each.pk) for each in (theirs, others, table)]
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(DELETE, {"ids": ids})
    assert answer.status_code == 200
    told = [(each["id"], each["outcome"]) for each in answer.json()["items"]]
    assert told == list(zip(ids, ["not_found", "not_allowed", "deleted"], strict=True))
    assert not place.exists()
    assert files.path_of(others.pk).exists()
    assert [each.pk for each in Dataset.objects.all()] == [others.pk]
    with tenant_context(globex):
        assert Dataset.objects.get().pk == theirs.pk
