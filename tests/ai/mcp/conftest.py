"""Runs, tables and workflows for programs to reach: the fixtures of the apps that have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.tenants.models import Tenant
from tests.agents.conftest import board, start, work_off
from tests.datasets.conftest import made
from tests.workflows.conftest import builder, worked, workflow

__all__ = ["board", "builder", "made", "start", "work_off", "worked", "workflow"]

Ask = Callable[..., Any]


@pytest.fixture
def ask(api_for: Callable[..., Any]) -> Ask:
    """`ask(user, method, params, id=1, tenant=acme, **headers)`: one message of a client that shakes hands."""

    def send(
        user: User | None, method: str, params: Any = None, *, id: Any = 1, tenant: Tenant | None = None, **headers: str
    ) -> Any:
        client = api_for(user, tenant=tenant) if tenant else api_for(user)
        body = {"jsonrpc": "2.0", "method": method, **({} if params is None else {"params": params})}
        if id is not None:
            body["id"] = id
        named = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/mcp", body, format="json", headers={**named, **told})

    return send
