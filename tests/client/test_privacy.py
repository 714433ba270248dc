"""Requests of people, holds and periods, as a program in Python has them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx
from orchestrall_client import Client

from tests.client.conftest import RUN_ID, Server, answered

AT = f"/api/v1/privacy-requests/{RUN_ID}"
NOW = "2026-11-25T16:40:00Z"
REQUEST: dict[str, Any] = {
    "id": str(RUN_ID), "ref": "P-12", "kind": "erase", "status": "found", "created_at": NOW, "due_at": NOW,
    "confirmed_at": None, "finished_at": None, "file_until": None, "file_sha256": "", "downloads": 0,
    "problem_code": "", "found": [],
}  # fmt: skip
PERIOD: dict[str, Any] = {
    "kind": "agents.run", "title": "Runs", "days": 400, "wanted": 365, "comes_at": NOW, "default": 400,
    "is_default": False, "least": 1, "most": None, "applied_at": None,
}  # fmt: skip


def test_a_person_is_looked_for_and_erased_by_the_number_of_the_request(client: Client, server: Server) -> None:
    server.will(answered(REQUEST, 201), answered(REQUEST | {"status": "erasing"}), answered(REQUEST))
    request = client.privacy.create("erase", reason="A letter", identifiers=["ana@example.org"])
    assert client.privacy.confirm(request, typed=request.ref).status == "erasing"
    client.privacy.cancel(request)
    assert server.asked == ["POST /api/v1/privacy-requests", f"POST {AT}/confirm", f"POST {AT}/cancel"]


def test_a_copy_is_written_into_a_file(client: Client, server: Server) -> None:
    server.will(httpx.Response(200, content=b"PK"))
    file = BytesIO()
    client.privacy.download(RUN_ID, file)
    assert (file.getvalue(), server.asked) == (b"PK", [f"GET {AT}/file"])


def test_a_hold_is_set_and_released(client: Client, server: Server) -> None:
    hold = {"id": str(RUN_ID), "title": "Matter", "everything": True, "set_at": NOW, "released_at": None}
    server.will(answered(hold, 201), answered(hold | {"released_at": NOW}))
    made = client.privacy.hold_set("Matter", reason="A court", everything=True)
    assert client.privacy.hold_release(made).released_at is not None
    assert server.asked == ["POST /api/v1/legal-holds", f"POST /api/v1/legal-holds/{RUN_ID}/release"]


def test_a_period_is_read_and_set(client: Client, server: Server) -> None:
    server.will(answered({"items": [PERIOD]}), answered(PERIOD))
    (period,) = client.retention.list()
    assert client.retention.set(period.kind, 365).wanted == 365
    assert server.asked == ["GET /api/v1/retention", "PUT /api/v1/retention/agents.run"]
