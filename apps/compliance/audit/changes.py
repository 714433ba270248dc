"""Before and after, field by field. Pure: two values of JSON go in, rows for a page come out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

ROWS: Final = 200
"""Fields that are told one by one."""
DEEPEST: Final = 6
"""Levels of a value that are told one by one; what lies below is told as JSON."""
LINES: Final = 200
"""Lines of a text that are shown."""
COMPARED: Final = 4_000
"""Lines of two texts that are compared: it takes time by their square."""
WORDS: Final = 2_000
"""Characters of a value that are shown."""
Mark = Literal["same", "gone", "new", "rest"]


@dataclass(frozen=True)
class Line:
    """A line of a text, and what became of it; `rest` stands for lines that are not shown."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class Change:
    """What became of one field."""

    label: str
    before: str | None
    """In words; None where the field was not there."""
    after: str | None
    lines: tuple[Line, ...] = ()
    """Of texts of several lines: what became of each of them."""

    @property
    def word(self) -> str:
        if self.before is None:
            return "set"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class Changes:
    rows: list[Change]
    more: int = 0
    """Fields that are not told here."""


@dataclass(frozen=True)
class Fact:
    label: str
    text: str


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What became of each field, in order of name."""
    told = list(_told((), dict(before), dict(after)))
    return Changes(told[:ROWS], max(0, len(told) - ROWS))


def facts_of(facts: Mapping[str, Any]) -> list[Fact]:
    """Facts one by one, what lies within others by its path."""
    rows = [Fact(label_of(path), shown(value)) for path, value in _leaves((), dict(facts))]
    return rows[:ROWS]


def shown(value: Any) -> str:
    """A single value of a field."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(item, str | int) for item in value):
        text = ", ".join(str(item) for item in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def label_of(path: tuple[str | int, ...]) -> str:
    """The place of a field as a label: ``Limits › At most``; places in lists are counted from 1."""
    return " › ".join(f"{part + 1}." if isinstance(part, int) else _words(part) for part in path)


def _words(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else name


def _told(path: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
    if len(path) < DEEPEST and isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _field((*path, name), before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif len(path) < DEEPEST and _is_nested(before) and _is_nested(after):
        for place in range(max(len(before), len(after))):
            yield from _field((*path, place), _item(before, place), _item(after, place))
    elif isinstance(before, str) and isinstance(after, str) and 0 < (before + after).count("\n") < COMPARED:
        yield Change(label_of(path), before, after, tuple(_lines(before, after)))
    else:
        yield Change(label_of(path), shown(before), shown(after))


def _field(path: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
    if before == after and type(before) is type(after):
        return
    if before is not _ABSENT and after is not _ABSENT:
        yield from _told(path, before, after)
        return
    value, is_new = (after, True) if before is _ABSENT else (before, False)
    for place, item in _leaves(path, value):
        yield Change(label_of(place), None if is_new else shown(item), shown(item) if is_new else None)


def _leaves(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The single values within a value, with their places."""
    if len(path) < DEEPEST and isinstance(value, dict) and value:
        for name in sorted(value):
            yield from _leaves((*path, name), value[name])
    elif len(path) < DEEPEST and _is_nested(value):
        for place, item in enumerate(value):
            yield from _leaves((*path, place), item)
    elif path:
        yield path, value


def _is_nested(value: Any) -> bool:
    """Whether this is a list of more than single values."""
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _item(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else _ABSENT


def _lines(before: str, after: str) -> Iterator[Line]:
    """What became of the lines of a text, those that changed with two around them."""
    marks: dict[str, Mark] = {" ": "same", "-": "gone", "+": "new"}
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    for told, line in enumerate(list(found)[3:]):  # after the names of the two, and the place of the first change
        if told >= LINES:
            yield Line("rest", "and more")
            return
        yield Line("rest", "…") if line.startswith("@@") else Line(marks[line[0]], line[1:])


class _Absent:
    """Stands for a field that is not there."""


_ABSENT: Final = _Absent()
