"""Agents: what can be run."""

from __future__ import annotations

import builtins
from urllib.parse import quote

from orchestrall_client.connection import Connection, get
from orchestrall_client.models import Agent


class Agents:
    """`client.agents`"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> builtins.list[Agent]:
        """The agents of your organisation's industries."""
        return self._connection.many(get("/api/v1/agents"), Agent)

    def get(self, key: str) -> Agent:
        """One agent, by its key (`retail.demand_forecaster`)."""
        return self._connection.one(get(f"/api/v1/agents/{quote(key, safe='')}"), Agent)
