"""Evaluations and watches: started, waited for, read, set."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from orchestrall_client import Client, Evaluation, WaitExpired

from tests.client.conftest import RUN_ID, Clock, Server, answered

AGENT = "/api/v1/agents/dummy.counter"
COUNTS = {
    "since": "2026-11-01T08:00:00Z", "until": "2026-11-10T17:30:00Z", "count": 300, "verdicts": {"pass": 300},
    "mean_score": None, "overridden": 0,
}  # fmt: skip


def evaluation(status: str = "running", **more: Any) -> dict[str, Any]:
    told = {"id": str(RUN_ID), "agent": "dummy.counter", "agent_version": "1.0", "settings_version": 0}
    told |= {"is_draft": True, "status": status, "total": 3, "done": 1, "passed": 1, "problem": None}
    told |= {"started_by": None, "created_at": "2026-11-25T16:40:00Z", "finished_at": None, "results": []}
    return told | more


def watch(**more: Any) -> dict[str, Any]:
    told = {"agent": "dummy.counter", "falls_back": True, "drifting_since": None, "looked_at": None, "waiting": 0}
    told |= {"baseline_of": "period", "baseline_version": "1.0", "baseline": COUNTS, "windows": []}
    return told | more


def started(client: Client, server: Server) -> Evaluation:
    server.will(answered(evaluation("queued"), 202))
    return client.evaluations.start("dummy.counter", settings={"start": 3})


def test_an_evaluation_is_started_with_a_draft(client: Client, server: Server) -> None:
    made = started(client, server)
    assert (made.is_open, made.is_draft) == (True, True)
    assert server.asked == [f"POST {AGENT}/evaluations"]
    assert json.loads(server.bodies[0]) == {"version": None, "settings": {"start": 3}}
    assert server.sent("Idempotency-Key")[0]


def test_it_is_waited_for_until_it_has_ended(client: Client, server: Server, clock: Clock) -> None:
    made = started(client, server)
    server.will(answered(evaluation()), answered(evaluation("ended", passed=3)))
    assert (client.evaluations.wait(made).passed, clock.slept) == (3, [2.0])


def test_waiting_for_it_ends_in_time(client: Client, server: Server, clock: Clock) -> None:
    made = started(client, server)
    server.will(answered(evaluation()), answered(evaluation()))
    with pytest.raises(WaitExpired, match=r"The evaluation of dummy\.counter is still running after 2 s"):
        client.evaluations.wait(made, timeout=2)


def test_it_is_listed_and_stopped(client: Client, server: Server) -> None:
    made = started(client, server)
    server.will(answered({"items": [evaluation("ended")], "next": None}), answered(evaluation("failed"), 202))
    assert [each.status for each in client.evaluations.list("dummy.counter")] == ["ended"]
    assert client.evaluations.stop(made).status == "failed"
    assert server.asked[-1] == f"POST {AGENT}/evaluations/{RUN_ID}/stop"


def test_a_watch_is_set_read_and_ended(client: Client, server: Server) -> None:
    server.will(answered(watch()), answered(watch(falls_back=False)), answered(None, 204))
    days = {"since": date(2026, 11, 1), "until": date(2026, 11, 10)}
    made = client.evaluations.watch_set("dummy.counter", falls_back=True, baseline="period", **days)
    assert made.baseline is not None
    assert made.baseline.verdicts == {"pass": 300}
    assert json.loads(server.bodies[0]) == {
        "falls_back": True, "baseline": "period", "since": "2026-11-01", "until": "2026-11-10",
    }  # fmt: skip
    assert not client.evaluations.watch("dummy.counter").falls_back
    client.evaluations.watch_end("dummy.counter")
    assert server.asked == [f"PUT {AGENT}/watch", f"GET {AGENT}/watch", f"DELETE {AGENT}/watch"]
