"""One connection to an MCP server over Streamable HTTP: opened for a question, and closed behind it.

It shakes hands, as most servers ask for; one that answers in the newer protocol alone (2026-07-28) is asked in that. It
offers the server nothing: what a server asks back, other than whether we are there, is not answered.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self

import httpx
import mcp_types as types
from django.conf import settings
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError

from apps.ai.mcp.client.access import Access
from apps.ai.mcp.client.problems import McpServerFailed
from apps.common import outbound
from apps.common.errors import Problem
from apps.common.jsons import json_read

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of all that a server says in one connection."""
MOST_TOOLS: Final = 200
MOST_PAGES: Final = 20
_HANDSHAKE, _MODERN = "2025-11-25", "2026-07-28"
_CODED: Final = "=?base64?"
_JSON, _STREAM = "application/json", "text/event-stream"


class Connection:
    """Raises `McpServerFailed` for whatever goes wrong on the way, `OutboundRefused` for an address that may not be
    called, and `OutboundStopped` once `stopping` says so."""

    def __init__(
        self, name: str, access: Access, *, seconds: float, stopping: Callable[[], bool] | None = None
    ) -> None:
        self.name, self.url = name, access.url
        self._client = outbound.client(seconds=seconds, largest=LARGEST, stopping=stopping, headers=access.sent())
        self._version, self._session, self._id = _HANDSHAKE, "", 0

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._session:
                self._client.delete(self.url, headers=self._headers("", None))
        except (httpx.HTTPError, Problem, outbound.OutboundStopped):
            pass  # it was a courtesy
        finally:
            self._client.close()

    def tools(self) -> list[types.Tool]:
        """What the server offers, at most `MOST_TOOLS`."""
        found: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            result = self._ask("tools/list", {"cursor": cursor} if cursor else {})
            page = self._read(types.ListToolsResult, result)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        return found[:MOST_TOOLS]

    def call(self, tool: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """What a tool answers, also where that is an error of its own."""
        result = self._ask("tools/call", {"name": tool, "arguments": dict(arguments)})
        if result.get("resultType", "complete") != "complete":
            raise self._failed("It asks for something back before it answers, which is not done here.")
        answered: types.CallToolResult = self._read(types.CallToolResult, result)
        return answered

    def _begin(self) -> None:
        info = {"name": "orchestrall", "version": settings.SPECTACULAR_SETTINGS["VERSION"]}
        wanted = {"protocolVersion": _HANDSHAKE, "capabilities": {}, "clientInfo": info}
        answer = self._post("initialize", wanted)
        if (error := answer.get("error")) is not None:
            if error.get("code") not in (types.METHOD_NOT_FOUND, types.UNSUPPORTED_PROTOCOL_VERSION):
                raise self._failed(_words(error))
            self._version = _MODERN
            return
        result = self._read(types.InitializeResult, answer["result"])
        if result.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
            raise self._failed("It speaks a version of the protocol that is not known here.")
        self._version = result.protocol_version
        self._post("notifications/initialized", None, is_notification=True)

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if self._version == _MODERN:
            meta = {types.PROTOCOL_VERSION_META_KEY: _MODERN, types.CLIENT_CAPABILITIES_META_KEY: {}}
            params = {**params, "_meta": meta}
        answer = self._post(method, params)
        if (error := answer.get("error")) is not None:
            raise self._failed(_words(error))
        result: dict[str, Any] = answer["result"]
        return result

    def _post(self, method: str, params: dict[str, Any] | None, *, is_notification: bool = False) -> dict[str, Any]:
        """Send one message, and read its answer; that of a notification is empty."""
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            body["params"] = params
        if not is_notification:
            self._id += 1
            body["id"] = self._id
        try:
            content = json.dumps(body).encode()
            with self._client.stream(
                "POST", self.url, content=content, headers=self._headers(method, params)
            ) as answer:
                self._session = answer.headers.get("Mcp-Session-Id", self._session)
                if not self._session.isascii() or not (self._session + "x").isprintable():
                    self._session = ""
                    raise self._failed("It names its session by what no header can hold.")
                return {} if is_notification else self._answer(answer)
        except outbound.OutboundFailed as problem:
            raise self._failed(problem.detail) from problem
        except httpx.TimeoutException as error:
            raise self._failed("It took too long.") from error
        except httpx.HTTPError as error:
            raise self._failed(f"The connection broke off: {error or type(error).__name__}.") from error

    def _headers(self, method: str, params: Mapping[str, Any] | None) -> dict[str, str]:
        headers = {"Accept": f"{_JSON}, {_STREAM}", "Content-Type": _JSON}
        if method != "initialize":
            headers["MCP-Protocol-Version"] = self._version
        if self._session:
            headers["Mcp-Session-Id"] = self._session
        if self._version == _MODERN and method:
            headers["Mcp-Method"] = method
            if method == "tools/call" and params:
                headers["Mcp-Name"] = _header_of(params["name"])
        return headers

    def _answer(self, answer: httpx.Response) -> dict[str, Any]:
        """The answer to the last request, out of JSON or of an event stream."""
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        messages = _events(answer.iter_lines()) if kind == _STREAM else iter([self._whole(answer, kind)])
        for text in messages:
            try:
                message = json_read(text)
            except ValueError as error:
                raise self._failed("It answered what is no JSON.") from error
            if (
                isinstance(message, dict)
                and message.get("id") in (self._id, None)
                and (isinstance(message.get("result"), dict) or isinstance(message.get("error"), dict))
            ):
                return message
        raise self._failed("It ended without an answer.")

    def _whole(self, answer: httpx.Response, kind: str) -> str:
        text = answer.read().decode("utf-8", "replace")
        if answer.status_code in {401, 403}:
            raise self._failed(f"It refuses the credentials ({answer.status_code}).")
        if answer.is_redirect:
            raise self._failed("It sends elsewhere, which is not followed: enter the address that it is really at.")
        if kind != _JSON:
            raise self._failed(f"It answered with {answer.status_code}, and not by MCP.")
        return text

    def _read(self, model: Any, result: Any) -> Any:
        try:
            return model.model_validate(result, by_name=False)
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise self._failed(f"Its answer is not as MCP has it, at {place}.") from error

    def _failed(self, told: str) -> McpServerFailed:
        return McpServerFailed(f"{self.name}: {told}")


def _events(lines: Iterator[str]) -> Iterator[str]:
    """The data of the messages in an event stream, as the HTML standard reads it."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _header_of(text: str) -> str:
    """A text as a header holds it: in base64 where it could not be one, or would be taken for that (2026-07-28)."""
    if text.isascii() and text.isprintable() and text == text.strip() and not text.startswith(_CODED):
        return text
    return f"{_CODED}{base64.b64encode(text.encode()).decode()}?="


def _words(error: Mapping[str, Any]) -> str:
    """What the server says is wrong; it is text from outside, and kept short."""
    return f"It refuses: {str(error.get('message', ''))[:300]} ({error.get('code')})"
