"""Agents that an organisation makes of a prompt: drafted, tried, published, and gone back from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.models import Model, Run
from orchestrall_client.pages import listed
from orchestrall_client.payloads import plain

PATH = "/api/v1/custom-agents"


class CustomAgentListed(Model):
    """An agent in the list of those that were made here."""

    key: str
    title: str
    summary: str
    version: int | None
    """What new runs follow; None: nothing is published."""
    archived: bool
    seq: int


class CustomAgent(CustomAgentListed):
    """An agent that was made here, with what it says."""

    published: dict[str, Any] | None
    draft: dict[str, Any] | None


class CustomAgentVersion(Model):
    """A version that was published. It never changes."""

    number: int
    content: dict[str, Any]
    note: str
    published_by: str | None
    published_at: datetime


class CustomAgents:
    """`client.custom_agents`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """Those that are not archived. With `fields` each is a dict of these alone."""
        return listed(self._connection, PATH, CustomAgentListed, fields=fields, limit=page_size)

    def get(self, agent: str | CustomAgentListed) -> CustomAgent:
        """One with what is published and its draft."""
        return self._connection.one(get(_at(agent)), CustomAgent)

    def create(self, content: Mapping[str, Any], *, idempotency_key: str | None = None) -> CustomAgent:
        """Make an agent, as a draft. `InvalidRequest` names each place that is wrong.

        agent = client.custom_agents.create(yaml.safe_load(text))
        run = client.runs.wait(client.custom_agents.attempt(agent, {"letter": "Where is my parcel?"}))
        client.custom_agents.publish(agent)
        """
        call = Call("POST", PATH, json=plain(content))
        return self._connection.one(call.once(idempotency_key), CustomAgent)

    def draft(self, agent: str | CustomAgentListed, content: Mapping[str, Any]) -> CustomAgent:
        """Keep a draft. What is published goes on as it is."""
        return self._connection.one(Call("PUT", f"{_at(agent)}/draft", json=plain(content)), CustomAgent)

    def discard(self, agent: str | CustomAgentListed) -> None:
        """Throw the draft away. `Conflict` where nothing was published."""
        self._connection.json(Call("DELETE", f"{_at(agent)}/draft"))

    def attempt(
        self, agent: str | CustomAgentListed, input: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Run:
        """Run what the agent says now, its draft where there is one, on a sample. Wait for it with `client.runs`."""
        call = Call("POST", f"{_at(agent)}/try", json={"input": plain(input)})
        return self._connection.one(call.once(idempotency_key), Run)

    def publish(self, agent: str | CustomAgentListed, *, note: str = "") -> CustomAgentVersion:
        """Have runs follow the draft from now on. `InvalidRequest` names each place that stands against it."""
        return self._connection.one(
            Call("POST", f"{_at(agent)}/publish", json={"note": note}).once(), CustomAgentVersion
        )

    def rollback(self, agent: str | CustomAgentListed, version: int) -> CustomAgentVersion:
        """Publish what an earlier version said, as a new one."""
        call = Call("POST", f"{_at(agent)}/rollback", json={"version": version})
        return self._connection.one(call.once(), CustomAgentVersion)

    def versions(
        self, agent: str | CustomAgentListed, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """What was published, newest first. With `fields` each is a dict of these alone."""
        return listed(self._connection, f"{_at(agent)}/versions", CustomAgentVersion, fields=fields, limit=page_size)


def _at(agent: str | CustomAgentListed) -> str:
    return f"{PATH}/{quote(agent if isinstance(agent, str) else agent.key, safe='')}"
