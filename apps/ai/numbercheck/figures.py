"""What a text may quote: the figures of data, with their units, and what else in it holds numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final, Literal

from pydantic import BaseModel

from apps.ai.numbercheck.units import unit_of_name, unit_said
from apps.ai.schemas import Schema, choices, of_item, of_property, schema_of

_DEEPEST: Final = 64
_NUMERIC = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Figure:
    """Something in data that holds a number."""

    path: str
    """Where, such as ``output.series[2].mean``."""
    value: Decimal | None
    """None of a text."""
    unit: str = ""
    """As `units` spells it; empty: not known."""
    what: Literal["value", "count", "text"] = "value"
    """A figure; the length of a list; or a text (or the name of a field) with numbers in it."""
    text: str = ""
    is_whole: bool = False
    """Whether it is an integer by type: no share."""


def figures_of(value: Any, schema: type[BaseModel] | Schema | None = None, *, path: str = "") -> list[Figure]:
    """All in `value`, a model or JSON, that a text may quote. Units are those that `schema` declares (`"unit"`), that
    stand beside a figure in a field `unit`, or that the name of its field ends with. A model brings its own schema."""
    if isinstance(value, BaseModel):
        schema = schema or type(value)
        value = value.model_dump(mode="json")
    declared = schema_of(schema)
    return list(_walk(value, [declared], declared, path, "", "", 0))


def _walk(
    value: Any, schemas: list[Schema], root: Schema, path: str, name: str, beside: str, depth: int
) -> Iterator[Figure]:
    if depth > _DEEPEST:
        raise ValueError(f"{path} has more than {_DEEPEST} levels.")
    schemas = choices(schemas, root)
    unit = next((unit_said(str(each["unit"])) for each in schemas if each.get("unit")), "") or beside
    if isinstance(value, Mapping):
        said = value.get("unit")
        held = unit_said(said) if isinstance(said, str) else beside
        for key, item in value.items():
            at = f"{path}.{key}" if path else str(key)
            if any(letter.isdigit() for letter in str(key)):
                yield Figure(at, None, what="text", text=str(key))
            parts = list(of_property(schemas, str(key)))
            yield from _walk(item, parts, root, at, str(key), held, depth + 1)
    elif isinstance(value, list | tuple):
        yield Figure(path, Decimal(len(value)), what="count", is_whole=True)
        for place, item in enumerate(value):
            parts = list(of_item(schemas, place))
            yield from _walk(item, parts, root, f"{path}[{place}]", name, unit, depth + 1)
    elif isinstance(value, str):
        yield from _of_text(value, path, unit or unit_of_name(name))
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool) and isfinite(value):
        whole = isinstance(value, int)
        yield Figure(path, Decimal(str(value)), unit or unit_of_name(name), is_whole=whole)


def _of_text(text: str, path: str, unit: str) -> Iterator[Figure]:
    """A decimal comes as a text in JSON: it is a figure. Anything else is a text."""
    if _NUMERIC.fullmatch(text.strip()) and not re.match(r"[-+]?0\d", text.strip()):
        try:
            yield Figure(path, Decimal(text.strip()), unit, is_whole=text.strip().lstrip("+-").isdigit())
        except InvalidOperation:
            return
    elif any(letter.isdigit() for letter in text):
        yield Figure(path, None, what="text", text=text)
