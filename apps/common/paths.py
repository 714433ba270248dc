"""Places in JSON-able data, as `items[0].findings` names them: references of workflows, facts of evaluations."""

from __future__ import annotations

import json
import re
from typing import Any

Path = tuple[str | int, ...]
_PART = re.compile(r"([A-Za-z_]\w*)|\[(-?\d{1,9})\]|\[\"((?:[^\"\\]|\\.)*)\"\]")


class NoValue(LookupError):
    """What a path names is not there."""


def path_parse(text: str) -> Path | None:
    """The parts of a path; None for a text that is none. It begins with a name, as data is reached by its root."""
    path: list[str | int] = []
    at = 0
    text = text.strip()
    while at < len(text):
        if path and text[at] == ".":
            at += 1
        elif path and text[at] != "[":
            break
        match = _PART.match(text, at)
        if match is None or (not path and match[1] is None):
            break
        path.append(match[1] or (int(match[2]) if match[2] else json.loads(f'"{match[3]}"')))
        at = match.end()
    return None if at < len(text) or not path or text.endswith(".") else tuple(path)


def path_text(path: Path) -> str:
    """A path as it is written."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_]\w*", part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return text


def lookup(data: Any, path: Path) -> Any:
    """What a path names. Raises `NoValue` naming the part that is not there."""
    found: Any = data
    for at, part in enumerate(path):
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            raise NoValue(f"There is nothing at `{path_text(path[: at + 1])}`.") from None
    return found
