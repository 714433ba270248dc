"""Values as people read them: words, pairs, lists and tables; JSON only where a value is none of these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from apps.common import formats
from apps.workflows.payloads import payload_of, without_credentials

DEEPEST: Final = 3
"""Pairs within pairs."""
ROWS: Final = 20
COLUMNS: Final = 8
PAIRS: Final = 40
WORDS: Final = 2_000
"""Characters of a text."""


@dataclass(frozen=True)
class Shape:
    kind: Literal["text", "pairs", "list", "table", "json"]
    text: str = ""
    pairs: list[tuple[str, Shape]] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    rows: list[list[Cell]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    more: int = 0
    """Rows, items or pairs that are left out, or characters of JSON."""

    @property
    def is_empty(self) -> bool:
        return self.kind == "text" and self.text == formats.NOTHING


@dataclass(frozen=True)
class Column:
    title: str
    is_number: bool


@dataclass(frozen=True)
class Cell:
    text: str
    is_number: bool
    """Whether it stands in a column of figures."""


def shape_of(value: Any) -> Shape:
    """How a value of JSON is shown, without credentials and cut to what a page can bear."""
    return _shape(without_credentials(value), 0)


def _shape(value: Any, depth: int) -> Shape:
    if _is_plain(value):
        return Shape("text", text=plain(value))
    if isinstance(value, Mapping) and depth < DEEPEST:
        pairs = [(label_of(str(key)), _shape(item, depth + 1)) for key, item in list(value.items())[:PAIRS]]
        return (
            Shape("pairs", pairs=pairs, more=max(0, len(value) - PAIRS))
            if pairs
            else Shape("text", text=formats.NOTHING)
        )
    if isinstance(value, Sequence):
        if not value:
            return Shape("text", text="none")
        if all(_is_plain(item) for item in value):
            return Shape("list", items=[plain(item) for item in value[:ROWS]], more=max(0, len(value) - ROWS))
        if _is_table(value):
            return _table(value)
    told = payload_of(value)
    return Shape("json", text=told.text, more=told.size - len(told.text))


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_table(rows: Sequence[Any]) -> bool:
    """Whether these are records whose fields hold single values, or short enough ones to count them."""
    return all(isinstance(row, Mapping) for row in rows) and any(_is_plain(each) for each in rows[0].values())


def _table(rows: Sequence[Mapping[str, Any]]) -> Shape:
    shown = rows[:ROWS]
    names = list(dict.fromkeys(name for row in shown for name in row))[:COLUMNS]
    columns = [Column(label_of(str(name)), _is_numeric([row.get(name) for row in shown])) for name in names]
    cells = [
        [Cell(_cell(row.get(name)), column.is_number) for name, column in zip(names, columns, strict=True)]
        for row in shown
    ]
    return Shape("table", columns=columns, rows=cells, more=max(0, len(rows) - ROWS))


def _is_numeric(values: Sequence[Any]) -> bool:
    told = [value for value in values if value is not None]
    return bool(told) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in told)


def _cell(value: Any) -> str:
    if _is_plain(value):
        return plain(value)
    noun = "value" if isinstance(value, Sequence) else "field"
    return f"{len(value):,} {noun}{'' if len(value) == 1 else 's'}"


def plain(value: Any) -> str:
    """A single value in words."""
    if value is None or value == "":
        return formats.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value)
    text = str(value)
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"


def _number(value: float) -> str:
    """A figure that somebody decides on: to the cent, where it is one or more, rather than to three digits."""
    if abs(value) < 1 or not math.isfinite(value) or value == int(value):
        return formats.number(value)
    text = formats.number(value, 2)
    return text.rstrip("0").rstrip(".")


def label_of(name: str) -> str:
    """The name of a field as a label: `at_most` is “At most”."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else name
