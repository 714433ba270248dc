"""What a model of the server does when it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.aiserver.asked import Asked


@dataclass(frozen=True)
class Call:
    """A tool that the model asks; `arguments` as text where they are to be no JSON."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Say:
    """Answer."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    is_cut: bool = False
    """End because the answer is as long as it may be."""
    tokens: tuple[int, int, int] | None = (100, 0, 20)
    """Of the input, of these cached, of the output; None: say nothing of them."""
    every: float = 0.0
    """Seconds before each piece: a drip."""
    breaks_after: int | None = None
    """Close the connection after so many pieces."""


@dataclass(frozen=True)
class Fail:
    """Answer with an error."""

    status: int
    code: str = ""
    message: str = "It failed by script."
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Take the request, and say nothing until the other side goes away."""


@dataclass(frozen=True)
class Raw:
    """Answer with these bytes, which need be no protocol at all."""

    body: bytes
    content_type: str = "text/html"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Answer = Say | Fail | Hang | Raw
Scenario = Answer | Callable[[Asked], Answer]


def _echo(asked: Asked) -> Say:
    """The last words that were said to it."""
    return Say(asked.turns[-1].text)


NAMED: dict[str, Scenario] = {
    "echo": _echo,
    "plain": Say("All is well."),
    "tool-call": Say(calls=(Call("look_up", {"item": "A1"}),)),
    "parallel-tool-calls": Say(calls=(Call("look_up", {"item": "A1"}), Call("look_up", {"item": "B2"}))),
    "malformed-arguments": Say(calls=(Call("look_up", '{"item": '),)),
    "refusal": Say(refusal="I will not do that."),
    "malformed-json": Say('{"answer": 4'),
    "wrong-schema": Say('{"answer": "four"}'),
    "cut-answer": Say('{"answer": 4', is_cut=True),
    "rate-limited": Fail(429, "rate_limit_exceeded", "Too many requests.", {"Retry-After": "1"}),
    "rate-limited-long": Fail(429, "rate_limit_exceeded", "Too many requests.", {"Retry-After": "3600"}),
    "used-up": Fail(429, "insufficient_quota", "You have used up what you paid for."),
    "broken": Fail(500, "server_error", "The server had an error."),
    "overloaded": Fail(503, "overloaded", "Try later."),
    "too-long": Fail(400, "context_length_exceeded", "This model's maximum context length is 8 tokens."),
    "hang": Hang(),
    "cut-stream": Say("This is going to be " + "long " * 20, breaks_after=3),
    "slow-drip": Say("word " * 200, every=0.05),
    "huge": Raw(b'{"choices": "' + b"x" * (12 * 1024 * 1024) + b'"}', "application/json"),
    "not-json": Raw(b"<html><body>Sign in to the network</body></html>"),
    "half-json": Raw(b'{"id": "x", "choices": [', "application/json"),
    "no-answer": Raw(b"{}", "application/json"),
    "moved": Raw(b"", status=307, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
    "no-usage": Say("All is well.", tokens=None),
}
"""By the names of models. Every server has these, besides `always` and `queue`."""
