"""Models that are trained: started, waited for, taken into use."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from orchestrall_client import Client, Trained, WaitExpired

from tests.client.conftest import RUN_ID, Clock, Server, answered

KEY = "dummy.tendency"
AT = f"/api/v1/trained-models/{KEY}"


def version(status: str = "training", **more: Any) -> dict[str, Any]:
    told = {"id": str(RUN_ID), "key": KEY, "key_version": "1.0", "number": 2, "status": status, "done": 1, "total": 2}
    told |= {"in_use": False, "source": "values", "sha256": "0" * 64, "note": "", "problem": None, "started_by": None}
    told |= {"promoted_by": None, "promoted_at": None, "created_at": "2026-11-25T16:40:00Z", "finished_at": None}
    told |= {"options": {}, "metrics": [], "gain": None, "notes": [], "parameters": None}
    return told | more


def trainable(**more: Any) -> dict[str, Any]:
    told = {"key": KEY, "title": "Middle", "version": "1.0", "agent": "dummy.estimator", "summary": "", "data": ""}
    return told | {"intended_use": "", "limits": [], "source": "", "in_use": 1} | more


def started(client: Client, server: Server) -> Trained:
    server.will(answered(version("queued"), 202))
    return client.trainings.start(KEY, UUID(int=7), options={"middle": "mean"}, note="First")


def test_a_version_is_trained_on_a_dataset(client: Client, server: Server) -> None:
    made = started(client, server)
    assert (made.is_open, made.number) == (True, 2)
    assert server.asked == [f"POST {AT}/versions"]
    sent = {"dataset": str(UUID(int=7)), "options": {"middle": "mean"}, "note": "First"}
    assert json.loads(server.bodies[0]) == sent
    assert server.sent("Idempotency-Key")[0]


def test_it_is_waited_for_until_it_is_trained(client: Client, server: Server, clock: Clock) -> None:
    made = started(client, server)
    gain = {"mean": 1.5, "low": 0.2, "high": 3, "cases": 40, "unit": " %"}
    server.will(answered(version()), answered(version("trained", gain=gain)))
    done = client.trainings.wait(made)
    assert (done.gain and done.gain.low, clock.slept) == (0.2, [2.0])


def test_waiting_for_it_ends_in_time(client: Client, server: Server, clock: Clock) -> None:
    made = started(client, server)
    server.will(answered(version()), answered(version()))
    with pytest.raises(WaitExpired, match=r"Version 2 of dummy\.tendency is still training after 2 s"):
        client.trainings.wait(made, timeout=2)


def test_it_is_taken_into_use_and_back_stopped_listed_and_deleted(client: Client, server: Server) -> None:
    made = started(client, server)
    server.will(
        answered(version("trained", in_use=True)),
        answered(trainable(in_use=None)),
        answered(version("cancelled")),
        answered({"items": [version()], "next": None}),
        answered(None, 204),
        answered({"items": [trainable()]}),
    )
    assert client.trainings.promote(made, reason="A trial").in_use
    assert client.trainings.retire(KEY).in_use is None
    assert client.trainings.stop(made).status == "cancelled"
    assert [each.number for each in client.trainings.list(KEY)] == [2]
    client.trainings.delete(made)
    assert [each.in_use for each in client.trainings.trainables()] == [1]
    at = f"{AT}/versions/{RUN_ID}"
    assert server.asked[1:] == [
        f"POST {at}/promote", f"POST {AT}/retire", f"POST {at}/stop", f"GET {AT}/versions", f"DELETE {at}",
        "GET /api/v1/trained-models",
    ]  # fmt: skip
    assert json.loads(server.bodies[1]) == {"reason": "A trial"}
