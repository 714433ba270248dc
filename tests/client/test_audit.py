"""The audit log, as a program in Python has it."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import pytest
from orchestrall_client import AuditEntry, AuditEntryDetail, Client, Conflict

from tests.client.conftest import RUN_ID, Server, answered

ENTRY: dict[str, Any] = {
    "id": str(RUN_ID), "at": "2026-11-25T16:40:00.123456Z", "kind": "accounts.role_set", "title": "Role changed",
    "category": "access", "outcome": "done", "sentence": "Ada gave Grace the role viewer", "request": "r",
    "is_erased": False, "subject": {"kind": "accounts.user", "id": "7", "name": "Grace"},
    "actor": {"kind": "person", "id": None, "name": "Ada", "email": "", "via": "api", "address": "", "program": ""},
}  # fmt: skip
DETAIL = ENTRY | {"before": {"role": "owner"}, "after": {}, "facts": {}, "erased_at": None, "erased_for": ""}
AT = f"/api/v1/audit/entries/{RUN_ID}"


def test_entries_are_listed_as_narrowed_and_read_one_by_one(client: Client, server: Server) -> None:
    server.will(answered({"items": [ENTRY], "next": None}), answered(DETAIL))
    since = datetime(2026, 11, 1, tzinfo=UTC)
    (entry,) = client.audit.list(category="access", actor=UUID(int=7), since=since, page_size=5)
    assert isinstance(entry, AuditEntry)
    assert entry.actor.name == "Ada"
    detail = client.audit.get(entry)
    assert isinstance(detail, AuditEntryDetail)
    assert detail.before == {"role": "owner"}
    asked = f"category=access&actor={UUID(int=7)}&since=2026-11-01T00%3A00%3A00%2B00%3A00"
    assert server.asked == [f"GET /api/v1/audit/entries?limit=5&{asked}", f"GET {AT}"]


def test_an_entry_that_is_not_covered_yet_is_a_conflict(client: Client, server: Server) -> None:
    problem = {"type": "about:blank", "title": "Not covered", "status": 409, "code": "audit_not_covered", "detail": "-"}
    server.will(httpx.Response(409, json=problem))
    with pytest.raises(Conflict) as refused:
        client.audit.proof(RUN_ID)
    assert refused.value.code == "audit_not_covered"


def test_proofs_are_asked_for_by_sizes(client: Client, server: Server) -> None:
    server.will(answered({"epoch": 2, "old": 3, "new": 9, "hashes": ""}), answered({"key": "orchestrall/t+1+k"}))
    assert client.audit.consistency(3, 9, epoch=2).new == 9
    assert client.audit.public_key() == "orchestrall/t+1+k"
    assert server.asked[0] == "GET /api/v1/audit/consistency?from=3&to=9&epoch=2"


def test_the_log_is_exported_into_a_file(client: Client, server: Server) -> None:
    server.will(httpx.Response(200, content=b'{"end":true}\n'))
    file = BytesIO()
    client.audit.export(file, outcome="failed")
    assert file.getvalue() == b'{"end":true}\n'
    assert server.asked == ["GET /api/v1/audit/export?outcome=failed"]
