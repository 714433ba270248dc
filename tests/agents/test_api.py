"""Agents and runs over the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import polars as pl
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import live, services
from apps.agents.models import AgentRun
from apps.agents.schemas import AgentOut, RunDetail, RunOut
from apps.common.ids import uuid7
from apps.datasets.models import Dataset
from apps.gateway import tokens, waiting
from apps.gateway.waiting import WaitingAnswers
from apps.tenants import context
from apps.tenants.context import tenant_context
from apps.tenants.live import socket_group
from apps.tenants.models import Tenant
from tests.agents.conftest import COUNTER, ECHO, WEEKLY, Start, WorkOff
from tests.sockets import tell

Make = Callable[..., User]
Api = Callable[..., APIClient]
RUNS = "/api/v1/runs"


def start_url(key: str = COUNTER) -> str:
    return f"/api/v1/agents/{key}/runs"


@pytest.fixture
def analyst(member: Make) -> User:
    return member("analyst")


@pytest.fixture
def api(api_for: Api, analyst: User, work_off: WorkOff) -> APIClient:
    return api_for(analyst)


# ------------------------------------------------------------------------------------------------------------- agents


def test_the_agents_of_enabled_industries_are_listed(api: APIClient, acme: Tenant) -> None:
    keys = [item["key"] for item in api.get("/api/v1/agents").json()["items"]]
    assert {COUNTER, ECHO} <= set(keys)
    acme.industries = ["retail"]
    acme.save()
    context.forget()
    keys = [item["key"] for item in api.get("/api/v1/agents").json()["items"]]
    assert keys
    assert {key.partition(".")[0] for key in keys} == {"retail"}
    assert api.get(f"/api/v1/agents/{COUNTER}").status_code == 404


def test_an_agent_tells_its_schemas_and_inputs_that_work(api: APIClient) -> None:
    agent = AgentOut.model_validate(api.get(f"/api/v1/agents/{COUNTER}").json())
    assert agent.input_schema["properties"]["steps"]["maximum"] == 1000
    assert agent.output_schema["required"] == ["numbers"]
    assert agent.table_field == "table"
    assert api.post(start_url(), {"input": agent.examples[0]}).status_code == 202


def test_an_unknown_agent_is_not_found(api: APIClient) -> None:
    assert api.get("/api/v1/agents/dummy.nobody").status_code == 404
    assert api.post(start_url("dummy.nobody"), {"input": {}}).status_code == 404


# -------------------------------------------------------------------------------------------------------------- start


def test_a_run_is_accepted_and_its_address_given(api: APIClient, analyst: User) -> None:
    answer = api.post(start_url(), {"input": {"steps": 2}})
    assert answer.status_code == 202
    run = RunOut.model_validate(answer.json())
    assert (run.status, run.agent, run.started_by) == ("queued", COUNTER, analyst.email)
    assert answer["Location"] == f"{RUNS}/{run.id}"
    assert api.get(answer["Location"]).json()["id"] == str(run.id)
    assert AgentRun.objects.get().origin == "api"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"input": {"steps": 0}}, "steps"),
        ({"input": {"steps": 13}}, "steps"),
        ({"input": [1]}, "input"),
        ({"inputs": {}}, "inputs"),
    ],
)
def test_an_input_that_is_wrong_is_refused_with_its_place(api: APIClient, body: Any, path: str) -> None:
    answer = api.post(start_url(), body)
    assert answer.status_code == 422
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]
    assert not AgentRun.objects.exists()


def multipart(**fields: Any) -> dict[str, Any]:
    return {"data": {"file": SimpleUploadedFile("weekly.csv", WEEKLY), **fields}, "format": "multipart"}


def test_a_file_starts_a_run_and_is_kept_as_a_dataset(api: APIClient, work_off: WorkOff) -> None:
    answer = api.post(start_url(ECHO), **multipart(input="{}"))
    assert answer.status_code == 202, answer.json()
    assert answer.json()["source"] == Dataset.objects.get().name == "weekly"
    work_off()
    rows = api.get(answer["Location"]).json()["output"]["rows"]
    assert [row["item"] for row in rows] == ["Tea", "Tea", "Coffee"]


def test_the_input_beside_a_file_may_be_left_out_or_name_columns(api: APIClient) -> None:
    assert api.post(start_url(ECHO), **multipart()).status_code == 202
    answer = api.post(start_url(ECHO), **multipart(input='{"table": {"columns": {"item": "sku"}}}'))
    assert answer.status_code == 202
    assert AgentRun.objects.latest("id").input["table"]["columns"] == {"item": "sku"}


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "{"},
        {"input": "[]"},
        {"input": "NaN"},
        {"input": '{"x": NaN}'},
        {"input": '{"x": "\\ud800"}'},
        {"input": "[" * 100_000},
        {"input": '{"nonsense": 1}'},
        {"input": '{"table": {"rows": []}}'},
        {"other": "1"},
        {"file": SimpleUploadedFile("empty.csv", b"")},
        {"file": "no file"},
        {"input": SimpleUploadedFile("input.json", b"{}")},
    ],
    ids=str,
)
def test_a_file_with_a_bad_input_leaves_no_dataset(api: APIClient, fields: dict[str, Any]) -> None:
    answer = api.post(start_url(ECHO), **multipart(**fields))
    assert answer.status_code in {400, 422}, answer.json()
    assert not Dataset.objects.exists()
    assert not AgentRun.objects.exists()


def test_a_sheet_of_a_workbook_can_be_named(api: APIClient) -> None:
    book = BytesIO()
    pl.DataFrame({"item": ["Tea"]}).write_excel(book, worksheet="second")
    file = SimpleUploadedFile("book.xlsx", book.getvalue())
    assert api.post(start_url(ECHO), **multipart(file=file, sheet="second")).status_code == 202
    file.seek(0)
    assert api.post(start_url(ECHO), **multipart(file=file, sheet="third")).status_code == 422


# --------------------------------------------------------------------------------------------------------------- list


def test_runs_are_listed_newest_first_and_by_pages(api: APIClient, start: Start) -> None:
    ids = [str(start().pk) for _ in range(5)]
    first = api.get(RUNS, {"limit": 3}).json()
    assert [item["id"] for item in first["items"]] == ids[:1:-1]
    second = api.get(first["next"]).json()
    assert [item["id"] for item in second["items"]] == ids[1::-1]
    assert second["next"] is None


def test_a_list_of_runs_is_narrowed(api: APIClient, start: Start, finished: Start) -> None:
    done = finished()
    waits = start(key=ECHO, table={"rows": [{"a": 1}]})

    def found(**narrow: str) -> list[str]:
        return [item["id"] for item in api.get(RUNS, narrow).json()["items"]]

    assert found(status="succeeded") == [str(done.pk)]
    assert found(agent=ECHO) == [str(waits.pk)]
    assert found(since=waits.created_at.isoformat()) == [str(waits.pk)]
    assert found(since="0001-01-01T00:00:00+14:00") == [str(waits.pk), str(done.pk)]
    assert found(since="9999-12-31T23:59:59-14:00") == []
    assert found(status="", agent="") == [str(waits.pk), str(done.pk)]
    assert found(status="failed") == []


@pytest.mark.parametrize("narrow", [{"status": "odd"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}])
def test_a_filter_that_makes_no_sense_is_refused(api: APIClient, narrow: dict[str, str]) -> None:
    answer = api.get(RUNS, narrow)
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == next(iter(narrow))


def statements(api: APIClient, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert api.get(address).status_code == 200
    return len(caught)


def test_a_list_costs_the_same_statements_however_long(api: APIClient, start: Start, member: Make) -> None:
    start(member())
    api.get(RUNS)  # the tenant of the host is known from now on
    few = statements(api, RUNS)
    for _ in range(20):
        start(member())
    assert statements(api, RUNS) == few
    assert few <= 2


# ------------------------------------------------------------------------------------------------------------ one run


def test_a_run_that_has_succeeded_carries_its_output(api: APIClient, finished: Start) -> None:
    run = RunDetail.model_validate(api.get(f"{RUNS}/{finished(steps=2).pk}").json())
    assert (run.status, run.output, run.headline, run.problem) == (
        "succeeded",
        {"numbers": [1, 2]},
        "Counted to 2",
        None,
    )


def test_a_run_costs_one_statement_with_its_output_and_without(api: APIClient, start: Start, finished: Start) -> None:
    ended, waits = finished(steps=2), start()
    api.get(f"{RUNS}/{ended.pk}")
    for run in (ended, waits):
        assert statements(api, f"{RUNS}/{run.pk}") == 2  # the way into the schema, and the run


def test_a_run_that_has_failed_says_why(api: APIClient, finished: Start) -> None:
    run = RunDetail.model_validate(api.get(f"{RUNS}/{finished(mood='cross').pk}").json())
    assert run.output is None
    assert run.problem
    assert run.problem.issues[0].row == 2


def test_a_run_that_is_not_here_is_not_found(api: APIClient, start: Start, globex: Tenant, board: Any) -> None:
    with tenant_context(globex):
        other = start()
    for address in (f"{RUNS}/{uuid4()}", f"{RUNS}/{other.pk}", f"{RUNS}/{other.pk}/result.csv", f"{RUNS}/x"):
        assert api.get(address).status_code == 404
    assert api.post(f"{RUNS}/{other.pk}/cancel").status_code == 404
    with tenant_context(globex):
        other.refresh_from_db()
        assert other.status == "queued"


def test_results_are_downloaded_as_csv_and_as_a_workbook(api: APIClient, finished: Start) -> None:
    run = finished(steps=2)
    answer = api.get(f"{RUNS}/{run.pk}/result.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{run.ref}-numbers.csv"'
    assert answer.content == b"n\r\n1\r\n2\r\n"
    book = api.get(f"{RUNS}/{run.pk}/result.xlsx")
    assert pl.read_excel(BytesIO(book.content)).to_dict(as_series=False) == {"n": [1, 2]}


def test_there_is_no_result_before_the_end(api: APIClient, start: Start) -> None:
    answer = api.get(f"{RUNS}/{start().pk}/result.csv")
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"


def test_a_run_is_cancelled_once(api: APIClient, start: Start) -> None:
    address = f"{RUNS}/{start().pk}/cancel"
    answer = api.post(address)
    assert answer.status_code == 202
    assert RunOut.model_validate(answer.json()).status == "cancelled"
    assert api.post(address).status_code == 409


def test_a_viewer_reads_and_starts_nothing(api_for: Api, member: Make, finished: Start) -> None:
    viewer, run = api_for(member("viewer")), finished()
    assert viewer.get(f"{RUNS}/{run.pk}").status_code == 200
    assert viewer.post(start_url(), {"input": {}}).status_code == 403
    assert viewer.post(f"{RUNS}/{run.pk}/cancel").status_code == 403


def test_a_strangers_request_is_refused(api_for: Api, start: Start, board: Any) -> None:
    stranger, run = api_for(), start()
    for address in ("/api/v1/agents", f"/api/v1/agents/{COUNTER}", RUNS, f"{RUNS}/{run.pk}"):
        assert stranger.get(address).status_code == 401
    assert stranger.post(start_url(), {"input": {}}).status_code == 401


# --------------------------------------------------------------------------------------------------------- ?wait=


@pytest.mark.parametrize("wait", ["-1", "61", "soon", "nan", "inf"])
def test_a_wait_that_is_too_long_or_no_number_is_refused(api: APIClient, start: Start, wait: str) -> None:
    answer = api.get(f"{RUNS}/{start().pk}", {"wait": wait})
    assert answer.status_code == 422
    assert answer.json()["issues"][0]["path"] == "wait"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, during: Callable[[], object] = lambda: None) -> None:
        self.now = 0.0
        self.during = during

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.during()


def test_in_a_thread_the_end_is_waited_for(
    api: APIClient, start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    clock = Clock(work_off)
    monkeypatch.setattr(waiting, "time", clock)
    answer = api.get(f"{RUNS}/{run.pk}", {"wait": 60}).json()
    assert (answer["status"], answer["output"]) == ("succeeded", {"numbers": [1, 2, 3]})
    assert clock.now == waiting.LOOK_EVERY


@pytest.mark.parametrize(("wait", "waited"), [(0, 0), (3, 3), (60, waiting.LONGEST_IN_THREAD)])
def test_in_a_thread_a_wait_ends_in_time(
    api: APIClient, start: Start, monkeypatch: pytest.MonkeyPatch, wait: float, waited: float
) -> None:
    monkeypatch.setattr(waiting, "time", clock := Clock())
    assert api.get(f"{RUNS}/{start().pk}", {"wait": wait}).json()["status"] == "queued"
    assert clock.now == waited


def test_a_run_that_has_ended_is_not_waited_for(
    api: APIClient, finished: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "time", clock := Clock())
    assert api.get(f"{RUNS}/{finished().pk}", {"wait": 60}).json()["status"] == "succeeded"
    assert clock.now == 0


class Request:
    """One GET to the ASGI application, as a server hands it on."""

    def __init__(self, address: str, token: str) -> None:
        from django.core.asgi import get_asgi_application

        path, _, query = address.partition("?")
        headers = {"host": "acme.localhost", "authorization": f"Bearer {token}"}
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        self.asked = 0
        django = get_asgi_application()

        async def counted(*arguments: Any) -> None:
            self.asked += 1
            await django(*arguments)

        communicator: Any = ApplicationCommunicator
        self.it = communicator(WaitingAnswers(counted), scope)

    async def send(self) -> None:
        await self.it.send_input({"type": "http.request", "body": b"", "more_body": False})

    async def answer(self) -> tuple[int, Any]:
        head = await self.it.receive_output(10)
        body = await self.it.receive_output(10)
        await self.it.wait(10)
        return head["status"], json.loads(body["body"])


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set as soon as somebody listens to the end of a run."""
    event = asyncio.Event()
    from apps.tenants.live import wait_for

    async def told(group: str, timeout: float, *, check: Any) -> Any:
        async def look() -> Any:
            found = await check()
            event.set()
            return found

        return await wait_for(group, timeout, check=look)

    monkeypatch.setattr(waiting, "wait_for", told)
    return event


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_the_end_is_waited_for_without_a_thread(
    acme: Tenant, analyst: User, start: Start, work_off: WorkOff, listened: asyncio.Event
) -> None:
    run, token = start(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        request = Request(f"{RUNS}/{run.pk}?wait=60", token)
        await request.send()
        await asyncio.wait_for(listened.wait(), 10)
        await sync_to_async(work_off)()
        await tell(acme, live.end_topic(run.pk))
        status, body = await request.answer()
        assert (status, body["status"], body["output"]) == (200, "succeeded", {"numbers": [1, 2, 3]})
        assert request.asked == 3  # at once, when it was listened to, and at the event

    async_to_sync(scene)()


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_a_wait_ends_in_time(acme: Tenant, analyst: User, start: Start) -> None:
    run, token = start(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        request = Request(f"{RUNS}/{run.pk}?wait=0.2", token)
        await request.send()
        status, body = await request.answer()
        assert (status, body["status"]) == (200, "queued")

    async_to_sync(scene)()


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_progress_does_not_wake_who_waits_for_the_end(
    acme: Tenant, analyst: User, start: Start, listened: asyncio.Event
) -> None:
    run, token = start(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        request = Request(f"{RUNS}/{run.pk}?wait=0.5", token)
        await request.send()
        await asyncio.wait_for(listened.wait(), 10)
        await tell(acme, live.topic(run.pk), seq=2)
        await request.answer()
        assert request.asked == 3  # at once, when it was listened to, and when the time was over

    async_to_sync(scene)()


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_refusals_and_ended_runs_are_answered_at_once(acme: Tenant, analyst: User, finished: Start) -> None:
    run, token = finished(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        for address, sent, wanted in (
            (f"{RUNS}/{run.pk}?wait=60", token, 200),
            (f"{RUNS}/{uuid7()}?wait=60", token, 404),
            (f"{RUNS}/{run.pk}?wait=60", "not.a.token", 401),
            (f"{RUNS}/{run.pk}?wait=61", token, 422),
        ):
            request = Request(address, sent)
            await request.send()
            assert (await request.answer())[0] == wanted
            assert request.asked == 1

    async_to_sync(scene)()


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_who_has_gone_is_waited_for_no_longer(
    acme: Tenant, analyst: User, start: Start, listened: asyncio.Event
) -> None:
    run, token = start(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        request = Request(f"{RUNS}/{run.pk}?wait=60", token)
        await request.send()
        await asyncio.wait_for(listened.wait(), 10)
        await request.it.send_input({"type": "http.disconnect"})
        await request.it.wait(10)
        assert request.it.output_queue.empty()

    async_to_sync(scene)()


@pytest.mark.usefixtures("one_thread")
def test_under_asgi_who_loses_their_rights_while_waiting_gets_no_result(
    acme: Tenant, analyst: User, start: Start, work_off: WorkOff, listened: asyncio.Event
) -> None:
    run, token = start(), tokens.token_issue(user=analyst)

    async def scene() -> None:
        request = Request(f"{RUNS}/{run.pk}?wait=60", token)
        await request.send()
        await asyncio.wait_for(listened.wait(), 10)
        await sync_to_async(lambda: User.objects.filter(pk=analyst.pk).update(is_active=False))()
        await sync_to_async(work_off)()
        await tell(acme, live.end_topic(run.pk))
        assert (await request.answer())[0] == 401

    async_to_sync(scene)()


def test_the_end_of_a_run_is_told_to_who_waits_for_it(
    acme: Tenant, start: Start, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    def tell(topics: list[str], event: dict[str, Any]) -> None:
        told.extend((topic, event["status"]) for topic in topics)

    monkeypatch.setattr(live, "publish_to", tell)
    run = start()
    work_off()
    assert [status for topic, status in told if topic == live.end_topic(run.pk)] == ["succeeded"]
    told.clear()
    services.run_cancel(run=(other := start()))
    assert (live.end_topic(other.pk), "cancelled") in told
    assert socket_group(live.end_topic(UUID(int=1))) == f"t_acme.run.{UUID(int=1)}.end"
