"""Texts about results, and inputs from plain words: asked for, waited for, changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from orchestrall_client import Client, WaitExpired

from tests.client.conftest import RUN_ID, Clock, Server, answered

AT = f"/api/v1/runs/{RUN_ID}/messages"


def message(status: str = "running", **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"id": str(RUN_ID), "run": str(RUN_ID), "number": 2, "kind": "answer", "status": status}
    told |= {"seq": 3, "question": "Why?", "audience": "", "purpose": "", "tone": "plain", "text": "Of 3."}
    told |= {"is_verified": True, "model": "m", "prompt": "answer@1", "why_no_model": "", "is_cut": False}
    told |= {"numbers": [{"text": "3", "start": 3, "end": 4, "verified": True, "source": "run.x", "place": "The run"}]}
    told |= {"is_edited": False, "read": [{"tool": "result:rows", "title": "Rows", "note": "3 rows"}], "problem": None}
    told |= {"asked_by": None, "created_at": "2026-11-25T16:40:00Z", "finished_at": None}
    return told | more


def test_a_question_is_asked_and_waited_for(client: Client, server: Server) -> None:
    server.will(answered(message("queued"), 202), answered(message()), answered(message("succeeded")))
    asked = client.messages.ask(RUN_ID, "Why?", idempotency_key="one")
    done = client.messages.wait(asked)
    assert (asked.is_open, done.is_open, done.numbers[0].place) == (True, False, "The run")
    assert json.loads(server.bodies[0]) == {"kind": "answer", "question": "Why?"}
    assert [each.partition("?")[0] for each in server.asked] == [f"POST {AT}", f"GET {AT}/2", f"GET {AT}/2"]


def test_waiting_for_a_text_ends_in_time(client: Client, server: Server, clock: Clock) -> None:
    server.will(answered(message("queued"), 202), answered(message()))
    made = client.messages.explain(RUN_ID)
    with pytest.raises(WaitExpired, match="The answer 2 is still running after 0 s"):
        client.messages.wait(made, timeout=0)


def test_a_draft_is_made_changed_read_and_stopped(client: Client, server: Server) -> None:
    server.will(answered(message("succeeded", kind="draft"), 202))
    made = client.messages.draft(RUN_ID, "Ask why", audience="The head", tone="formal")
    server.will(answered(message(text="New")), answered(message()), answered(message("cancelled"), 202))
    assert client.messages.change(made, "New").text == "New"
    assert client.messages.get(made).number == 2
    assert client.messages.cancel(made).status == "cancelled"
    assert json.loads(server.bodies[1]) == {"text": "New"}
    assert server.asked[1:] == [f"PUT {AT}/2", f"GET {AT}/2", f"POST {AT}/2/cancel"]


def test_what_was_said_is_listed(client: Client, server: Server) -> None:
    server.will(answered({"items": [message()], "next": None}))
    assert [each.text for each in client.messages.list(RUN_ID)] == ["Of 3."]


def test_words_become_an_input(client: Client, server: Server) -> None:
    told = {"input": {"steps": 3}, "filled": ["steps"], "could_not_tell": [], "issues": [], "model": "m"}
    server.will(answered(told))
    assert client.messages.fill("dummy.counter", "To three").input == {"steps": 3}
    assert server.asked == ["POST /api/v1/agents/dummy.counter/fill"]
