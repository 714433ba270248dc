"""What is in a column, learned batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from apps.datasets.reading.shapes import Column, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = 3
LONGEST_EXAMPLE = 40
_NUMBER = r"[+-]?(\d+([.,]\d+)?|[.,]\d+|\d{1,3}([ '.,\x{a0}\x{202f}]\d{3})+([.,]\d+)?)([eE][+-]?\d+)?\s?%?"
# The kinds that text may turn out to be, the most particular first.
_TEXT_KINDS: dict[ColumnType, str] = {
    "integer": r"^\s*[+-]?\d{1,18}\s*$",
    "number": rf"^\s*{_NUMBER}\s*$",
    "date": r"^\s*(\d{4}-\d{2}(-\d{2})?([ T]\d{2}:\d{2}.*)?|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})\s*$",
    "boolean": r"^\s*(?i:true|false|yes|no)\s*$",
}


def kinds_of(values: Iterable[str | None]) -> set[ColumnType]:
    """The kinds that every one of the texts can be; none when all are empty."""
    texts = _present(pa.array(list(values), type=pa.string()))
    return _alive(texts, set(_TEXT_KINDS)) if len(texts) else set()


def kinds_each(values: list[str]) -> list[set[ColumnType]]:
    """For each of the texts, the kinds that it can be."""
    texts = pa.array(values, type=pa.string())
    matches = {kind: pc.match_substring_regex(texts, pattern).to_pylist() for kind, pattern in _TEXT_KINDS.items()}
    return [{kind for kind, hits in matches.items() if hits[place]} for place in range(len(values))]


def _present(texts: pa.Array) -> pa.Array:
    return texts.filter(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(texts), ""), False))


def _alive(texts: pa.Array, kinds: set[ColumnType]) -> set[ColumnType]:
    return {kind for kind in kinds if pc.all(pc.match_substring_regex(texts, _TEXT_KINDS[kind])).as_py()}


class ColumnProfile:
    """The profile of one column. `add` takes arrays of one type, text or other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._nulls = 0
        self._seen = 0
        self._type: ColumnType | None = None
        self._kinds: set[ColumnType] = set(_TEXT_KINDS)
        self._examples: list[str] = []

    def add(self, values: pa.Array) -> None:
        present = values.drop_null()
        self._nulls += values.null_count
        self._seen += len(present)
        if pa.types.is_string(values.type):
            if self._kinds and len(present):
                self._kinds = _alive(present, self._kinds)
        else:
            self._type = _native(values.type)
        self._learn(present)

    def _learn(self, present: pa.Array) -> None:
        if len(self._examples) >= EXAMPLES or not len(present):
            return
        for value in present.slice(0, 200).to_pylist():
            text = as_text(value)[:LONGEST_EXAMPLE]
            if text not in self._examples:
                self._examples.append(text)
            if len(self._examples) >= EXAMPLES:
                return

    def column(self) -> Column:
        guessed: ColumnType = next((kind for kind in _TEXT_KINDS if kind in self._kinds), "text")
        kind: ColumnType = self._type or guessed if self._seen else "empty"
        return Column(name=self.name, type=kind, nulls=self._nulls, examples=self._examples)


def _native(type_: pa.DataType) -> ColumnType:
    if pa.types.is_integer(type_):
        return "integer"
    if pa.types.is_floating(type_):
        return "number"
    if pa.types.is_boolean(type_):
        return "boolean"
    return "date" if pa.types.is_date(type_) or pa.types.is_timestamp(type_) else "text"


def as_text(value: object) -> str:
    """A value for people. NUL is left out: no database column of text holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\x00", "")
