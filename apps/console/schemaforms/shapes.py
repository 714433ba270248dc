"""What a model declares, as far as a form needs it: a tree of shapes made from its JSON schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema, to_jsonable_python

Kind = Literal[
    "text", "longtext", "integer", "number", "choice", "flag", "date", "time", "datetime", "duration", "secret",
    "json", "group", "list", "union",
]  # fmt: skip
TYPED: Final = frozenset({"integer", "number", "date", "time", "datetime", "duration", "choice"})
"""Kinds of which spaces around what was entered mean nothing."""
NESTED: Final = frozenset({"group", "list", "union"})
LONG: Final = 500
"""A text that may have more characters gets a text area."""
DEEPEST: Final = 6
"""Levels of models in models that are entered by fields; what lies deeper, and what holds itself, is JSON."""
MOST_ROWS, MOST_CELLS = 300, 3_000
"""Rows and cells that a list may have to be edited in the page; beyond that it is JSON."""
UNSET: Final = object()

_BY_TYPE: Final[dict[str, Kind]] = {"integer": "integer", "number": "number", "boolean": "flag", "string": "text"}
_BY_FORMAT: Final[dict[str, Kind]] = {
    "date": "date", "time": "time", "date-time": "datetime", "duration": "duration", "password": "secret",
}  # fmt: skip
_HINTS: Final[dict[Kind, str]] = {
    "json": "As JSON.",
    "datetime": "With its zone, as 2026-11-25T16:40+01:00.",
    "duration": "As 01:30:00 for hours, minutes and seconds, or P2DT6H for two days and six hours.",
}


@dataclass(frozen=True)
class Shape:
    """One value of a model. `parts` are the fields of a group, the item of a list, or the alternatives of a union."""

    name: str
    kind: Kind
    label: str
    help: str = ""
    required: bool = True
    nullable: bool = False
    default: Any = field(default=UNSET, compare=False)
    """As JSON; `UNSET` where there is none."""
    unit: str = ""
    suggest: bool = False
    """Whether whoever has the form helps to type it."""
    example: Any = None
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None
    values: tuple[Any, ...] = ()
    """Of a choice."""
    labels: Mapping[str, str] = field(default_factory=dict)
    exact: bool = False
    """A number that is read as it is written: a decimal."""
    parts: tuple[Shape, ...] = ()
    preferred: int | None = None
    """Of a union: the alternative that is offered, unless what is there is of another."""
    tag: tuple[str, Any] | None = None
    """The property and its value by which this alternative of a union is told from the others."""

    @cached_property
    def hint(self) -> str:
        """What helps to enter it."""
        shown = self.example if isinstance(self.example, str) else json.dumps(self.example, ensure_ascii=False)
        example = f"For example {shown}." if self.example is not None else ""
        return " ".join(filter(None, [self.help, _HINTS.get(self.kind, ""), example]))

    @cached_property
    def item(self) -> Shape:
        """Of a list: what each of its rows is."""
        return self.parts[0]

    @cached_property
    def is_table(self) -> bool:
        """A list whose rows have a value for each column."""
        return self.kind == "list" and self.item.kind == "group" and not any(p.kind in NESTED for p in self.item.parts)

    @cached_property
    def columns(self) -> tuple[Shape, ...]:
        """Of a list with simple rows: what stands in each; empty where a row is more than a line."""
        if self.is_table:
            return self.item.parts
        return () if self.item.kind in NESTED else (self.item,)

    @cached_property
    def most_rows(self) -> int:
        """How many rows of this list are edited in the page."""
        return max(1, min(MOST_ROWS, MOST_CELLS // max(1, _cells(self.item))))

    @cached_property
    def spare(self) -> bool:
        """Whether a row in which nothing was entered is told from one that is meant: something in it is required."""
        line = self.item.parts if self.item.kind == "group" else (self.item,)
        return any(leaf.required and not leaf.nullable and leaf.kind not in {"flag", *NESTED} for leaf in line)

    @cached_property
    def by_name(self) -> dict[str, Shape]:
        return {part.name: part for part in self.parts}


def _cells(shape: Shape) -> int:
    return sum(_cells(part) for part in shape.parts) if shape.parts else 1


class _Schema(GenerateJsonSchema):
    """Tells lists and objects that a factory makes as defaults too: a form shows what holds when nothing is said."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        told = super().default_schema(schema)
        factory = schema.get("default_factory")
        if factory is None or schema.get("default_factory_takes_data"):
            return told
        made = to_jsonable_python(factory(), fallback=str)  # type: ignore[call-arg]
        return {**told, "default": made} if isinstance(made, list | dict) else told

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A decimal is a number that is kept as it is written, not a number or a text."""
        told = super().decimal_schema(schema)
        return {**next(iter(told.get("anyOf", [told]))), "exact": True}


_SHAPES: WeakKeyDictionary[type[BaseModel], Shape] = WeakKeyDictionary()


def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a model: a group. It is made once."""
    if model not in _SHAPES:
        schema = model.model_json_schema(schema_generator=_Schema)
        _SHAPES[model] = _Reader(schema.get("$defs", {})).group("", schema, 0)
    return _SHAPES[model]


def suggested(shape: Shape, path: str = "") -> Iterator[str]:
    """The paths, without numbers of rows, of what a person is helped to type."""
    if shape.suggest:
        yield path
    for part in shape.parts:
        yield from suggested(part, ".".join(filter(None, [path, part.name])))


@dataclass
class _Reader:
    """Reads shapes out of one JSON schema."""

    defs: Mapping[str, Any]
    within: tuple[str, ...] = ()
    """References that are being read: what holds itself has no end."""

    def group(self, name: str, schema: Mapping[str, Any], depth: int) -> Shape:
        required = schema.get("required", [])
        parts = tuple(
            self.shape(key, part, required=key in required, depth=depth + 1)
            for key, part in schema.get("properties", {}).items()
        )
        return Shape(name, "group", label=str(schema.get("title", "")), parts=parts)

    def shape(self, name: str, declared: Mapping[str, Any], *, required: bool, depth: int) -> Shape:
        """The shape of a property, with what its declaration says besides its type."""
        declared = _without_layers(declared)
        options = [self._resolved(option) for option in self._options(declared)]
        plain = [(option, reference) for option, reference in options if option.get("type") != "null"]
        made = self._of(name, declared, plain, depth)
        told = {**plain[0][0], **declared} if len(plain) == 1 else declared
        made = _spread(made, unit=str(told.get("unit", "")), suggest=bool(told.get("suggest")))
        return replace(
            made,
            label=_label(name, str(declared.get("title") or made.label)),
            help=str(declared.get("description", made.help)),
            required=required,
            nullable=made.nullable or len(plain) < len(options),
            default=declared.get("default", UNSET),
            example=next(iter(told.get("examples") or []), None),
        )

    def _of(self, name: str, declared: Mapping[str, Any], plain: list[tuple[dict[str, Any], str]], depth: int) -> Shape:
        if len(plain) == 1 and not self._is_optional_group(declared, plain):
            return self._single(name, *plain[0], declared, depth)
        tag = declared.get("discriminator", {}).get("propertyName", "")
        said = {key: declared[key] for key in ("long", "labels") if key in declared}
        parts = [self._alternative({**option, **said}, reference, tag, depth) for option, reference in plain]
        kinds = ["text" if part.kind == "longtext" else part.kind for part in parts]
        wanted, nothing = declared.get("form"), len(plain) < len(self._options(declared))
        preferred = kinds.index(wanted) if wanted in kinds and not nothing else None
        return Shape(name, "union", "", parts=tuple(parts), preferred=preferred) if parts else Shape(name, "json", "")

    def _is_optional_group(self, declared: Mapping[str, Any], plain: list[tuple[dict[str, Any], str]]) -> bool:
        """A model or nothing: whether it is there has to be asked."""
        return "properties" in plain[0][0] and len(self._options(declared)) > 1

    def _alternative(self, option: dict[str, Any], reference: str, tag: str, depth: int) -> Shape:
        made = self._single("", option, reference, option, depth)
        label = _CAPITAL.sub(_lowered, str(option.get("title", ""))) or _WORDS.get(made.kind, made.kind.capitalize())
        value = option.get("properties", {}).get(tag, {}).get("const") if tag else None
        if value is None:
            return replace(made, label=str(label))
        # The tag is chosen with the alternative, and not entered once more.
        parts = tuple(part for part in made.parts if part.name != tag)
        return replace(made, label=str(label), tag=(tag, value), parts=parts)

    def _single(
        self, name: str, plain: dict[str, Any], reference: str, declared: Mapping[str, Any], depth: int
    ) -> Shape:
        if (reference and reference in self.within) or depth > DEEPEST:
            return Shape(name, "json", "")
        below = replace(self, within=(*self.within, reference))
        if "properties" in plain and not plain.get("additionalProperties"):
            return below.group(name, plain, depth)
        items = plain.get("items")
        if plain.get("type") == "array" and items:
            item = below.shape("", items, required=True, depth=depth + 1)
            return Shape(name, "list", "", parts=(item,), longest=plain.get("maxItems"))
        return _scalar(name, plain, {**plain, **declared})

    def _options(self, declared: Mapping[str, Any]) -> list[dict[str, Any]]:
        options: list[dict[str, Any]] = declared.get("anyOf") or declared.get("oneOf") or declared.get("allOf") or [{}]
        if "anyOf" in declared or "oneOf" in declared or "allOf" in declared:
            return options
        return [dict(declared)]

    def _resolved(self, option: dict[str, Any]) -> tuple[dict[str, Any], str]:
        reference = option.get("$ref", "").rpartition("/")[2]
        beside = {key: value for key, value in option.items() if key != "$ref"}
        return ({**self.defs.get(reference, {}), **beside} if reference else option), reference


def _without_layers(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """A union or nothing, which is a union in a union, as one."""
    within = [(at, each) for at, each in enumerate(declared.get("anyOf", [])) if "oneOf" in each or "anyOf" in each]
    if len(within) != 1:
        return declared
    at, union = within[0]
    options = [*declared["anyOf"]]
    options[at : at + 1] = union.get("oneOf") or union["anyOf"]
    beside = {key: value for key, value in union.items() if key not in {"oneOf", "anyOf"}}
    return {**beside, **declared, "anyOf": options}


def _label(name: str, title: str) -> str:
    """What a field is called: by its title, or by its name where pydantic has made the title of that."""
    words = name.replace("_", " ")
    return title if title and title != words.title() else words.capitalize()


_CAPITAL: Final = re.compile(r"(?<=[a-z])[A-Z](?=[a-z])")
"""Where a new word begins in the name of a class, which is the title of a model that has none."""


def _lowered(found: re.Match[str]) -> str:
    return f" {found[0].lower()}"


_WORDS: Final[dict[Kind, str]] = {"flag": "Yes or no", "json": "JSON", "longtext": "Text"}


def _scalar(name: str, plain: Mapping[str, Any], told: Mapping[str, Any]) -> Shape:
    every = tuple(plain["enum"]) if "enum" in plain else (plain["const"],) if "const" in plain else ()
    values = tuple(value for value in every if value is not None)
    kind: Kind = "choice" if values else _BY_TYPE.get(str(plain.get("type")), "json")
    longest = plain.get("maxLength")
    if kind == "text":
        kind = _BY_FORMAT.get(plain.get("format", ""), kind)
    if kind == "text" and told.get("long", (longest or 0) > LONG):
        kind = "longtext"
    return Shape(
        name,
        kind,
        label="",
        minimum=plain.get("minimum", plain.get("exclusiveMinimum")),
        maximum=plain.get("maximum", plain.get("exclusiveMaximum")),
        longest=longest,
        values=values,
        labels=told.get("labels", {}),
        nullable=len(values) < len(every),
        exact=bool(plain.get("exact")),
    )


def _spread(shape: Shape, *, unit: str, suggest: bool) -> Shape:
    """What is declared of a list, or of a union, is said of each value in it."""
    if shape.kind in {"list", "union"}:
        return replace(shape, parts=tuple(_spread(part, unit=unit, suggest=suggest) for part in shape.parts))
    if shape.kind == "group":
        return shape
    return replace(shape, unit=unit or shape.unit, suggest=suggest or shape.suggest)
