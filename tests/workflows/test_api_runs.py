"""Runs of workflows over the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisConnectionError
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.dispatch.models import DeadLetter
from apps.tenants.context import forget, tenant_context
from apps.tenants.fast import redis
from apps.tenants.models import Tenant
from apps.workflows import defining, live, services
from apps.workflows.definition import definition_parse
from apps.workflows.models import WorkflowRun
from apps.workflows.schemas.runs import WorkflowRunDetail, WorkflowRunOut
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_api import post
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT, Start, after, chain

Make = Callable[..., User]
Api = Callable[..., APIClient]
START = "/api/v1/workflows/test/runs"
RUNS = "/api/v1/workflow-runs"
ASKING: dict[str, Any] = {"ask": {"kind": "approval", "question": "Go on?"}}
STOPPING: dict[str, Any] = {"a": {"kind": "stop", "reason": "No stock"}}


@pytest.fixture
def analyst(member: Make, builder: User) -> User:
    return member("analyst")


@pytest.fixture
def api(api_for: Api, analyst: User) -> APIClient:
    return api_for(analyst)


def path(run: WorkflowRun, *more: str) -> str:
    return "/".join([RUNS, str(run.pk), *more])


# --------------------------------------------------------------------------------------------------------------- start


def test_a_run_is_accepted_and_its_address_leads_to_what_it_gave(
    api: APIClient, analyst: User, workflow: MakeWorkflow, worked: Work
) -> None:
    workflow(chain(2), inputs=AMOUNT, outputs={"sum": "${steps.s1.x}"})
    answer = post(api, START, {"inputs": {"amount": 4}})
    assert answer.status_code == 202
    run = WorkflowRunOut.model_validate(answer.json())
    assert (run.status, run.workflow, run.version, run.origin) == ("queued", "test", 1, "api")
    assert run.started_by == analyst.email
    assert run.ref == WorkflowRun.objects.get().ref
    worked("flow")
    told = WorkflowRunDetail.model_validate(api.get(answer["Location"]).json())
    assert (told.status, told.inputs, told.outputs, told.problem) == ("succeeded", {"amount": 4}, {"sum": 5}, None)


def test_inputs_that_are_wrong_are_refused_with_their_places(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow(chain(1), inputs=AMOUNT)
    answer = post(api, START, {"inputs": {"amount": "much", "other": 1}})
    assert answer.status_code == 422
    assert {issue["path"] for issue in answer.json()["issues"]} == {"inputs.amount", "inputs.other"}
    assert not WorkflowRun.objects.exists()


def test_what_is_not_published_is_not_started(api: APIClient, builder: User, acme: Tenant) -> None:
    draft = definition_parse({"name": "test", "title": "Test", "steps": {"a": give(1)}})
    defining.workflow_save(who=builder, user=builder, definition=draft)
    assert post(api, START, {}).status_code == 409
    assert post(api, START.replace("test", "nobody"), {}).status_code == 404


def test_a_request_that_is_sent_twice_starts_one_run(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow(chain(1), inputs=AMOUNT)
    first, again = (post(api, START, {"inputs": {"amount": 1}}, idempotency_key="mine") for _ in range(2))
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert WorkflowRun.objects.count() == 1


def test_a_start_costs_few_statements(api: APIClient, workflow: MakeWorkflow) -> None:
    workflow(chain(10), inputs=AMOUNT)
    post(api, START, {"inputs": {"amount": 0}})
    with CaptureQueriesContext(connection) as found:
        assert post(api, START, {"inputs": {"amount": 1}}).status_code == 202
    # One of them is the entry of the audit log.
    assert len(found) <= 7, [each["sql"][:100] for each in found]


def test_many_runs_are_started_with_one_request_or_none_of_them(
    api: APIClient, workflow: MakeWorkflow, acme: Tenant
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(max_starts=5000)
    forget()
    workflow(chain(1), inputs=AMOUNT)
    answer = post(api, f"{START}/bulk", {"inputs": [{"amount": n} for n in range(1000)]})
    assert answer.status_code == 202
    told = answer.json()["items"]
    assert [WorkflowRun.objects.get(pk=told[n]["id"]).inputs for n in (0, 999)] == [{"amount": 0}, {"amount": 999}]
    refused = post(api, f"{START}/bulk", {"inputs": [{"amount": 1}, {"amount": "much"}, {}]})
    assert refused.status_code == 422
    assert [issue["path"] for issue in refused.json()["issues"]] == ["1.inputs.amount", "2.inputs.amount"]
    assert post(api, f"{START}/bulk", {"inputs": [{"amount": 1}] * 1001}).status_code == 422
    assert WorkflowRun.objects.count() == 1000


def test_each_run_of_a_bulk_counts_as_one_that_was_started(
    api: APIClient, workflow: MakeWorkflow, acme: Tenant
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(max_starts=5)
    forget()
    workflow(chain(1), inputs=AMOUNT)
    never = post(api, f"{START}/bulk", {"inputs": [{"amount": 1}] * 6})
    assert never.status_code == 413, "no minute has so many"
    assert "at most 5 at a time" in never.json()["remedy"]
    assert post(api, f"{START}/bulk", {"inputs": [{"amount": 1}] * 4}).status_code == 202
    assert post(api, f"{START}/bulk", {"inputs": [{"amount": 1}] * 2}).status_code == 429
    assert WorkflowRun.objects.count() == 4


# ---------------------------------------------------------------------------------------------------------------- read


def test_a_run_that_failed_tells_its_cause_first(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(STOPPING))
    worked("flow")
    told = api.get(path(run)).json()
    assert (told["status"], told["outputs"]) == ("failed", None)
    assert told["problem"]["detail"] == "No stock"
    assert next(iter(told["problem"])) == "detail"


def test_runs_are_listed_narrowed_and_in_order(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    asking, stopping = workflow(ASKING), workflow(STOPPING, name="stopping")
    first, second = start(asking), start(stopping)
    worked("flow")

    def refs(query: str) -> list[str]:
        return [item["ref"] for item in api.get(f"{RUNS}{query}").json()["items"]]

    assert refs("") == [second.ref, first.ref]
    assert refs("?order=created_at") == [first.ref, second.ref]
    assert refs("?status=open") == refs("?status=waiting") == refs("?workflow=test") == [first.ref]
    assert refs("?status=failed") == [second.ref]
    assert refs("?before=2000-01-01T00:00:00Z") == []
    assert len(refs("?since=2000-01-01T00:00:00Z")) == 2
    page = api.get(f"{RUNS}?limit=1").json()
    assert [item["ref"] for item in api.get(page["next"]).json()["items"]] == [first.ref]
    assert api.get(f"{RUNS}?status=lost").status_code == 422


def test_the_ledger_names_steps_tries_and_what_carries_them_out(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    each = {"items": [1, 2], "concurrency": 2}
    steps = {
        "count": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": "${item}"}, "for_each": each},
        "cross": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "cross"}, "title": "Be cross"},
    }
    run = start(workflow(steps))
    worked("flow", "cpu")
    rows = api.get(path(run, "steps")).json()["items"]
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
    opened = [row for row in rows if row["outcome"] == "opened"]
    assert [(row["step"], row["item"], row["kind"]) for row in opened] == [
        ("count", 0, "agent"),
        ("count", 1, "agent"),
        ("cross", None, "agent"),
    ]
    assert {row["ref"] for row in opened} == {str(id) for id in AgentRun.objects.values_list("id", flat=True)}
    outputs = {row["item"]: row["output"] for row in rows if row["outcome"] == "succeeded"}
    assert outputs[1]["numbers"] == [1, 2]
    last = rows[-1]
    assert (last["step"], last["title"], last["attempt"], last["outcome"]) == ("cross", "Be cross", 1, "failed")
    assert last["problem"]["detail"] == "I will not count this."
    paged: list[Any] = []
    following = path(run, "steps") + "?limit=2"
    while following:
        page = api.get(following).json()
        paged, following = [*paged, *page["items"]], page["next"]
    assert paged == rows


def test_pages_cost_the_same_whatever_is_on_them(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    counts: dict[str, list[int]] = {}
    for n in (2, 9):
        made = workflow(chain(n), name=f"chain{n}", inputs=AMOUNT)
        run = [start(made, amount=1) for _ in range(n)][-1]
        worked("flow")
        for what, address in (("list", RUNS), ("one", path(run)), ("steps", path(run, "steps"))):
            with CaptureQueriesContext(connection) as found:
                assert api.get(address).status_code == 200
            counts.setdefault(what, []).append(len([each for each in found if "workflows_" in each["sql"]]))
    assert counts == {"list": [1, 1], "one": [1, 1], "steps": [2, 2]}


def test_a_reader_who_waits_is_answered_when_the_run_has_ended(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT, outputs={"x": "${steps.s0.x}"}), amount=3)
    looked = []

    def look_again(seconds: float) -> None:
        looked.append(seconds)
        worked("flow")

    monkeypatch.setattr("apps.gateway.waiting.time.sleep", look_again)
    told = api.get(path(run) + "?wait=5").json()
    assert (told["status"], told["outputs"], len(looked)) == ("succeeded", {"x": 3}, 1)
    assert api.get(path(run) + "?wait=61").status_code == 422
    assert api.get(path(run) + "?wait=5").json()["status"] == "succeeded"
    assert len(looked) == 1


# --------------------------------------------------------------------------------------------------------------- events


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """The live events that are published, with their topics."""
    said: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(live, "publish", lambda topic, event: said.append((topic, event)))
    return said


def test_events_of_a_run_are_sent_where_somebody_watches_it_and_else_not(
    workflow: MakeWorkflow, start: Start, worked: Work, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    made = workflow(ASKING)
    watched, other = start(made), start(made)
    live.watch(watched.id)
    worked("flow")
    topics = [topic for topic, _ in sent]
    assert live.topic(watched.id) in topics
    assert live.topic(other.id) not in topics
    told = next(event for topic, event in sent if topic == live.topic(watched.id))
    assert (told["status"], told["seq"], told["workflow"]) == ("waiting", after(watched).seq, "test")
    named = next(event for topic, event in sent if topic == live.ALL_RUNS)
    assert {each["run"] for each in named["runs"]} == {str(watched.id), str(other.id)}


def test_a_reader_who_waits_is_woken_by_the_event_that_ends_the_run(
    api: APIClient,
    workflow: MakeWorkflow,
    start: Start,
    worked: Work,
    sent: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT), amount=1)
    listened: list[str] = []

    def held(request: Any, *, topic: str, **_: Any) -> None:
        listened.append(topic)
        worked("flow")

    monkeypatch.setattr("apps.workflows.api.runs.hold", held)
    assert api.get(path(run) + "?wait=60").json()["status"] == "succeeded"
    assert [event["status"] for topic, event in sent if [topic] == listened] == ["succeeded"]


def test_a_run_that_is_given_up_tells_who_watches_it(
    workflow: MakeWorkflow,
    start: Start,
    sent: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT), amount=1)
    live.watch(run.id)
    with django_capture_on_commit_callbacks(execute=True):
        services.run_bury(id=run.id, cause="Three workers were lost.")
    assert [(topic, event["status"]) for topic, event in sent] == [(live.topic(run.id), "failed")]


def test_without_redis_runs_go_on_and_nobody_is_told(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT), amount=1)

    def away() -> Any:
        raise RedisConnectionError("away")

    monkeypatch.setattr(live, "redis", away)
    monkeypatch.setattr("apps.workflows.api.runs.hold", lambda *_, **__: worked("flow"))
    assert api.get(path(run) + "?wait=60").json()["status"] == "succeeded"


def test_what_is_watched_is_looked_up_once_for_all_runs_of_a_turn(
    workflow: MakeWorkflow, builder: User, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workflow(chain(1), inputs=AMOUNT)
    services.runs_start(who=builder, user=builder, workflow=made, data=[{"amount": 1}] * 50, origin="api")
    asked: list[int] = []
    real = redis().mget

    def counted(keys: list[str]) -> Any:
        asked.append(len(keys))
        return real(keys)

    monkeypatch.setattr(redis(), "mget", counted)
    worked("flow")
    assert sum(asked) == 50
    assert len(asked) <= 2


def test_a_mark_is_the_tenants_own(
    workflow: MakeWorkflow, start: Start, globex: Tenant, worked: Work, sent: Any
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT), amount=1)
    with tenant_context(globex):
        live.watch(run.id)
    worked("flow")
    assert live.topic(run.id) not in [topic for topic, _ in sent]


def test_a_stream_tells_the_state_and_ends_with_the_run(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(chain(1), inputs=AMOUNT), amount=1)
    opening = api.get(path(run, "events"), headers={"accept": "text/event-stream"})
    assert b"event: snapshot" in opening.content
    worked("flow")
    ended = api.get(path(run, "events"), headers={"accept": "text/event-stream"})
    assert b"event: end" in ended.content
    told = json.loads(ended.content.decode().partition("data: ")[2])
    assert (told["status"], told["ref"]) == ("succeeded", run.ref)
    last = {"accept": "text/event-stream", "last-event-id": str(told["seq"])}
    assert api.get(path(run, "events"), headers=last).status_code == 204


# --------------------------------------------------------------------------------------------- stop and take up again


def test_a_run_is_paused_resumed_and_cancelled(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow(ASKING))
    assert post(api, path(run, "pause")).json()["pause_requested"] is True
    worked("flow")
    assert after(run).status == "paused"
    assert post(api, path(run, "resume")).json()["pause_requested"] is False
    worked("flow")
    assert after(run).status == "waiting"
    answer = post(api, path(run, "cancel"))
    assert (answer.status_code, answer.json()["cancel_requested"]) == (202, True)
    worked("flow")
    assert after(run).status == "cancelled"
    assert {post(api, path(run, verb)).status_code for verb in ("pause", "resume", "cancel")} == {409}


def test_many_are_cancelled_each_as_by_itself(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    ended = start(workflow(STOPPING, name="stopping"))
    worked("flow")
    made = workflow(ASKING)
    runs, nobody = [start(made), start(made)], uuid4()
    worked("flow")
    ids = [str(each) for each in (runs[0].pk, ended.pk, nobody, runs[1].pk, runs[0].pk)]
    answer = post(api, f"{RUNS}/cancel", {"ids": ids})
    assert [(each["id"], each["outcome"]) for each in answer.json()["items"]] == [
        (ids[0], "cancelling"),
        (ids[1], "ended"),
        (ids[2], "not_found"),
        (ids[3], "cancelling"),
    ]
    worked("flow")
    assert [after(run).status for run in runs] == ["cancelled", "cancelled"]
    assert after(ended).cancel_requested_at is None


def test_many_that_were_given_up_go_on_each_as_by_itself(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    made = workflow(chain(2), inputs=AMOUNT)
    done = start(made, amount=1)
    worked("flow")
    lost, nobody = [start(made, amount=2), start(made, amount=3)], uuid4()
    doom(*lost)
    worked("flow")
    assert [after(run).status for run in lost] == ["failed", "failed"]
    ids = [str(each) for each in (lost[0].pk, done.pk, nobody, lost[1].pk)]
    answer = post(api, f"{RUNS}/requeue", {"ids": ids})
    assert [each["outcome"] for each in answer.json()["items"]] == [
        "requeued",
        "not_given_up",
        "not_found",
        "requeued",
    ]
    worked("flow")
    assert [after(run).status for run in lost] == ["succeeded", "succeeded"]
    assert not DeadLetter.objects.exists()
    again = post(api, f"{RUNS}/requeue", {"ids": ids[:1]})
    assert again.json()["items"] == [{"id": ids[0], "outcome": "not_given_up"}]


def test_many_that_failed_are_taken_up_where_they_stopped(
    api: APIClient, analyst: User, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    steps = {
        "first": {"kind": "agent", "agent": "dummy.counter", "input": {"steps": 2}},
        "then": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "${inputs.mood}", "steps": 2}},
    }
    made = workflow(steps, name="moody", inputs={"mood": {"type": "choice", "choices": ["calm", "cross"]}})
    failed, done = start(made, mood="cross"), start(made, mood="calm")
    worked("flow", "cpu")
    assert (after(failed).status, after(done).status) == ("failed", "succeeded")
    waiting = start(workflow(ASKING))
    ids = [str(each) for each in (failed.pk, done.pk, waiting.pk, uuid4())]
    answer = post(api, f"{RUNS}/retry", {"ids": ids})
    items = answer.json()["items"]
    assert [each["outcome"] for each in items] == ["started", "succeeded", "open", "not_found"]
    assert [each["run"] is None for each in items] == [False, True, True, True]
    again = WorkflowRun.objects.get(pk=items[0]["run"]["id"])
    assert (again.retry_of_id, again.created_by_id, again.generation) == (failed.pk, analyst.pk, 0)
    before = AgentRun.objects.count()
    worked("flow", "cpu")
    assert AgentRun.objects.count() == before + 1  # the first step was not paid for again
    assert WorkflowRun.objects.count() == 4


def test_an_ended_run_is_taken_up_again_from_a_step_with_what_a_person_gives(
    api: APIClient, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    steps = {"count": {"kind": "agent", "agent": "dummy.counter", "input": {"mood": "cross"}}}
    run = start(workflow(steps, outputs={"last": {"$last": "${steps.count.numbers}"}}))
    assert post(api, path(run, "retry"), {"step": "count"}).status_code == 409
    worked("flow", "cpu")
    refused = post(api, path(run, "retry"), {"step": "nobody"})
    assert [issue["path"] for issue in refused.json()["issues"]] == ["step"]
    answer = post(api, path(run, "retry"), {"step": "count", "given": {"steps": 3}})
    assert (answer.status_code, answer.json()["retry_of"], answer.json()["origin"]) == (202, str(run.pk), "retry")
    worked("flow", "cpu")
    assert api.get(answer["Location"]).json()["outputs"] == {"last": 3}


# -------------------------------------------------------------------------------------------------------------- rights


def test_who_may_only_look_starts_and_stops_nothing(
    api_for: Api, member: Make, workflow: MakeWorkflow, start: Start
) -> None:
    run = start(workflow(ASKING))
    viewer = api_for(member("viewer"))
    answers = [post(viewer, START, {}), post(viewer, f"{START}/bulk", {"inputs": [{}]})]
    answers += [post(viewer, path(run, verb)) for verb in ("cancel", "pause", "resume")]
    answers += [post(viewer, path(run, "retry"), {"step": "ask"})]
    answers += [post(viewer, f"{RUNS}/{verb}", {"ids": [run.pk]}) for verb in ("cancel", "requeue", "retry")]
    assert {answer.status_code for answer in answers} == {403}
    assert WorkflowRun.objects.count() == 1
    assert after(run).cancel_requested_at is None
    assert viewer.get(path(run)).status_code == 200


def test_a_run_of_another_tenant_is_not_found(
    api_for: Api, member: Make, workflow: MakeWorkflow, start: Start, acme: Tenant, globex: Tenant
) -> None:
    run = start(workflow(ASKING))
    api = api_for(member("builder", tenant=globex), tenant=globex)
    answers = [api.get(path(run, *more)) for more in ((), ("steps",), ("events",))]
    answers += [post(api, path(run, verb)) for verb in ("cancel", "pause", "resume")]
    answers += [post(api, path(run, "retry"), {"step": "ask"})]
    assert {answer.status_code for answer in answers} == {404}
    for verb in ("cancel", "requeue", "retry"):
        (told,) = post(api, f"{RUNS}/{verb}", {"ids": [str(run.pk)]}).json()["items"]
        assert (told["id"], told["outcome"]) == (str(run.pk), "not_found")
    assert api.get(RUNS).json()["items"] == []
    with tenant_context(acme):
        assert (after(run).cancel_requested_at, run.pause_requested_at) == (None, None)
        assert WorkflowRun.objects.count() == 1
