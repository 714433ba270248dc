"""Connected MCP servers: connected, tested, and their tools allowed."""

from __future__ import annotations

import json
from typing import Any

from orchestrall_client import Client, McpServer

from tests.client.conftest import RUN_ID, Server, answered

AT = "/api/v1/mcp-servers"


def told(**more: Any) -> dict[str, Any]:
    access = {"url": "https://tools.example/mcp", "bearer": "**********", "headers": []}
    tool = {"name": "look", "title": "Look", "description": "", "says_read": False, "print": "a1", "state": "changed"}
    told = {"id": str(RUN_ID), "name": "stock", "is_enabled": True, "access": access, "tools": [tool], "problem": None}
    return told | {"checked_at": None, "created_by": None, "created_at": "2026-11-25T16:40:00Z"} | more


def connected(client: Client, server: Server) -> McpServer:
    server.will(answered(told(), 201))
    return client.mcp_servers.create("stock", "https://tools.example/mcp", bearer="s", headers={"X-Team": "blue"})


def test_a_server_is_connected_with_its_credentials(client: Client, server: Server) -> None:
    assert connected(client, server).name == "stock"
    headers = [{"name": "X-Team", "value": "blue"}]
    sent = {"url": "https://tools.example/mcp", "bearer": "s", "headers": headers}
    assert json.loads(server.bodies[0]) == {"name": "stock", "access": sent}
    assert server.sent("Idempotency-Key")[0]


def test_its_tools_are_allowed_as_they_were_looked_at(client: Client, server: Server) -> None:
    made = connected(client, server)
    server.will(answered(told()), answered(told()))
    tested = client.mcp_servers.test(made)
    client.mcp_servers.allow(tested, tested.tools, as_reads=["look"])
    assert server.asked[1:] == [f"POST {AT}/{RUN_ID}/test", f"POST {AT}/{RUN_ID}/tools"]
    assert json.loads(server.bodies[2]) == {"tools": [{"name": "look", "print": "a1", "as_read": True}]}


def test_it_is_read_changed_listed_and_deleted(client: Client, server: Server) -> None:
    server.will(
        answered(told()),
        answered(told(is_enabled=False)),
        answered({"items": [told()], "next": None}),
        answered(None, 204),
    )
    assert client.mcp_servers.get(RUN_ID).access["bearer"] == "**********"
    assert not client.mcp_servers.change(RUN_ID, is_enabled=False).is_enabled
    assert [each.name for each in client.mcp_servers.list()] == ["stock"]
    client.mcp_servers.delete(RUN_ID)
    assert json.loads(server.bodies[1]) == {"is_enabled": False}
    assert server.asked[-1] == f"DELETE {AT}/{RUN_ID}"
