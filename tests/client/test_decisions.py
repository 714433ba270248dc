"""Decisions by the client: read, reviewed, carried out, judged, kept."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest
from orchestrall_client import Client, Conflict, Decision

from tests.client.conftest import RUN_ID, Server, answered

AT = f"/api/v1/runs/{RUN_ID}"


def decision(**more: Any) -> dict[str, Any]:
    told = {"id": str(RUN_ID), "run": str(RUN_ID), "ref": "R-12", "position": 1, "agent": "dummy.decider"}
    told |= {"agent_version": "2.1", "subject": "Bo", "verdict": "hold", "stands": "hold", "summary": "Bo asks."}
    told |= {"score": 500.0, "scale": None, "confidence": 0.9, "thresholds": [], "reasons": [], "alternatives": []}
    told |= {"caveat": "", "review": "confirmed", "reviews_made": 3, "reviewed_by": None, "reviewed_at": None}
    return told | {"decided_at": "2026-11-25T16:40:00Z"} | more


def detail(**more: Any) -> dict[str, Any]:
    return decision(proposals=[], reviews=[], **more)


def proposal(**more: Any) -> dict[str, Any]:
    told = {"position": 0, "kind": "agents.run", "title": "Look", "arguments": {}, "why": "", "status": "done"}
    return told | {"outcome": "Started.", "link": "/runs/R-13/", "by": None, "at": None} | more


BO = Decision.model_validate(decision())


def test_decisions_are_listed_as_narrowed(client: Client, server: Server) -> None:
    server.will(answered({"items": [decision()], "next": None}))
    assert list(client.decisions.list(agent="dummy.decider", review="wanted")) == [BO]
    assert server.asked == ["GET /api/v1/decisions?agent=dummy.decider&review=wanted"]


def test_the_decisions_of_a_run_come_with_its_record(client: Client, server: Server) -> None:
    server.will(answered({"items": [detail()], "record": None}))
    told = client.decisions.of(RUN_ID)
    assert (told.items[0].subject, told.record) == ("Bo", None)
    assert server.asked == [f"GET {AT}/decisions"]


def test_a_review_says_what_it_has_seen(client: Client, server: Server) -> None:
    server.will(answered(detail(stands="pass", review="overridden")))
    assert client.decisions.review(BO, "pass", "Known.").stands == "pass"
    assert server.asked == [f"POST {AT}/decisions/1/review"]
    assert json.loads(server.bodies[0]) == {"verdict": "pass", "reason": "Known.", "seen": 3}


def test_a_review_that_came_too_late_is_a_conflict(client: Client, server: Server) -> None:
    told = {"type": "x", "title": "t", "status": 409, "detail": "Ann has reviewed it.", "code": "conflict"}
    server.will(httpx.Response(409, json=told, headers={"Content-Type": "application/problem+json"}))
    with pytest.raises(Conflict, match="Ann has reviewed it"):
        client.decisions.review(BO, "pass", "Known.")


def test_a_proposal_is_carried_out(client: Client, server: Server) -> None:
    server.will(answered(proposal()))
    assert client.decisions.act(BO, 2).status == "done"
    assert server.asked == [f"POST {AT}/decisions/1/actions/2"]
    assert server.sent("Idempotency-Key")[0]


def test_feedback_is_given_and_read(client: Client, server: Server) -> None:
    given = {"is_right": False, "comment": "Hm.", "by": "a@b.example", "at": "2026-11-25T16:40:00Z"}
    server.will(answered(given), answered({"items": [given]}))
    assert client.decisions.give_feedback(RUN_ID, is_right=False, comment="Hm.").comment == "Hm."
    assert [each.is_right for each in client.decisions.feedback(RUN_ID)] == [False]
    assert server.asked == [f"POST {AT}/feedback", f"GET {AT}/feedback"]


def test_a_decision_is_kept_on_paper(client: Client, server: Server) -> None:
    server.will(httpx.Response(200, content=b"%PDF-1.4"))
    file = io.BytesIO()
    client.decisions.download(BO, file)
    assert file.getvalue() == b"%PDF-1.4"
    assert server.asked == [f"GET {AT}/decisions/1/record.pdf"]
    with pytest.raises(ValueError, match="choose html or pdf"):
        client.decisions.download(BO, file, format="doc")  # type: ignore[arg-type]
