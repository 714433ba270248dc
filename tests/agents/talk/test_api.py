"""What models say of results, and inputs from plain words, over the API; and live."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.agents.models import AgentMessage, AgentRun
from apps.agents.talk import live
from apps.ai.contract import Reply
from apps.ai.fake import FakeModel, standing_in
from apps.tenants.models import Tenant

pytestmark = pytest.mark.usefixtures("acme", "board")


@pytest.fixture
def api(api_for: Any, member: Any) -> APIClient:
    client: APIClient = api_for(member("analyst"))
    return client


def at(run: AgentRun, rest: str = "") -> str:
    return f"/api/v1/runs/{run.pk}/messages{rest}"


def test_a_question_is_accepted_answered_and_read(decided: AgentRun, api: APIClient, write: Any) -> None:
    with standing_in(FakeModel("Cy asks for 2,000, Bo for 777.")):
        made = api.post(at(decided), {"kind": "answer", "question": "Who?"}, format="json")
        write()
    assert made.status_code == 202
    assert made["Location"] == at(decided, "/1")
    read = api.get(at(decided, "/1"), {"wait": 5}).json()
    assert read["status"] == "succeeded"
    assert read["question"] == "Who?"
    assert read["is_verified"] is False
    assert [(each["text"], each["verified"]) for each in read["numbers"]] == [("2,000", True), ("777", False)]
    assert read["numbers"][0]["place"].startswith("Decision 1 (Cy)")
    assert [each["number"] for each in api.get(at(decided)).json()["items"]] == [1]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "answer"},
        {"kind": "draft"},
        {"kind": "explanation", "question": "Why?"},
        {"kind": "song"},
        {"kind": "answer", "question": "x" * 2001},
        {"kind": "answer", "question": "Why?", "model": "another"},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_stored(decided: AgentRun, api: APIClient, body: Any) -> None:
    with standing_in(FakeModel()):
        answer = api.post(at(decided), body, format="json")
    assert answer.status_code == 422
    assert answer.json()["issues"]
    assert AgentMessage.objects.count() == 0


def test_without_a_model_a_question_is_refused(decided: AgentRun, api: APIClient) -> None:
    answer = api.post(at(decided), {"kind": "answer", "question": "Why?"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_model")


def test_a_question_that_is_sent_twice_is_asked_once(decided: AgentRun, api: APIClient, write: Any) -> None:
    model = FakeModel("Once.")
    with standing_in(model):
        for _ in range(2):
            body = {"kind": "answer", "question": "Why?"}
            api.post(at(decided), body, format="json", HTTP_IDEMPOTENCY_KEY="one")
        write()
    assert len(model.asked) == AgentMessage.objects.count() == 1


def test_a_draft_is_changed_by_who_has_seen_it(decided: AgentRun, api: APIClient, write: Any) -> None:
    with standing_in(FakeModel("Dear Bo, 777.")):
        api.post(at(decided), {"kind": "draft", "purpose": "Ask Bo"}, format="json")
        write()
    tag = api.get(at(decided, "/1"))["ETag"]
    changed = api.put(at(decided, "/1"), {"text": "Dear Bo, 500."}, format="json", HTTP_IF_MATCH=tag)
    assert changed.json()["is_verified"] is True
    assert changed.json()["is_edited"] is True
    late = api.put(at(decided, "/1"), {"text": "Dear Bo."}, format="json", HTTP_IF_MATCH=tag)
    assert late.status_code == 412


def test_a_message_is_stopped(decided: AgentRun, api: APIClient, write: Any) -> None:
    api.post(at(decided), {"kind": "explanation"}, format="json")
    assert api.post(at(decided, "/1/cancel")).json()["status"] == "cancelled"
    assert api.post(at(decided, "/1/cancel")).status_code == 409
    assert write() == 0


def test_words_become_an_input(api: APIClient) -> None:
    reply = Reply(data={"input": {"steps": 7}, "could_not_tell": ["How fast"]})
    with standing_in(FakeModel(reply)):
        answer = api.post("/api/v1/agents/dummy.counter/fill", {"text": "To seven"}, format="json")
    assert answer.json() == {
        "input": {"steps": 7}, "filled": ["steps"], "could_not_tell": ["How fast"], "issues": [], "model": "fake",
    }  # fmt: skip
    assert AgentRun.objects.count() == 0


def test_a_model_is_asked_in_no_transaction_also_with_a_key(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of a fill is kept by nobody: a transaction around it would be open as long as the model takes."""
    from apps.gateway import idempotency

    def opened() -> None:
        raise AssertionError("a transaction was opened around the call of a model")

    monkeypatch.setattr(idempotency, "whole", opened)
    reply = Reply(data={"input": {}, "could_not_tell": []})
    with standing_in(FakeModel(reply)):
        answer = api.post(
            "/api/v1/agents/dummy.counter/fill", {"text": "To"}, format="json", HTTP_IDEMPOTENCY_KEY="one"
        )
    assert answer.status_code == 200


def test_a_message_of_another_tenant_is_not_found(
    decided: AgentRun, api: APIClient, api_for: Any, member: Any, globex: Tenant
) -> None:
    api.post(at(decided), {"kind": "explanation"}, format="json")
    other = api_for(member("owner", tenant=globex), tenant=globex)
    for answer in (other.get(at(decided)), other.get(at(decided, "/1")), other.post(at(decided, "/1/cancel"))):
        assert answer.status_code == 404


def test_an_event_has_no_text_of_what_has_ended(decided: AgentRun, api: APIClient, write: Any) -> None:
    with standing_in(FakeModel("Cy asks for 2,000.")):
        api.post(at(decided), {"kind": "explanation"}, format="json")
        write()
    event = live.state(AgentMessage.objects.get())
    assert (event["status"], event["text"], event["run"]) == ("succeeded", "", str(decided.pk))
    assert "2,000" not in json.dumps(event)
