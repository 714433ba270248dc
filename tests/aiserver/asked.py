"""What the server was asked, the same for both forms of the protocol."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Turn:
    """A message that was sent."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str
    calls: tuple[tuple[str, str], ...] = ()
    """Of the assistant: names and arguments of the tools that it asked."""


@dataclass
class Asked:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    """By names in small letters."""
    body: dict[str, Any]
    raw: str
    """The body as text: all that left, for looking for what should not have."""
    closed: threading.Event = field(default_factory=threading.Event)
    """Set once the other side has gone away before the answer was whole."""

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def streams(self) -> bool:
        return self.body.get("stream") is True

    @property
    def is_response(self) -> bool:
        """Whether it is of the Responses API."""
        return self.path.rstrip("/").endswith("/responses")

    @property
    def turns(self) -> list[Turn]:
        if self.is_response:
            return [_item(each) for each in self.body.get("input", [])]
        return [_message(each) for each in self.body.get("messages", [])]

    @property
    def tools(self) -> list[str]:
        """Names of the tools that are offered."""
        return [str(each["name"] if self.is_response else each["function"]["name"]) for each in self._tools]

    @property
    def schema(self) -> dict[str, Any] | None:
        """That the answer has to keep."""
        told = self.body.get("text", {}).get("format", {}) if self.is_response else self.body.get("response_format", {})
        told = told if self.is_response else told.get("json_schema", {})
        found: dict[str, Any] | None = told.get("schema")
        return found

    @property
    def text(self) -> str:
        """All texts of the conversation."""
        return "\n".join(each.text for each in self.turns)

    @property
    def _tools(self) -> list[dict[str, Any]]:
        return list(self.body.get("tools") or [])


def _message(message: dict[str, Any]) -> Turn:
    calls = tuple((each["function"]["name"], each["function"]["arguments"]) for each in message.get("tool_calls") or ())
    return Turn(str(message["role"]), _text(message.get("content")), calls)


def _item(item: dict[str, Any]) -> Turn:
    if item.get("type") == "function_call":
        return Turn("assistant", "", ((item["name"], item["arguments"]),))
    if item.get("type") == "function_call_output":
        return Turn("tool", _text(item.get("output")))
    return Turn(str(item["role"]), _text(item.get("content")))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return "" if content is None else json.dumps(content)
