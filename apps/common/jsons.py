"""JSON that somebody else has written, read strictly: whatever it gives can be stored, and written as JSON again."""

from __future__ import annotations

import json
import re
from typing import Any, Final

DEEPEST: Final = 64
"""Levels of lists and objects: who reads them follows each by a call."""
_LONG: Final = re.compile(r"[eE]\+?\d{3}|\d{309}")
"""What has to stand in a text that holds a number larger than a float."""


def json_read(text: str) -> Any:
    """The value that a text of JSON holds. Raises `ValueError` that says what is wrong with it, `json.JSONDecodeError`
    with line and column for what is no JSON.

    There is no NaN and no Infinity, no number too large to be one, no text with NUL or half of a character in it, which
    no database stores, and nothing that is nested deeper than `DEEPEST`.
    """
    text.encode()  # half of a character
    floats = _finite if _LONG.search(text) else None
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=floats)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    _require_flat(value)
    if "\\u" in text:
        _require_texts(value)
    return value


_TOO_DEEP: Final = f"it is nested deeper than {DEEPEST} levels"


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is larger than a number may be")
    return number


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number of JSON")


def _require_flat(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        if not level:
            return
        level = [
            item
            for each in level
            for item in (each.values() if type(each) is dict else each)
            if type(item) is dict or type(item) is list
        ]
    if level:
        raise ValueError(_TOO_DEEP)


def _require_texts(value: Any) -> None:
    if isinstance(value, str):
        value.encode()
        if "\x00" in value:
            raise ValueError("a text holds the character NUL")
    elif isinstance(value, dict):
        _require_texts([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for item in value:
            _require_texts(item)
