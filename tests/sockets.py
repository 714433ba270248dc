"""A client of our sockets, without a server between: it speaks to the ASGI application itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from django.conf import settings

from apps.tenants.live import socket_group
from apps.tenants.models import Tenant

TIMEOUT = 10
"""Seconds until an answer that does not come fails the test."""


def headers(host: str = "acme.localhost", *, bearer: str = "", session: str = "", **more: str) -> dict[str, str]:
    """The headers of a handshake at `host`: with a token or key, with a session's cookie, with any others."""
    named = {"host": host, **more}
    if bearer:
        named["authorization"] = f"Bearer {bearer}"
    if session:
        named["cookie"] = f"{settings.SESSION_COOKIE_NAME}={session}"
    return named


def scope_of(address: str, sent: dict[str, str]) -> dict[str, Any]:
    """What a server says of a handshake at `address` with these headers."""
    parts = urlsplit(address)
    return {
        "type": "websocket",
        "path": parts.path,
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "subprotocols": [],
    }


_Communicator: Any = ApplicationCommunicator  # which has no types


class Stream(_Communicator):
    """One event stream at `address` of an ASGI application."""

    def __init__(self, app: Any, address: str, sent: dict[str, str]) -> None:
        scope = scope_of(address, {"accept": "text/event-stream", **sent})
        super().__init__(app, {**scope, "type": "http", "method": "GET"})
        self._text, self._ended = "", False

    async def open(self) -> int:
        """Ask. The status of the answer; its headers are in `headers`."""
        await self.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self.receive_output(TIMEOUT)
        self.headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return int(start["status"])

    async def hear(self) -> tuple[str, int, dict[str, Any]]:
        """The next event: its name, its id and its data. Signs of life are passed over."""
        while True:
            block = await self.block()
            if block.startswith("event: "):
                named = dict(line.split(": ", 1) for line in block.splitlines())
                return named["event"], int(named["id"]), json.loads(named["data"])

    async def block(self) -> str:
        """The next lines up to an empty one; empty when the stream has ended."""
        while "\n\n" not in self._text and not self._ended:
            message = await self.receive_output(TIMEOUT)
            self._text += message["body"].decode()
            self._ended = not message.get("more_body")
        block, _, self._text = self._text.partition("\n\n")
        return block

    async def leave(self) -> None:
        """Hang up, and wait until the application is done with it."""
        await self.send_input({"type": "http.disconnect"})
        await self.wait(TIMEOUT)


class Socket(_Communicator):
    """One socket at `address` of an ASGI application."""

    def __init__(self, app: Any, address: str, sent: dict[str, str]) -> None:
        super().__init__(app, scope_of(address, sent))

    async def open(self) -> int:
        """Shake hands. 0 when the socket is open; the code of the refusal otherwise."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(TIMEOUT)
        return 0 if answer["type"] == "websocket.accept" else int(answer["code"])

    async def hear(self, kind: str = "") -> dict[str, Any]:
        """The next message of the type `kind`; without one, the next that is no ping."""
        while True:
            answer = await self.receive_output(TIMEOUT)
            assert answer["type"] == "websocket.send", f"the socket ended: {answer}"
            message: dict[str, Any] = json.loads(answer["text"])
            if message.get("type") == kind or (not kind and message.get("type") != "ping"):
                return message

    async def say(self, data: str | bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes" if isinstance(data, bytes) else "text": data})

    async def end(self) -> int:
        """The code with which the other side ends the socket."""
        while True:
            answer = await self.receive_output(TIMEOUT)
            if answer["type"] == "websocket.close":
                return int(answer["code"])

    async def close(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(TIMEOUT)


async def refusal(app: Any, address: str, sent: dict[str, str]) -> int:
    """The code with which the handshake is refused; 0 when the socket opens, which is closed again."""
    socket = Socket(app, address, sent)
    code = await socket.open()
    if not code:
        await socket.close()
    return code


async def tell(tenant: Tenant, topic: str, **event: Any) -> None:
    """Publish an event to a topic of a tenant, as a commit does."""
    await get_channel_layer().group_send(socket_group(topic, tenant), {"type": "live.event", "event": event})
