"""What is known of values before they exist: JSON schemas, followed along references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.common.paths import path_text
from apps.workflows.functions import FUNCTIONS
from apps.workflows.values import CEL, Reference, text_parse

Schema = Mapping[str, Any]
Known = Callable[[Reference], Schema]
"""The schema of what a reference names. Raises `NotThere`."""

ANYTHING: Final[Schema] = {}
_PYTHON: Final = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class NotThere(LookupError):
    """A reference names what cannot be there; the text says where it ends and what there is."""


def types_of(schema: Schema, whole: Schema | None = None) -> frozenset[str]:
    """The JSON types that values of a schema may have; empty for anything."""
    whole = schema if whole is None else whole
    schema = resolved(schema, whole)
    if "const" in schema:
        return frozenset({_type_of_literal(schema["const"])})
    if "enum" in schema:
        return frozenset(map(_type_of_literal, schema["enum"]))
    if isinstance(given := schema.get("type"), str):
        return frozenset({given})
    if isinstance(given, list):
        return frozenset(given)
    found: set[str] = set()
    for part in schema.get("anyOf") or schema.get("oneOf") or []:
        types = types_of(part, whole)
        if not types:
            return frozenset()
        found |= types
    return frozenset(found)


def resolved(schema: Schema, whole: Schema) -> Schema:
    """A schema with its `$ref`, if it is one, followed within `whole`."""
    for _ in range(20):
        ref = schema.get("$ref")
        if not isinstance(ref, str):
            return schema
        target: Any = whole
        for part in ref.removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return ANYTHING


def schema_at(schema: Schema, path: tuple[str | int, ...], *, named: tuple[str | int, ...] = ()) -> Schema:
    """The schema of what lies at `path` below a value of `schema`; anything where that is not told.

    `named` is the path that led there, for the text. Raises `NotThere`.
    """
    whole = schema
    for at, part in enumerate(path):
        here = path_text((*named, *path[:at]))
        schema = _below(schema, part, whole, here)
    found = resolved(schema, whole)
    return {**found, "$defs": whole["$defs"]} if "$defs" in whole and "$defs" not in found else found


def _below(schema: Schema, part: str | int, whole: Schema, here: str) -> Schema:
    schema = resolved(schema, whole)
    choices = list(schema.get("anyOf") or schema.get("oneOf") or [])
    if choices:
        return _below_choices([each for each in choices if types_of(each, whole) != {"null"}], part, whole, here)
    types = types_of(schema, whole)
    if not types:
        return ANYTHING
    if isinstance(part, int):
        if "array" not in types:
            raise NotThere(f"`{here}` is {_told(types)} and has no items.")
        items = schema.get("items", ANYTHING)
        return items if isinstance(items, Mapping) else ANYTHING
    if "object" not in types:
        raise NotThere(f"`{here}` is {_told(types)} and has no field `{part}`.")
    properties = schema.get("properties", {})
    if part in properties:
        return properties[part]  # type: ignore[no-any-return]
    additional = schema.get("additionalProperties", not properties)
    if additional is False or (additional is True and properties and "additionalProperties" not in schema):
        raise NotThere(f"`{here}` has no field `{part}`; it has {', '.join(properties) or 'none'}.")
    return additional if isinstance(additional, Mapping) else ANYTHING


def _below_choices(choices: list[Schema], part: str | int, whole: Schema, here: str) -> Schema:
    found, refusal = [], None
    for each in choices:
        try:
            found.append(_below(each, part, whole, here))
        except NotThere as error:
            refusal = error
    if not found and refusal is not None:
        raise refusal
    return found[0] if len(found) == 1 else {"anyOf": found} if found else ANYTHING


def schema_of_value(value: Any, known: Known | None = None) -> dict[str, Any]:
    """The schema of a value of a definition; what it refers to is anything where `known` is not given."""
    if isinstance(value, str):
        parts = text_parse(value)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return dict(known(parts[0])) if known else {}
        for part in parts:
            if known and isinstance(part, Reference):
                known(part)
        return {"type": "string"} if len(parts) != 1 else {"type": "string", "const": parts[0]}
    if isinstance(value, Mapping):
        if len(value) == 1 and str(next(iter(value))).startswith("$"):
            return _of_call(value, known)
        return {
            "type": "object",
            "properties": {str(key): schema_of_value(item, known) for key, item in value.items()},
            "required": [str(key) for key in value],
            "additionalProperties": False,
        }
    if isinstance(value, list):
        items = [schema_of_value(item, known) for item in value]
        return {"type": "array", **({"items": items[0]} if len(items) == 1 else {})}
    return {"type": _type_of_literal(value), "const": value}


def _of_call(value: Mapping[str, Any], known: Known | None) -> dict[str, Any]:
    ((key, given),) = value.items()
    if key == CEL:
        return _of_expression(given, known)
    function = FUNCTIONS[str(key)[1:]]
    parts = given if isinstance(given, list) and function.most != 1 else [given]
    found = [schema_of_value(part, known) for part in parts]
    if function.name == "default":
        return found[1] if not types_of(found[0]) else {"anyOf": found}
    if function.gives == "same":
        return found[0] if "array" in types_of(found[0]) else {"type": "array"}
    return {} if function.gives == "any" else {"type": function.gives}


def _of_expression(source: str, known: Known | None) -> dict[str, Any]:
    from apps.workflows.cel.checking import expression_parse  # only where there are expressions

    expression = expression_parse(source)
    found = {reference: known(reference) for reference in expression.references} if known else {}
    if isinstance(expression.gives, Reference):
        return dict(found.get(expression.gives, {}))
    return {"type": expression.gives} if expression.gives else {}


def fits(given: Schema, wanted: Schema) -> bool:
    """Whether a value of `given` may be one of `wanted`, by their types; True where either tells nothing."""
    have, want = types_of(given), types_of(wanted)
    if not have or not want:
        return True
    if "number" in want:
        want |= {"integer"}
    if "integer" in want and "number" in have:
        have |= {"integer"}
    return bool(have & want)


def _type_of_literal(value: Any) -> str:
    return _PYTHON.get(type(value), "null")


def _told(types: frozenset[str]) -> str:
    words = {"string": "a text", "array": "a list", "object": "an object", "null": "nothing"}
    return " or ".join(words.get(each, f"{'an' if each[0] in 'aio' else 'a'} {each}") for each in sorted(types))


def told(schema: Schema) -> str:
    """The types of a schema in words."""
    return _told(types_of(schema)) or "anything"
