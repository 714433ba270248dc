"""Which column of a file feeds which field of an agent's input, and how its cells are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel

from apps.common import numbers

if TYPE_CHECKING:
    import polars

Kind = Literal["number", "integer", "flag", "choice", "date", "text", "list", "json"]
ALIKE: Final = 0.8
"""From this likeness on (of 1) a name that differs is suggested: it is shown as a guess."""
SEPARATOR: Final = ";"
"""Between the values of a list in one cell."""
_KINDS: Final[dict[str, Kind]] = {"number": "number", "integer": "integer", "boolean": "flag", "string": "text"}
_UNIT: Final = re.compile(r"\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*$")
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Leaf:
    """A single value of an input. `path` is dotted."""

    path: str
    title: str
    kind: Kind
    help: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A column that was found for a field, and why."""

    column: str
    why: str
    is_guess: bool = False
    unit: str = ""
    """What stood behind the column's name in brackets."""


@dataclass(frozen=True)
class Matches:
    """What was found: a column by the path of its field, and values that every row has in common."""

    columns: dict[str, Match] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)


def leaves_of(model: type[BaseModel], *, skip: Iterable[str] = ()) -> list[Leaf]:
    """The single values of a model in their order; `skip` names fields of it that are left out."""
    schema = model.model_json_schema()
    return list(_leaves(schema, schema.get("$defs", {}), "", set(skip), required=True))


def _leaves(
    schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str, skip: set[str], *, required: bool
) -> Iterator[Leaf]:
    for name, part in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if path in skip:
            continue
        options = _options(part, defs)
        needed = required and name in schema.get("required", [])
        if len(options) == 1 and options[0].get("properties"):
            yield from _leaves(options[0], defs, f"{path}.", skip, required=needed)
            continue
        yield Leaf(
            path=path,
            title=part.get("title") or name.replace("_", " ").capitalize(),
            kind=_kind(options, defs),
            help=part.get("description", ""),
            required=needed,
            choices=tuple(str(each) for option in options for each in option.get("enum", [])),
        )


def _options(part: Mapping[str, Any], defs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The schemas that a value may have, references followed, without `null`."""
    found = []
    for option in part.get("anyOf", [part]):
        whole = {**defs.get(option.get("$ref", "").rpartition("/")[2], {}), **option}
        if whole.get("type") != "null":
            found.append(whole)
    return found


def _kind(options: Sequence[Mapping[str, Any]], defs: Mapping[str, Any]) -> Kind:
    """How cells are read. A field that takes text as well as a list gets the text: it knows how to part it."""
    if any("enum" in option for option in options):
        return "choice"
    for option in options:
        if option.get("format") == "date":
            return "date"
        if kind := _KINDS.get(option.get("type", "")):
            return kind
    if options and options[0].get("type") == "array":
        items = _options(options[0].get("items", {}), defs)
        return "list" if all(item.get("type") in _KINDS or "enum" in item for item in items) else "json"
    return "json"


def matches_of(leaves: Sequence[Leaf], columns: Sequence[str]) -> Matches:
    """Match columns to fields by name: each column feeds one field at most, and sure matches go before guesses.

    A unit in brackets behind a name is left aside; where the field `<name>_unit` knows it, it is taken over from there.
    """
    found: dict[str, Match] = {}
    free = {column: _plain(column) for column in columns}
    for leaf in leaves:
        names = _names(leaf)
        column = next((each for each, (plain, _) in free.items() if plain in names), None)
        if column is not None:
            found[leaf.path] = _sure(column, free.pop(column)[1])
    for leaf in leaves:
        if leaf.path not in found and (guess := _alike(leaf, free)):
            found[leaf.path] = guess
            free.pop(guess.column)
    common: dict[str, str] = {}
    for leaf in leaves:
        of = found.get(leaf.path.removesuffix("_unit"))
        if leaf.path.endswith("_unit") and of and leaf.path not in found:
            unit = next((each for each in leaf.choices if _same_unit(each, of.unit)), "")
            if unit:
                common[leaf.path] = unit
                found[leaf.path.removesuffix("_unit")] = replace(of, why=f"The same name, with its unit, {unit}.")
    return Matches(found, common)


def _sure(column: str, unit: str) -> Match:
    if not unit:
        return Match(column, "The same name.")
    return Match(column, f"The same name, in {unit}: see that the agent takes it so.", unit=unit)


def _alike(leaf: Leaf, free: Mapping[str, tuple[str, str]]) -> Match | None:
    """The column whose name is most like that of the field, where it is like enough."""
    likeness = {
        column: max(SequenceMatcher(None, plain, name).ratio() for name in _names(leaf))
        for column, (plain, _) in free.items()
        if plain
    }
    best = max(likeness, key=lambda column: likeness[column], default=None)
    if best is None or likeness[best] < ALIKE:
        return None
    return Match(best, "The names are alike: see whether it is the right one.", is_guess=True, unit=free[best][1])


def _names(leaf: Leaf) -> set[str]:
    return {_words(each) for each in (leaf.path, leaf.path.rpartition(".")[2], leaf.title)}


def _plain(column: str) -> tuple[str, str]:
    """The name of a column as it is compared, and the unit that stood behind it."""
    unit = _UNIT.search(column)
    return _words(column[: unit.start()] if unit else column), unit[1] if unit else ""


def _words(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


def _same_unit(one: str, other: str) -> bool:
    return one.casefold().replace("µ", "u").replace("μ", "u") == other.casefold().replace("µ", "u").replace("μ", "u")


def cells_read(cells: polars.Series, leaf: Leaf) -> list[Any]:
    """The values of a column for a field; None where a cell is empty.

    A cell that cannot be read stays as it is: the agent's model says what is wrong with it.
    """
    if leaf.kind in {"number", "integer"}:
        read = numbers.read(cells)
        triples = zip(cells.to_list(), read.values.to_list(), read.bad.to_list(), strict=True)
        return [raw if bad else _number(value, leaf.kind) for raw, value, bad in triples]
    return [_read(raw, leaf.kind) for raw in cells.to_list()]


def _number(value: float | None, kind: Kind) -> float | int | None:
    return int(value) if value is not None and kind == "integer" and value.is_integer() else value


def _read(raw: Any, kind: Kind) -> Any:
    if raw is None:
        return None
    if not isinstance(raw, str):
        return raw if isinstance(raw, bool | int | float) and kind == "flag" else str(raw)
    text = raw.strip()
    if text == "":
        return None
    if kind == "list":
        return [part.strip() for part in text.split(SEPARATOR) if part.strip()]
    if kind == "json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text
