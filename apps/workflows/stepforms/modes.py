"""The ways to enter a value: typed, picked from earlier, a text with values in it, computed, or data as YAML.

The way is told by the value itself, so that a definition is all that has to be kept. What was typed and is no value yet
is kept as well, as something that no check lets pass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal

from apps.common.errors import InvalidInput
from apps.common.yamls import text_read, text_write
from apps.workflows.json_schemas import Schema, resolved, types_of
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.values import CEL, BadValue, Reference, text_parse

Mode = Literal[
    "unset", "text", "number", "flag", "choice", "date", "list", "object", "from", "computed", "data", "nothing"
]
WORDS: Final[dict[Mode, str]] = {
    "unset": "Not given",
    "text": "Text",
    "number": "Number",
    "flag": "Yes or no",
    "choice": "Choice",
    "date": "Date",
    "list": "List",
    "object": "Fields",
    "from": "From earlier",
    "computed": "Computed",
    "data": "Data (YAML)",
    "nothing": "Nothing (null)",
}
UNREAD: Final = "$data"
"""The key under which a text is kept that is meant as data and cannot be read: no function has this name."""
UNPICKED: Final = "${}"
"""A reference that is yet to be picked."""
DEEPEST: Final = 3
"""Levels of lists and mappings that are entered by fields; what lies deeper is data."""

_NUMBER: Final = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?")
_INTEGER: Final = re.compile(r"-?\d{1,300}")


def plain_schema(wanted: Schema) -> Schema:
    """A schema without its being nullable, as its own root: what a person is to enter."""
    found = resolved(wanted, wanted)
    for _ in range(4):
        options = list(found.get("anyOf") or found.get("oneOf") or found.get("allOf") or [])
        plain = [each for each in options if types_of(each, wanted) != {"null"}]
        if len(plain) != 1:
            break
        beside = {key: value for key, value in found.items() if key not in {"anyOf", "oneOf", "allOf"}}
        found = {**resolved(plain[0], wanted), **beside}
    return {**found, **({"$defs": wanted["$defs"]} if "$defs" in wanted else {})}


def choices_of(wanted: Schema) -> list[Any]:
    """What a value is one of, as far as its schema tells."""
    schema = plain_schema(wanted)
    listed = list(schema.get("enum", [])) or ([schema["const"]] if "const" in schema else [])
    return [each for each in listed if each is not None]


def items_of(wanted: Schema) -> Schema:
    """The schema of each item of a list."""
    schema = plain_schema(wanted)
    items = schema.get("items", {})
    defs = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    return {**items, **defs} if isinstance(items, Mapping) else {}


def fields_of(wanted: Schema) -> tuple[dict[str, Schema], list[str]]:
    """Of a schema of an object: its fields, those first that have to be given, and which these are."""
    schema = plain_schema(wanted)
    defs = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    required = [name for name in schema.get("required", []) if name in schema.get("properties", {})]
    names = [*required, *(name for name in schema.get("properties", {}) if name not in required)]
    return {name: {**schema["properties"][name], **defs} for name in names}, required


def mode_of(value: Any, wanted: Schema, *, depth: int = 0) -> Mode:
    """The way that a value is entered where `wanted` is asked for; `unset` for one that is not there."""
    if value is ABSENT:
        return "unset"
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return _mode_of_text(value, wanted)
    if isinstance(value, bool | int | float):
        if value in choices_of(wanted):
            return "choice"
        return "flag" if isinstance(value, bool) else "number"
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(CEL), str):
        return "computed"
    if isinstance(value, Mapping) and depth < DEEPEST and not any(_is_odd(key) for key in value):
        return "object"
    return "list" if isinstance(value, list) and depth < DEEPEST else "data"


def _is_odd(key: Any) -> bool:
    return not isinstance(key, str) or key.startswith("$")


def _mode_of_text(value: str, wanted: Schema) -> Mode:
    if reference_of(value) is not None or value.strip() == UNPICKED:
        return "from"
    if value in choices_of(wanted) or (value == "" and choices_of(wanted)):
        return "choice"
    if "${" in value or "\n" in value:
        return "text"
    mode = typed_mode(wanted)
    return mode if mode in {"number", "flag", "date"} else "text"


def reference_of(value: Any) -> Reference | None:
    """The reference that a value is, where it is one and nothing else."""
    if not isinstance(value, str):
        return None
    try:
        parts = text_parse(value)
    except BadValue:
        return None
    only = parts[0] if len(parts) == 1 else None
    return only if isinstance(only, Reference) else None


def typed_mode(wanted: Schema) -> Mode:
    """How a value of this schema is typed in."""
    if choices_of(wanted):
        return "choice"
    types = types_of(wanted) - {"null"}
    if types and types <= {"number", "integer"}:
        return "number"
    if types == {"boolean"}:
        return "flag"
    if types == {"array"}:
        return "list"
    if types == {"object"}:
        return "object"
    return "date" if plain_schema(wanted).get("format") == "date" else "text"


def modes_of(wanted: Schema, *, optional: bool, depth: int = 0) -> list[Mode]:
    """The ways that are offered, the simplest first."""
    types = types_of(wanted)
    mode = typed_mode(wanted)
    made: list[Mode] = ["unset"] if optional else []
    made.append(mode)
    if not types - {"null"}:
        made += ["number", "flag", "list", "object"]
    if len(types - {"null"}) > 1:
        made += [_BY_TYPE[each] for each in sorted(types) if each in _BY_TYPE]
    if depth >= DEEPEST:
        made = [each for each in made if each not in {"list", "object"}]
    made += ["from", "computed", "data"]
    if not types or "null" in types:
        made.append("nothing")
    return list(dict.fromkeys(made))


_BY_TYPE: Final[dict[str, Mode]] = {
    "string": "text", "number": "number", "integer": "number", "boolean": "flag", "array": "list", "object": "object",
}  # fmt: skip


def converted(value: Any, mode: Mode, wanted: Schema) -> Any:
    """The value to begin with in another way of entering it; `ABSENT` for none."""
    makers: dict[Mode, Callable[[], Any]] = {
        "unset": lambda: ABSENT,
        "nothing": lambda: None,
        "from": lambda: value if reference_of(value) else UNPICKED,
        "computed": lambda: {CEL: _as_cel(value)},
        "list": lambda: value if isinstance(value, list) else [] if _is_blank(value) else [value],
        "object": lambda: value if isinstance(value, Mapping) and mode_of(value, {}) == "object" else {},
        "data": lambda: (
            value if mode_of(value, {}) == "data" else {UNREAD: "" if _is_blank(value) else data_text(value)}
        ),
        "flag": lambda: value if isinstance(value, bool) else False,
        "number": lambda: _as_number(value, wanted),
        "choice": lambda: value if value in choices_of(wanted) else "",
    }
    make = makers.get(mode)
    if make is not None:
        return make()
    return value if isinstance(value, str) and reference_of(value) is None else _as_text(value)


def _as_number(value: Any, wanted: Schema) -> Any:
    read = number_read(value) if isinstance(value, str) else value
    if isinstance(read, int | float) and not isinstance(read, bool):
        return read
    return "" if types_of(wanted) else 0


def _is_blank(value: Any) -> bool:
    return value is ABSENT or (isinstance(value, str | None) and value in {None, "", UNPICKED})


def _as_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _as_cel(value: Any) -> str:
    """An expression that gives what was there, where there is a short one."""
    reference = reference_of(value)
    if reference is not None:
        return str(reference)[2:-1]
    plain = isinstance(value, str | int | float | bool) and value not in ("", UNPICKED)
    return json.dumps(value, ensure_ascii=False) if plain else ""


def number_read(text: str) -> Any:
    """A number, where a text is one; else the text, of which a check says what is wrong."""
    text = text.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return value if abs(value) != float("inf") else text


def number_text(value: Any) -> str:
    """A number as it is typed; `number_read` gives it back."""
    return value if isinstance(value, str) else json.dumps(value)


def data_read(text: str, before: Any) -> Any:
    """Data from what was typed as YAML. What cannot be read is kept, under `UNREAD`."""
    if before is not ABSENT and data_text(before) == text:
        return before
    try:
        found = text_read(text)
    except InvalidInput:
        return {UNREAD: text}
    return {UNREAD: text} if found is None or _has_others(found) else found


def data_fault(text: str) -> str:
    """Why a text is no data yet; what can be read is told to be changed, as it is kept for a text until then."""
    if not text.strip():
        return ""
    try:
        found = text_read(text)
    except InvalidInput as problem:
        told = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in problem.issues)
        return f"This cannot be read as YAML: {told}."
    return "Dates and keys that are no text have no place here." if _has_others(found) else ""


def _has_others(value: Any) -> bool:
    """Whether there is anything in it that JSON does not have, as a date of YAML."""
    if isinstance(value, Mapping):
        return any(not isinstance(key, str) or _has_others(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_has_others, value))
    return not (value is None or isinstance(value, str | bool | int | float))


def data_text(value: Any) -> str:
    """Data as YAML, as it is shown; of what could not be read what was typed."""
    if value is ABSENT:
        return ""
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(UNREAD), str):
        return str(value[UNREAD])
    return text_write(value).removesuffix("...\n").rstrip("\n")


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
