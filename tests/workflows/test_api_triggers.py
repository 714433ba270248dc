"""Triggers over the API, and messages to webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.dispatch.models import WorkRow
from apps.tenants.context import forget, tenant_context
from apps.tenants.models import Tenant
from apps.workflows.api.triggers import LARGEST_MESSAGE
from apps.workflows.models import Trigger, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_api import places, post
from tests.workflows.test_engine import give
from tests.workflows.test_pump import AMOUNT
from tests.workflows.test_triggers import signed

Make = Callable[..., User]
Api = Callable[..., APIClient]
TRIGGERS = "/api/v1/workflows/test/triggers"


@pytest.fixture
def api(api_for: Api, builder: User, workflow: MakeWorkflow) -> APIClient:
    workflow({"a": give("${inputs.amount}")}, inputs=AMOUNT, outputs={"x": "${steps.a.x}"})
    return api_for(builder)


@pytest.fixture
def hook(api: APIClient) -> Callable[..., dict[str, Any]]:
    """`hook(answer="now")`: a webhook as it was made, with its secret."""

    def make(**settings: Any) -> dict[str, Any]:
        told = {"inputs": {"amount": "${message.sum}"}, **settings}
        made: dict[str, Any] = post(api, TRIGGERS, {"kind": "webhook", "settings": told}).json()
        return made

    return make


@pytest.fixture
def deliver(acme: Tenant) -> Callable[..., Any]:
    """`deliver(hook, b"...", **headers)`: send a message, signed unless headers are given."""

    def send(made: dict[str, Any], body: bytes, headers: dict[str, str] | None = None, **how: Any) -> Any:
        client = Client(headers={"host": "acme.localhost"}, enforce_csrf_checks=True)
        kind = how.pop("content_type", "application/json")
        if headers is None:
            headers = signed(made["secret"], body, **how)
        return client.post(made["address"], body, content_type=kind, headers=headers)

    return send


def schedule(api: APIClient, **settings: Any) -> Any:
    return post(api, TRIGGERS, {"kind": "schedule", "settings": {"inputs": {"amount": 1}, **settings}})


# ------------------------------------------------------------------------------------------------------------ triggers


def test_a_schedule_is_made_and_tells_its_next_times_in_words(api: APIClient) -> None:
    made = schedule(api, cron="30 6 * * MON-FRI", zone="Europe/Berlin")
    assert made.status_code == 201
    told = api.get(made["Location"]).json()
    assert made.json() == {**told, "secret": ""}
    assert told["told"] == "At 06:30 on Monday through Friday, Europe/Berlin time"
    times = [datetime.fromisoformat(each["at"]) for each in told["next_times"]]
    assert len(times) == 5
    assert times == sorted(set(times))
    assert {(each.hour, each.minute) for each in times} == {(6, 30)}
    assert all(each.weekday() < 5 for each in times)
    assert told["next_times"][0]["told"] == f"{times[0]:%A} {times[0].day} {times[0]:%B %Y}, 06:30"
    assert WorkRow.objects.get(id=told["id"]).due_at == times[0]
    assert api.get(TRIGGERS).json()["items"] == [told]
    assert api.get("/api/v1/workflows/test").json()["triggers"][0]["told"] == told["told"]


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"kind": "comet"}, "kind"),
        ({"kind": "schedule", "settings": {"every": "10s"}}, "settings"),
        ({"kind": "schedule", "settings": {"cron": "* * * * *", "zone": "Mars/Base"}}, "settings.zone"),
        ({"kind": "workflow_end", "settings": {"workflow": "test"}}, "settings.workflow"),
        ({"settings": {}}, "kind"),
    ],
)
def test_a_trigger_that_cannot_be_is_refused_with_its_place(sent: Any, place: str, api: APIClient) -> None:
    assert places(post(api, TRIGGERS, sent)) == [place]
    assert not Trigger.objects.exists()


def test_a_trigger_is_turned_off_and_on_changed_and_deleted(api: APIClient) -> None:
    address = schedule(api, every="1h")["Location"]
    off = api.patch(address, {"is_enabled": False}, format="json")
    assert (off.status_code, off.json()["is_enabled"], off.json()["next_times"]) == (200, False, [])
    changed = api.patch(
        address, {"is_enabled": True, "settings": {"every": "2h", "inputs": {"amount": 1}}}, format="json"
    ).json()
    assert (changed["told"], len(changed["next_times"])) == ("Every 2h", 5)
    refused = api.patch(address, {"settings": {"every": "1s"}}, format="json")
    assert places(refused) == ["settings"]
    assert api.get(address).json() == changed
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_a_trigger_is_changed_in_the_state_that_was_read_and_no_other(api: APIClient) -> None:
    address = schedule(api, every="1h")["Location"]
    tag = {"if-match": api.get(address)["ETag"]}
    assert api.patch(address, {"is_enabled": False}, format="json", headers=tag).status_code == 200
    assert api.patch(address, {"is_enabled": True}, format="json", headers=tag).status_code == 412
    assert api.delete(address, headers=tag).status_code == 412
    assert Trigger.objects.get().is_enabled is False


def test_a_webhook_is_given_another_secret_which_is_in_that_answer_only(
    api: APIClient, hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any]
) -> None:
    made = hook()
    rotated = post(api, f"/api/v1/triggers/{made['id']}/rotate", {"overlap": "0"})
    assert (rotated.status_code, rotated["Cache-Control"]) == (200, "no-store")
    secret = rotated.json()["secret"]
    assert secret not in api.get(TRIGGERS).content.decode()
    assert deliver(made, b'{"sum": 1}').status_code == 401
    assert deliver({**made, "secret": secret}, b'{"sum": 1}').status_code == 202


def test_a_schedule_has_no_secret_to_rotate(api: APIClient) -> None:
    refused = post(api, f"{schedule(api, every='1h')['Location']}/rotate", {"overlap": "1d"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_a_secret_is_shown_once_and_not_again_to_a_repeat(api: APIClient) -> None:
    sent = {"kind": "webhook", "settings": {"inputs": {"amount": 1}}}
    made = post(api, TRIGGERS, sent, idempotency_key="mine")
    assert made.json()["secret"].startswith("whsec_")
    assert made["Cache-Control"] == "no-store"
    again = post(api, TRIGGERS, sent, idempotency_key="mine")
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")
    for address in (made["Location"], TRIGGERS):
        assert made.json()["secret"] not in api.get(address).content.decode()
    assert Trigger.objects.count() == 1


def test_who_may_not_edit_makes_and_changes_no_trigger(api: APIClient, api_for: Api, member: Make) -> None:
    address = schedule(api, every="1h")["Location"]
    analyst = api_for(member("analyst"))
    assert schedule(analyst, every="1h").status_code == 403
    assert analyst.patch(address, {"is_enabled": False}, format="json").status_code == 403
    assert analyst.delete(address).status_code == 403
    assert analyst.get(address).status_code == 200
    assert Trigger.objects.get().is_enabled


def test_a_trigger_of_another_tenant_is_not_found(
    api: APIClient, api_for: Api, member: Make, acme: Tenant, globex: Tenant
) -> None:
    address = schedule(api, every="1h")["Location"]
    theirs = api_for(member("owner", tenant=globex), tenant=globex)
    answers = [theirs.get(address), theirs.delete(address), theirs.patch(address, {}, format="json")]
    answers += [theirs.get(TRIGGERS), schedule(theirs, every="1h")]
    assert {answer.status_code for answer in answers} == {404}
    with tenant_context(acme):
        assert Trigger.objects.get().is_enabled


# ------------------------------------------------------------------------------------------------------------ messages


def test_a_signed_message_is_taken_in_once_however_often_it_is_sent(
    hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any], worked: Work
) -> None:
    made, body = hook(), b'{"sum": 12}'
    first, again = deliver(made, body), deliver(made, body)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["status"] == "queued"
    worked("flow")
    run = WorkflowRun.objects.get()
    assert (str(run.pk), run.outputs) == (first.json()["run"], {"x": 12})
    assert first.json()["outputs"] is None


def test_a_message_may_be_answered_with_what_the_run_gave(
    hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any], worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.gateway.waiting.time.sleep", lambda seconds: worked("flow"))
    answer = deliver(hook(answer="when finished"), b'{"sum": 3}')
    assert (answer.status_code, answer.json()["status"], answer.json()["outputs"]) == (200, "succeeded", {"x": 3})


def test_a_run_that_takes_longer_than_one_waits_is_answered_as_it_stands(
    hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.gateway.waiting.LONGEST_IN_THREAD", 0.0)
    answer = deliver(hook(answer="when finished"), b'{"sum": 3}')
    assert (answer.status_code, answer.json()["status"], answer.json()["outputs"]) == (202, "queued", None)


def test_a_message_that_is_not_signed_starts_nothing(
    hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any], api: APIClient
) -> None:
    made, body = hook(), b'{"sum": 1}'
    other = signed(hook()["secret"], body)
    for headers in ({}, other, signed(made["secret"], b'{"sum": 2}')):
        answer = deliver(made, body, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "message_refused")
    assert not WorkflowRun.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 422),
        (b'{"sum": NaN}', 422),
        (b"[" * 100_000, 422),
        (b'{"sum": "much"}', 422),
        (b"{}", 422),
        (b"\xff\xfe", 422),
        (json.dumps({"sum": 1, "more": "x" * LARGEST_MESSAGE}).encode(), 413),
    ],
)
def test_a_message_that_cannot_be_used_is_refused_and_may_be_sent_again(
    body: bytes, status: int, hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any]
) -> None:
    made = hook()
    answer = deliver(made, body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not WorkflowRun.objects.exists()
    assert deliver(made, b'{"sum": 1}').status_code == 202  # under the same id


def test_a_message_counts_as_a_start_when_it_is_signed_and_new(
    hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any], acme: Tenant
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(max_starts=2)
    forget()
    made = hook()
    for _ in range(3):
        assert deliver(made, b'{"sum": 1}', headers={"webhook-id": "msg_0"}).status_code == 401
        assert deliver(made, b'{"sum": 1}', id="msg_1").status_code == 202
    assert deliver(made, b'{"sum": 1}', id="msg_2").status_code == 202
    refused = deliver(made, b'{"sum": 1}', id="msg_3")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert WorkflowRun.objects.count() == 2
    Tenant.objects.filter(pk=acme.pk).update(max_starts=3)
    forget()
    assert deliver(made, b'{"sum": 1}', id="msg_3").status_code == 202


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_a_message_is_read_as_it_came_whatever_kind_it_says_it_is(
    kind: str, hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any]
) -> None:
    assert deliver(hook(), b'{"sum": 1}', content_type=kind).status_code == 202


def test_a_webhook_is_reached_at_its_own_tenant_only(
    hook: Callable[..., dict[str, Any]], globex: Tenant, client_for: Callable[..., Client]
) -> None:
    made, body = hook(), b'{"sum": 1}'

    def status(client: Client, address: str) -> int:
        sent = client.post(address, body, content_type="application/json", headers=signed(made["secret"], body))
        return int(sent.status_code)

    assert status(client_for(tenant=globex), made["address"]) == 404
    assert status(client_for(), made["address"].replace(made["id"], str(uuid4()))) == 404
    assert client_for().get(made["address"]).status_code == 405


@pytest.mark.parametrize("verb", ["pause", "archive", "turn off"])
def test_a_webhook_of_a_workflow_at_rest_starts_nothing(
    verb: str, api: APIClient, hook: Callable[..., dict[str, Any]], deliver: Callable[..., Any]
) -> None:
    made = hook()
    if verb == "archive":
        api.delete("/api/v1/workflows/test")
    elif verb == "pause":
        post(api, "/api/v1/workflows/test/pause")
    else:
        api.patch(f"/api/v1/triggers/{made['id']}", {"is_enabled": False}, format="json")
    assert deliver(made, b'{"sum": 1}').status_code == 409
    assert not WorkflowRun.objects.exists()
