"""What a person entered: text by dotted path, as a tree. It is kept as it is, and read by a shape.

Beside the values stand signs, which no property of a model is named by: `#` holds how many rows a list has (nothing:
there is no list), `?` which alternative of a union was chosen, `@` which row a secret that is kept came from, and `!`
that it is to be removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apps.common.errors import InvalidInput, Issue
from apps.console.schemaforms.shapes import TYPED, UNSET, Shape
from apps.console.schemaforms.texts import json_text, json_value

ROWS, CHOSEN, ORIGIN, REMOVED = "#", "?", "@", "!"
MOST_PARTS: Final = 40
"""Parts of a path; nothing that a form sends has more."""
MOST_COUNTED: Final = 2_000
"""Rows that are believed to be there without one of them being sent, before and behind those that were."""
ABSENT: Final = object()
"""Nothing was entered: the model's default holds."""
_INTEGER: Final = re.compile(r"[+-]?\d{1,300}")
_NUMBER: Final = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?")


@dataclass
class Entered:
    """What was entered at a place, and below it."""

    text: str | None = None
    below: dict[str, Entered] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Entered:
        """The tree of flat values, as ``{"parts.3.length": "5"}``."""
        root = cls()
        for path, text in values.items():
            parts = path.split(".")
            if len(parts) <= MOST_PARTS:
                root.at(parts).text = text.replace("\r\n", "\n")
        return root

    def at(self, parts: Iterable[str]) -> Entered:
        """What was entered at a place; it is made where there is nothing yet."""
        place = self
        for part in parts:
            place = place.below.setdefault(part, Entered())
        return place

    def get(self, path: str) -> Entered | None:
        place: Entered | None = self
        for part in filter(None, path.split(".")):
            place = place.below.get(part) if place else None
        return place

    def sign(self, name: str) -> str | None:
        """The text of a sign; None where there is none."""
        found = self.below.get(name)
        return found.text if found else None

    @property
    def is_empty(self) -> bool:
        return self.text is None and not self.below

    @property
    def rows(self) -> list[Entered]:
        """The rows of a list, in their order."""
        told, numbers = self.sign(ROWS) or "", [int(n) for n in self.below if n.isdecimal() and len(n) < 7]
        furthest = len(numbers) + MOST_COUNTED
        numbers = [n for n in numbers if n < furthest]
        count = int(told) if told.isdecimal() and len(told) < 7 else max(numbers, default=-1) + 1
        found = max([n + 1 for n in numbers if n < count], default=0)
        return [self.below.get(str(n), Entered()) for n in range(max(found, min(count, MOST_COUNTED)))]

    @rows.setter
    def rows(self, rows: list[Entered]) -> None:
        kept = {name: each for name, each in self.below.items() if not name.isdecimal()}
        self.below = {**kept, ROWS: Entered(str(len(rows)))} | {str(n): row for n, row in enumerate(rows)}
        self.text = None

    def over(self, base: Entered) -> Entered:
        """This upon another: what was entered here goes before, and of rows and alternatives it stands alone."""
        if ROWS in self.below or self.sign(CHOSEN) not in {None, base.sign(CHOSEN)}:
            return self
        below = dict(base.below)
        for name, each in self.below.items():
            below[name] = each.over(below[name]) if name in below else each
        return Entered(self.text if self.text is not None else base.text, below)

    def copy(self) -> Entered:
        return Entered(self.text, {name: each.copy() for name, each in self.below.items()})

    def flat(self, path: str = "") -> Iterator[tuple[str, str]]:
        """The values again, by their paths."""
        if self.text is not None:
            yield path, self.text
        for name, each in self.below.items():
            yield from each.flat(f"{path}.{name}" if path else name)


# ------------------------------------------------------------------------------------------------ from data to a form


def entered_of(shape: Shape, data: Any) -> Entered:
    """What a form holds that shows these data. Secrets are not among it."""
    if shape.kind == "group" and isinstance(data, Mapping):
        return Entered(None, {p.name: entered_of(p, data[p.name]) for p in shape.parts if p.name in data})
    if shape.kind == "list" and isinstance(data, list):
        if len(data) > shape.most_rows:
            return Entered(json_text(data))
        made = Entered()
        made.rows = [entered_of(shape.item, row) for row in data]
        return made
    if shape.kind == "list" and data is None:
        return Entered(None, {ROWS: Entered("")})
    if shape.kind == "union":
        return _of_union(shape, data)
    return Entered("" if shape.kind == "secret" else _shown(shape, data))


def alternative_of(shape: Shape, data: Any) -> int | None:
    """Which alternative of a union these data are of; None for nothing."""
    return None if data is None else next((n for n, part in enumerate(shape.parts) if _suits(part, data)), 0)


def _of_union(shape: Shape, data: Any) -> Entered:
    number = alternative_of(shape, data)
    made = Entered() if number is None else entered_of(shape.parts[number], data)
    made.below[CHOSEN] = Entered("" if number is None else str(number))
    return made


def _suits(shape: Shape, data: Any) -> bool:
    """Whether data are of this alternative, as far as their outside tells."""
    if shape.tag:
        return isinstance(data, Mapping) and data.get(shape.tag[0]) == shape.tag[1]
    if isinstance(data, Mapping):
        names = {part.name for part in shape.parts}
        needed = {part.name for part in shape.parts if part.required}
        return shape.kind == "json" or (shape.kind == "group" and data.keys() <= names and needed <= data.keys())
    if isinstance(data, list):
        return shape.kind == "json" or (shape.kind == "list" and all(_suits(shape.item, each) for each in data))
    if isinstance(data, bool):
        return shape.kind in {"flag", "json"}
    if isinstance(data, int):
        return shape.kind in {"integer", "number", "json"} or (shape.kind == "choice" and data in shape.values)
    if isinstance(data, float):
        return shape.kind in {"number", "json"}
    if shape.kind == "choice":
        return data in shape.values
    return data is not None and (shape.kind not in {"flag", "integer", "number", "group", "list"} or shape.exact)


def _shown(shape: Shape, value: Any) -> str:
    if value is None and shape.kind != "json":
        return ""
    if shape.kind == "json" and value is None and (shape.nullable or shape.default is None):
        return ""
    if shape.kind == "json" or isinstance(value, dict | list):
        return json_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


# ------------------------------------------------------------------------------------------------ from a form to data


def tidied(shape: Shape, place: Entered | None) -> None:
    """Take out the rows in which nothing was entered, where one could not be meant."""
    if place is None:
        return
    if shape.kind == "group":
        for part in shape.parts:
            tidied(part, place.below.get(part.name))
    elif shape.kind == "union" and (chosen := chosen_of(shape, place)) is not None:
        tidied(shape.parts[chosen], place)
    elif shape.kind == "list" and (place.below or place.text is None) and ROWS in place.below:
        rows = place.rows
        for row in rows:
            tidied(shape.item, row)
        kept = [row for row in rows if not is_blank(shape.item, row)]
        if len(kept) < len(rows):
            place.rows = kept


def is_blank(shape: Shape, place: Entered) -> bool:
    """Whether nothing was entered, and a value is required: so it cannot be meant as it is."""
    leaves = list(_leaves(shape, place))
    needed = any(leaf.required and not leaf.nullable and not text.strip() for leaf, text in leaves)
    return needed and all(_untouched(leaf, text) for leaf, text in leaves)


def _leaves(shape: Shape, place: Entered) -> Iterator[tuple[Shape, str]]:
    if shape.kind == "group":
        for part in shape.parts:
            yield from _leaves(part, place.below.get(part.name) or Entered())
    elif shape.kind == "list":
        for row in place.rows:
            yield from _leaves(shape.item, row)
        if place.text:
            yield shape, place.text
    elif shape.kind == "union":
        chosen = chosen_of(shape, place)
        if chosen is not None:
            yield from _leaves(shape.parts[chosen], place)
    else:
        yield shape, place.text or ""


def _untouched(shape: Shape, text: str) -> bool:
    if not text.strip():
        return True
    if shape.kind == "flag":
        return text == ("true" if shape.default is True else "false")
    first = shape.default if shape.default is not UNSET else None
    return shape.kind == "choice" and first is not None and text == _shown(shape, first)


def chosen_of(shape: Shape, place: Entered) -> int | None:
    """The alternative of a union that was chosen, else the one that what was entered looks like; None for nothing."""
    told = place.sign(CHOSEN)
    if told is not None:
        return int(told) if told.isdecimal() and len(told) < 4 and int(told) < len(shape.parts) else None
    kinds = [part.kind for part in shape.parts]
    if place.text:
        return next((n for n, kind in enumerate(kinds) if kind not in {"list", "group", "flag"}), 0)
    rows = ROWS in place.below or any(name.isdecimal() for name in place.below)
    wanted = "list" if rows else "group" if place.below else ""
    return kinds.index(wanted) if wanted in kinds else shape.preferred


def read(shape: Shape, place: Entered | None, path: str, held: Any, issues: list[Issue]) -> Any:
    """What was entered as data for the model; `ABSENT` for nothing.

    What is no JSON is noted in `issues`. A secret that was left alone is taken from `held`, the data that hold now.
    """
    if place is None or place.is_empty:
        return ABSENT
    if shape.kind == "group":
        return _read_group(shape, place, path, held, issues)
    if shape.kind == "list" and (place.text is None or ROWS in place.below):
        found = [read(shape.item, row, f"{path}.{n}", held, issues) for n, row in enumerate(place.rows)]
        if not found and shape.nullable and not place.sign(ROWS):
            return _nothing(shape)
        return [row for row in found if row is not ABSENT]
    if shape.kind == "union":
        chosen = chosen_of(shape, place)
        if chosen is None:
            return _nothing(shape)
        part = shape.parts[chosen]
        value = read(part, place, path, held, issues)
        if part.tag and (value is ABSENT or isinstance(value, dict)):
            return {part.tag[0]: part.tag[1]} | (value if isinstance(value, dict) else {})
        return {} if value is ABSENT and part.kind == "group" else value
    return _read_secret(shape, place, path, held) if shape.kind == "secret" else _leaf(shape, place, path, issues)


def _read_group(shape: Shape, place: Entered, path: str, held: Any, issues: list[Issue]) -> Any:
    if not shape.required and is_blank(shape, place):
        return ABSENT
    found = {}
    for part in shape.parts:
        below = f"{path}.{part.name}" if path else part.name
        value = read(part, place.below.get(part.name), below, held, issues)
        if value is not ABSENT:
            found[part.name] = value
    return found


def _leaf(shape: Shape, place: Entered, path: str, issues: list[Issue]) -> Any:
    text = place.text or ""
    if shape.kind in TYPED or shape.kind in {"json", "list"}:
        text = text.strip()
    if text == "":
        return _nothing(shape)
    if shape.kind in {"json", "list"}:
        try:
            return json_value(text)
        except InvalidInput as problem:
            issues.append(Issue(path=path, message=problem.detail.removesuffix(" Nothing was started.")))
            return ABSENT
    if shape.kind == "choice":
        return next((value for value in shape.values if _shown(shape, value) == text), text)
    if shape.kind == "flag":
        return {"true": True, "false": False}.get(text.lower(), text)
    if shape.kind in {"integer", "number"} and not shape.exact:
        return _figure(text)
    return text


def _figure(text: str) -> Any:
    """A number, where it is written as one; else the text, of which the model says what is wrong with it."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return value if abs(value) != float("inf") else text


def _nothing(shape: Shape) -> Any:
    """What a field that was left empty means: the default where that is nothing too, else nothing, said outright."""
    if shape.nullable:
        return None if shape.required or shape.default is not None else ABSENT
    cleared = not shape.required and shape.kind in {"text", "longtext"} and bool(shape.default)
    return "" if cleared and shape.default is not UNSET else ABSENT


def _read_secret(shape: Shape, place: Entered, path: str, held: Any) -> Any:
    """A secret anew; else the one that holds, which rows take with them where they move."""
    if place.text:
        return place.text
    if place.sign(REMOVED):
        return _nothing(shape)
    found = held_at(held, place.sign(ORIGIN) or path)
    return found if isinstance(found, str) and found else _nothing(shape)


def held_at(data: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    for part in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and len(part) < 7 and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data
