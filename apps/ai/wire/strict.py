"""JSON schemas as strict structured output takes them: every property required, and nothing else allowed.

A property that may be left out becomes one that may be null, and a null that stands for nothing is taken out of the
answer again. What cannot be said so (objects with free names) is asked for without strictness: the answer is checked
against the schema in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_KEPT: Final = frozenset(
    {"type", "enum", "const", "description", "anyOf", "$ref", "properties", "required", "additionalProperties", "items",
     "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems",
     "maxItems", "$defs", "definitions"}
)  # fmt: skip
"""Every other word is left out; the answer is held to it all the same."""
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_UNKNOWN: Final = frozenset(
    {"allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
     "propertyNames", "prefixItems", "contains", "unevaluatedProperties"}
)  # fmt: skip
_DEEPEST: Final = 5
"""Choices within choices that are looked into."""


class NotStrict(Exception):
    """A schema that strict output cannot say."""


def strict(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema in its strict form; None where there is none."""
    try:
        made = _strict(schema)
    except NotStrict:
        return None
    return made if made.get("type") == "object" else None


def _strict(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or not schema or _UNKNOWN & schema.keys():
        raise NotStrict
    made: dict[str, Any] = {name: value for name, value in schema.items() if name in _KEPT}
    if "oneOf" in schema:
        made["anyOf"] = schema["oneOf"]
    if made.get("format") not in _FORMATS:
        made.pop("format", None)
    if "$ref" in made:
        if not str(made["$ref"]).startswith("#/"):
            raise NotStrict
        return {"$ref": made["$ref"]}
    if "anyOf" in made:
        made["anyOf"] = [_strict(each) for each in made["anyOf"]]
    elif "enum" not in made and "const" not in made and "type" not in made:
        raise NotStrict
    for name in ("$defs", "definitions"):
        if name in made:
            made[name] = {key: _strict(each) for key, each in made[name].items()}
    if "items" in made:
        made["items"] = _strict(made["items"])
    elif made.get("type") == "array":
        raise NotStrict
    if made.get("type") == "object" or "properties" in made:
        made |= _object(made)
    return made


def _object(schema: Mapping[str, Any]) -> dict[str, Any]:
    if schema.get("additionalProperties") not in (None, False) or not schema.get("properties"):
        raise NotStrict
    needed = set(schema.get("required", ()))
    properties = {
        name: _strict(each) if name in needed else _or_null(_strict(each))
        for name, each in schema["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("anyOf")
    if choices is not None:
        return schema if {"type": "null"} in choices else {**schema, "anyOf": [*choices, {"type": "null"}]}
    return {"anyOf": [schema, {"type": "null"}]}


def without_fillers(data: Any, schema: Mapping[str, Any]) -> Any:
    """The answer without the nulls that only stand for a property that was left out."""
    return _bare(data, schema, schema)


def _bare(data: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    choices = list(_choices(schema, root))
    if isinstance(data, dict):
        own = next((each for each in choices if _is_of(data, each)), {})
        properties, needed = own.get("properties", {}), own.get("required", ())
        return {
            name: _bare(value, properties.get(name, {}), root)
            for name, value in data.items()
            if not (value is None and name in properties and name not in needed)
        }
    if isinstance(data, list):
        items: Any = next((each["items"] for each in choices if "items" in each), {})
        return [_bare(each, items, root) for each in data]
    return data


def _choices(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """The schema, and each that it may be by choice, behind references."""
    schema = _resolved(schema, root)
    yield schema
    if depth < _DEEPEST:
        for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _choices(each, root, depth + 1)


def _is_of(data: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether an object is of this one of several schemas, by its names and constants."""
    properties = schema.get("properties", {})
    fixed = {name: each["const"] for name, each in properties.items() if isinstance(each, dict) and "const" in each}
    return bool(properties) and data.keys() <= properties.keys() and all(data.get(n) == v for n, v in fixed.items())


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(20):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        target: Any = root
        for part in str(schema["$ref"])[2:].split("/"):
            target = target.get(part, {}) if isinstance(target, Mapping) else {}
        schema = target
    return schema if isinstance(schema, Mapping) else {}
