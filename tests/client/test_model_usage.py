"""What models cost, and budgets, as a program in Python has them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from orchestrall_client import Budget, Client

from tests.client.conftest import RUN_ID, Server, answered

SUMS: dict[str, Any] = {"calls": 2, "money": "0.12345678", "tokens_input": 9, "tokens_output": 1}
SUMS |= {"failed": 0, "unknown": 0, "open": 0, "foreign": 0}
BUDGET: dict[str, Any] = {"id": str(RUN_ID), "scope": "tenant", "agent": "", "person": None, "period": "month"}
BUDGET |= {"money": "250.000000", "tokens": None, "warn_at": 80}


def test_a_report_is_exact_and_narrowed(client: Client, server: Server) -> None:
    told = {"since": "2026-11-01", "until": "2026-11-20", "currency": "USD", "by": "agent", "total": SUMS}
    server.will(answered(told | {"items": [{"key": "a", "title": "A", **SUMS}], "month": None}))
    report = client.model_usage.report("agent", since=date(2026, 11, 1), person=UUID(int=7))
    assert report.items[0].money == Decimal("0.12345678")
    assert server.asked == [f"GET /api/v1/model-usage?by=agent&since=2026-11-01&person={UUID(int=7)}"]


def test_budgets_are_set_changed_and_deleted(client: Client, server: Server) -> None:
    server.will(answered(BUDGET, 201), answered(BUDGET), httpx.Response(204))
    made = client.budgets.create("tenant", "month", money=Decimal("250.10"))
    client.budgets.change(made, tokens=5)
    client.budgets.delete(made)
    assert isinstance(made, Budget)
    at = f"/api/v1/budgets/{RUN_ID}"
    assert server.asked == ["POST /api/v1/budgets", f"PUT {at}", f"DELETE {at}"]
    assert json.loads(server.requests[0].content)["money"] == "250.10"
    assert json.loads(server.requests[1].content) == {"money": None, "tokens": 5, "warn_at": 80}
