"""MCP servers on loopback to connect to: one made with the official library, and one that misbehaves by script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

Message = dict[str, Any]
Said = Message | bytes | tuple[int, dict[str, str], bytes]


def official() -> MCPServer:
    """A server with a read, one that says nothing of being a read, and one that fails."""
    server = MCPServer("stock")

    @server.tool(title="Stock", annotations=ToolAnnotations(read_only_hint=True))
    def stock(item: str) -> dict[str, int]:
        """How much of an item is in store."""
        return {"in_store": len(item)}

    @server.tool()
    def order(item: str) -> str:
        """Order an item."""
        return f"ordered {item}"

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def broken() -> str:
        """Always fails."""
        raise ToolError("the store is closed")

    return server


@contextmanager
def served(server: MCPServer, **how: Any) -> Iterator[str]:
    """The address of a server of the official library, over real HTTP, in a thread of its own."""
    app = server.streamable_http_app(**how)
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=web.run)
    thread.start()
    while not web.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}/mcp"
    web.should_exit = True
    thread.join()


class Scripted:
    """Answers each message by what `say` makes of it, and keeps what it was sent."""

    def __init__(self, say: Callable[[Message], Said]) -> None:
        self.say = say
        self.heard: list[tuple[Message, dict[str, str]]] = []


@contextmanager
def scripted(say: Callable[[Message], Said]) -> Iterator[tuple[str, Scripted]]:
    """The address of a server that says what it is told to: a message, raw JSON, or a whole answer."""
    script = Scripted(say)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            script.heard.append((message, dict(self.headers)))
            said = script.say(message)
            if isinstance(said, dict):
                said = json.dumps({"jsonrpc": "2.0", "id": message.get("id"), **said}).encode()
            status, headers, body = (
                said if isinstance(said, tuple) else (200, {"Content-Type": "application/json"}, said)
            )
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_DELETE(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/mcp", script
    server.shutdown()
    thread.join()
    server.server_close()


def hello(version: str = "2025-06-18") -> Message:
    info = {"name": "scripted", "version": "1"}
    return {"result": {"protocolVersion": version, "capabilities": {}, "serverInfo": info}}
