"""MCP servers whose tools an organisation's agents may read with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.mcp_models import McpServer, McpTool
from orchestrall_client.pages import id_of, listed

ServerId = McpServer | UUID | str
PATH = "/api/v1/mcp-servers"


class McpServers:
    """`client.mcp_servers`. What you do with them needs `models.view`, and a person's `models.manage`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, fields: Sequence[str] | None = None, page_size: int | None = None) -> Iterator[Any]:
        """The servers, by name. With `fields` each is a dict of these alone."""
        return listed(self._connection, PATH, McpServer, fields=fields, limit=page_size)

    def get(self, server: ServerId) -> McpServer:
        """One server, with the tools that it offered when it was last asked."""
        return self._connection.one(get(self._at(server)), McpServer)

    def create(
        self, name: str, url: str, *, bearer: str | None = None, headers: Mapping[str, str] | None = None
    ) -> McpServer:
        """Connect a server. It is not asked by this: `test` it next.

        server = client.mcp_servers.test(client.mcp_servers.create("stock", "https://tools.example.com/mcp"))
        client.mcp_servers.allow(server, [tool for tool in server.tools if tool.says_read])
        """
        lines = [{"name": each, "value": value} for each, value in (headers or {}).items()]
        body = {"name": name, "access": {"url": url, "bearer": bearer, "headers": lines}}
        return self._connection.one(Call("POST", PATH, json=body).once(), McpServer)

    def change(
        self,
        server: ServerId,
        *,
        name: str | None = None,
        access: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
    ) -> McpServer:
        """Change what is given. A secret in `access` that is sent as it was shown stays as it is."""
        given = {"name": name, "access": None if access is None else dict(access), "is_enabled": is_enabled}
        body = {each: value for each, value in given.items() if value is not None}
        return self._connection.one(Call("PATCH", self._at(server), json=body), McpServer)

    def test(self, server: ServerId) -> McpServer:
        """Ask a server for its tools. What goes wrong is told by the server's `problem`."""
        return self._connection.one(Call("POST", f"{self._at(server)}/test"), McpServer)

    def allow(self, server: ServerId, tools: Iterable[McpTool], *, as_reads: Iterable[str] = ()) -> McpServer:
        """Let agents use these tools, as they are described now, and no other. `as_reads` names those for which you
        answer that they change nothing, as the server does not say so."""
        reads = set(as_reads)
        body = {"tools": [{"name": each.name, "print": each.print, "as_read": each.name in reads} for each in tools]}
        return self._connection.one(Call("POST", f"{self._at(server)}/tools", json=body), McpServer)

    def delete(self, server: ServerId) -> None:
        """Delete a server with its credentials."""
        self._connection.json(Call("DELETE", self._at(server)))

    @staticmethod
    def _at(server: ServerId) -> str:
        return f"{PATH}/{id_of(server, 'server')}"
