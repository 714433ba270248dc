"""Replays: started, waited for, read run by run."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from orchestrall_client import Client, WaitExpired

from tests.client.conftest import RUN_ID, Clock, Server, answered

AT = f"/api/v1/workflow-replays/{RUN_ID}"


def replay(status: str = "running", **more: Any) -> dict[str, Any]:
    pair = {"before": 1, "after": 2}
    summary: dict[str, Any] = {"same": 1, "changed": 2, "unknown": 0, "ends": {}, "verdicts": {}, "approvals": pair}
    summary |= {"asks_more": 1, "asks_less": 0, "calls": pair, "steps": {}, "timed": 0, "took_before": 0.0}
    summary |= {
        "took_after": 0.0,
        "costed": 0,
        "cost_before": "0.1",
        "cost_after": "0.2",
        "recomputed": 0,
        "spent": "0",
    }
    told: dict[str, Any] = {
        "id": str(RUN_ID),
        "workflow": "top-up",
        "status": status,
        "against": "the draft",
        "runs": "The last 3 runs",
    }
    told |= {"total": 3, "done": 3, "summary": summary, "problem": None, "asked_by": None}
    told |= {"created_at": "2026-11-25T16:40:00Z", "ended_at": None}
    return told | more


def test_one_is_started_and_waited_for(client: Client, server: Server, clock: Clock) -> None:
    server.will(answered(replay(), 202), answered(replay()), answered(replay("succeeded")))
    done = client.replays.wait(client.replays.start("top-up", most=3, cap=Decimal("0.5")))
    assert (done.summary.changed, done.summary.cost_after, done.is_open) == (2, Decimal("0.2"), False)
    assert clock.slept == [1.0]
    sent = json.loads(server.bodies[0])
    assert (sent["against"], sent["most"], sent["cap"]) == ("draft", 3, "0.5")
    assert server.asked[:2] == ["POST /api/v1/workflows/top-up/replays", f"GET {AT}"]
    assert server.sent("Idempotency-Key")[0]


def test_waiting_for_it_ends_in_time(client: Client, server: Server, clock: Clock) -> None:
    server.will(answered(replay()), answered(replay()))
    with pytest.raises(WaitExpired, match="The replay of top-up is still running after 1 s"):
        client.replays.wait(RUN_ID, timeout=1)


def test_it_is_cancelled_listed_and_read_run_by_run(client: Client, server: Server) -> None:
    side: dict[str, Any] = {"end": "succeeded", "took": None, "cost": None, "approvals": 0, "calls": 0}
    side |= {"ran": [], "choices": {}, "verdicts": {}}
    run = {"id": str(RUN_ID), "run": str(RUN_ID), "ref": "W-12", "verdict": "changed", "before": side, "after": side}
    run |= {"sentences": ["It ends otherwise."], "outputs": [], "why": []}
    server.will(
        answered(replay("cancelled")),
        answered({"items": [replay("cancelled")], "next": None}),
        answered({"items": [run], "next": None}),
    )
    assert client.replays.cancel(RUN_ID).status == "cancelled"
    assert [each.status for each in client.replays.list("top-up")] == ["cancelled"]
    assert [each.sentences for each in client.replays.runs(RUN_ID, verdict="changed")] == [["It ends otherwise."]]
    assert server.asked[2] == f"GET {AT}/runs?verdict=changed"
