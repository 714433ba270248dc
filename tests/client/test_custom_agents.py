"""Agents that are made of a prompt: drafted, tried, published, and gone back from."""

from __future__ import annotations

import json
from typing import Any

from orchestrall_client import Client

from tests.client.conftest import Server, answered, run

AT = "/api/v1/custom-agents"
CONTENT = {"title": "Namer", "outputs": [{"kind": "text", "name": "name"}]}


def agent(**more: Any) -> dict[str, Any]:
    told = {"key": "custom.namer", "title": "Namer", "summary": "", "version": None, "archived": False, "seq": 1}
    return told | {"published": None, "draft": CONTENT} | more


def version(number: int) -> dict[str, Any]:
    told = {"number": number, "content": CONTENT, "note": "", "published_by": None}
    return told | {"published_at": "2026-11-25T16:40:00Z"}


def test_an_agent_is_made_tried_published_and_gone_back_from(client: Client, server: Server) -> None:
    server.will(
        answered(agent(), 201),
        answered(run("queued"), 202),
        answered(version(1)),
        answered(agent(version=1)),
        answered(version(2)),
        answered({"items": [version(2), version(1)], "next": None}),
        answered({"items": [agent(version=2)], "next": None}),
        answered(agent(version=2)),
        answered(None, 204),
    )
    made = client.custom_agents.create(CONTENT)
    assert (made.key, made.draft) == ("custom.namer", CONTENT)
    assert client.custom_agents.attempt(made, {"thing": "cup"}).ref
    assert client.custom_agents.publish(made, note="First").number == 1
    assert client.custom_agents.draft(made, CONTENT).version == 1
    assert client.custom_agents.rollback(made, 1).number == 2
    assert [each.number for each in client.custom_agents.versions(made)] == [2, 1]
    assert [each.key for each in client.custom_agents.list()] == ["custom.namer"]
    assert client.custom_agents.get("custom.namer").version == 2
    client.custom_agents.discard(made)
    at = f"{AT}/custom.namer"
    assert server.asked == [
        f"POST {AT}", f"POST {at}/try", f"POST {at}/publish", f"PUT {at}/draft", f"POST {at}/rollback",
        f"GET {at}/versions", f"GET {AT}", f"GET {at}", f"DELETE {at}/draft",
    ]  # fmt: skip
    assert json.loads(server.bodies[1]) == {"input": {"thing": "cup"}}
