"""Calls of models on the page of a run, on pages of their own, and over the API."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.agents.models import AgentRun
from apps.ai.models import ModelCall
from tests.agents.conftest import Start
from tests.conftest import MakeMember

SENT = {
    "messages": [{"role": "user", "text": "Write to [[EMAIL_1_KQZMB]] <b>now</b>."}],
    "tools": [{"name": "read_rows", "description": "Reads rows.", "parameters": {}}],
}
ASKED = {"calls": [{"id": "c1", "name": "read_rows", "arguments": {"from": "[[EMAIL_1_KQZMB]]"}}]}


def call_make(run: AgentRun, **more: Any) -> ModelCall:
    about: dict[str, Any] = {
        "purpose": "explain", "subject_kind": "agents.run", "subject": run.pk, "provider_name": "Scripted",
        "model_name": "plain", "prompt": "explain@3", "status": "succeeded", "attempts": 2, "tokens_input": 812,
        "tokens_output": 64, "money": Decimal("0.0123"), "masked": {"national_id": 2}, "until": timezone.now(),
        "finished_at": timezone.now(), "sent": SENT, "answered": ASKED,
    }  # fmt: skip
    return ModelCall.objects.create(**{**about, **more})


@pytest.fixture
def run(finished: Start) -> AgentRun:
    return finished()


def test_a_run_shows_each_of_its_calls_with_what_it_took(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    call = call_make(run)
    call_make(run, subject=uuid4(), model_name="of another run")
    page = client_for(member("auditor")).get(f"/runs/R-{run.number}/").content.decode()
    for told in ("Explanations", "plain", "explain@3", "812", "$0.012", "2 national id", "876 tokens"):
        assert told in page
    assert f'href="/model-calls/{call.pk}/"' in page
    assert "of another run" not in page
    assert "EMAIL_1_KQZMB" not in page


def test_a_run_without_calls_says_nothing_of_them(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    assert 'id="calls"' not in client_for(member("auditor")).get(f"/runs/R-{run.number}/").content.decode()


def test_who_may_not_read_texts_sees_no_way_to_them(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    call = call_make(run)
    analyst = client_for(member("analyst"))
    page = analyst.get(f"/runs/R-{run.number}/").content.decode()
    assert "Your role does not show the texts." in page
    assert str(call.pk) not in page
    assert analyst.get(f"/model-calls/{call.pk}/").status_code == 403
    viewer = client_for(member("viewer")).get(f"/runs/R-{run.number}/").content.decode()
    assert 'id="calls"' not in viewer


def test_the_calls_of_a_run_cost_one_statement_however_many_there_are(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    client, counts = client_for(member("auditor")), []
    for number in (1, 6):
        for _ in range(number):
            call_make(run)
        client.get(f"/runs/R-{run.number}/")
        with CaptureQueriesContext(connection) as seen:
            client.get(f"/runs/R-{run.number}/")
        counts.append(len(seen))
        assert sum('"ai_modelcall"."subject"' in each["sql"] for each in seen) == 1
    assert counts[0] == counts[1]


def test_a_call_shows_what_was_sent_and_answered_as_it_left_and_what_tools_told(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client]
) -> None:
    call = call_make(run)
    answers = [{"role": "tool", "answers": "c1", "text": "x" * 1234}]
    last = call_make(run, sent={"messages": answers}, answered={"text": "Done."})
    client = client_for(member("auditor"))
    page = client.get(f"/model-calls/{call.pk}/").content.decode()
    assert f'href="/runs/R-{run.number}/#calls"' in page
    for told in ("Write to [[EMAIL_1_KQZMB]] &lt;b&gt;now&lt;/b&gt;.", "Reads rows.", "answered 1,234 characters"):
        assert told in page
    assert "Done." in client.get(f"/model-calls/{last.pk}/").content.decode()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"status": "open", "finished_at": None, "answered": None}, "It is under way."),
        ({"status": "failed", "answered": None, "problem": {"title": "It hung", "detail": "No answer."}}, "It hung"),
        ({"sent": None}, "Nothing is kept of it."),
        ({"answered": {"refusal": "I will not."}}, "I will not."),
    ],
)
def test_a_call_in_any_state_has_a_page(
    run: AgentRun, member: MakeMember, client_for: Callable[..., Client], more: dict[str, Any], told: str
) -> None:
    call = call_make(run, **more)
    assert told in client_for(member("auditor")).get(f"/model-calls/{call.pk}/").content.decode()


def test_the_calls_of_a_run_are_read_over_the_api(
    run: AgentRun, member: MakeMember, api_for: Callable[..., APIClient]
) -> None:
    call = call_make(run)
    api = api_for(member("auditor"))
    (item,) = api.get(f"/api/v1/runs/{run.pk}/calls").json()["items"]
    assert (item["id"], item["tokens_input"], item["masked"]) == (str(call.pk), 812, {"national_id": 2})
    assert "messages" not in item
    detail = api.get(f"/api/v1/model-calls/{call.pk}").json()
    assert detail["messages"] == SENT["messages"]
    assert detail["tools_asked"] == [
        {"name": "read_rows", "arguments": {"from": "[[EMAIL_1_KQZMB]]"}, "answer_characters": None}
    ]


def test_a_call_that_is_not_there_or_may_not_be_read_is_told_apart_from_nothing(
    run: AgentRun, member: MakeMember, api_for: Callable[..., APIClient]
) -> None:
    call = call_make(run)
    assert api_for(member("auditor")).get(f"/api/v1/model-calls/{uuid4()}").status_code == 404
    assert api_for(member("auditor")).get(f"/api/v1/runs/{uuid4()}/calls").status_code == 404
    assert api_for(member("analyst")).get(f"/api/v1/model-calls/{call.pk}").status_code == 403
    assert api_for(member("viewer")).get(f"/api/v1/runs/{run.pk}/calls").status_code == 403
