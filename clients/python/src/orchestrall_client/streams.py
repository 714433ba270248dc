"""Server-sent events, as the HTML standard has them read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A field's value may hold any other separator that `str.splitlines` knows: a line ends with these alone.
_LINE = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Message:
    """One event. `id` is the last one that was told, by this event or an earlier one."""

    data: str
    event: str = "message"
    id: str = ""


def messages(pieces: Iterable[bytes]) -> Iterator[Message]:
    """The events of a stream that comes in pieces cut anywhere. One that is not complete at the end is dropped."""
    event, last, data = "", "", list[str]()
    for line in _lines(pieces):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Message("\n".join(data), event or "message", last)
            event, data = "", []
        elif name == "data":
            data.append(value)
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            last = value


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    held = b""
    for piece in pieces:
        held += piece
        # A CR at the end may be the first half of a CRLF: it waits for what follows.
        whole, tail = (held[:-1], held[-1:]) if held.endswith(b"\r") else (held, b"")
        *complete, rest = _LINE.split(whole)
        held = rest + tail
        for line in complete:
            yield line.decode(errors="replace")
