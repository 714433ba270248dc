"""The sign-in policy, as a program in Python has it."""

from __future__ import annotations

import json
from typing import Any

from orchestrall_client import Client

from tests.client.conftest import Server, answered

POLICY: dict[str, Any] = {"demands": {"owner": "passkey"}, "grace_days": 7, "session_hours": 12, "idle_minutes": 60}


def test_the_policy_is_read_and_set_whole(client: Client, server: Server) -> None:
    server.will(answered(POLICY | {"lacking": {}}), answered(POLICY | {"lacking": {"owner": 2}}))
    before = client.sign_in_policy.get()
    after = client.sign_in_policy.set({"owner": "passkey"}, grace_days=7, session_hours=12, idle_minutes=60)
    assert (before.lacking, after.lacking) == ({}, {"owner": 2})
    assert server.asked == ["GET /api/v1/sign-in-policy", "PUT /api/v1/sign-in-policy"]
    assert json.loads(server.bodies[-1]) == POLICY
