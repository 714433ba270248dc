"""Batches: started, waited for, read."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from orchestrall_client import Client, WaitExpired

from tests.client.conftest import RUN_ID, Clock, Server, answered, run

AT = f"/api/v1/batches/{RUN_ID}"
ROWS = ("total", "waiting", "started", "open", "succeeded", "failed", "cancelled", "refused")


def batch(status: str = "running", **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": str(RUN_ID),
        "ref": "B-7",
        "agent": "dummy.counter",
        "agent_version": "1.0",
        "status": status,
    }
    told |= {"source": "steps", "rows": dict.fromkeys(ROWS, 0), "problem": None, "cancel_requested": False}
    told |= {"started_by": None, "created_at": "2026-11-25T16:40:00Z", "finished_at": None, "refused": []}
    return told | more


def test_a_batch_is_started_on_a_dataset(client: Client, server: Server) -> None:
    server.will(answered(batch("opening"), 202))
    made = client.batches.start("dummy.counter", RUN_ID, common={"at": UUID(int=1)}, leave_out=True)
    assert (made.ref, made.is_open) == ("B-7", True)
    assert server.asked == ["POST /api/v1/agents/dummy.counter/batches"]
    assert json.loads(server.bodies[0]) == {
        "dataset": str(RUN_ID),
        "by": "rows",
        "group": "",
        "columns": None,
        "common": {"at": str(UUID(int=1))},
        "leave_out": True,
    }
    assert server.sent("Idempotency-Key")[0]


@pytest.mark.parametrize("status", ["ended", "failed", "cancelled"])
def test_a_batch_is_waited_for_until_it_has_ended(client: Client, server: Server, clock: Clock, status: str) -> None:
    server.will(answered(batch()), answered(batch(status)))
    seen: list[str] = []
    ended = client.batches.wait(RUN_ID, on_progress=lambda now: seen.append(now.status))
    assert (ended.status, seen, clock.slept) == (status, ["running", status], [2.0])


def test_waiting_for_a_batch_ends_in_time(client: Client, server: Server) -> None:
    server.will(answered(batch()), answered(batch()))
    with pytest.raises(WaitExpired, match="B-7 is still running after 2 s"):
        client.batches.wait(RUN_ID, timeout=2)


def test_the_runs_of_a_batch_tell_their_rows(client: Client, server: Server) -> None:
    one = run() | {"row": 7, "verdict": "hold", "score": 0.5}
    server.will(answered({"items": [one], "next": None}))
    assert [(each.row, each.verdict) for each in client.batches.runs(RUN_ID, verdict="hold")] == [(7, "hold")]
    assert server.asked[0].startswith(f"GET {AT}/runs?")


def test_a_batch_is_cancelled_and_tried_again(client: Client, server: Server) -> None:
    server.will(answered(batch(cancel_requested=True), 202), answered({"rows": 3}, 202))
    assert client.batches.cancel(RUN_ID).cancel_requested
    assert client.batches.retry(RUN_ID) == 3
    assert server.asked == [f"POST {AT}/cancel", f"POST {AT}/retry"]
