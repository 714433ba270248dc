"""What making a form and reading it agree on: how a value stands in a field, and when fields are not enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.workflows.json_schemas import Schema
from apps.workflows.shapes import label_of
from apps.workflows.stepforms import modes
from apps.workflows.stepforms.posts import ABSENT
from apps.workflows.stepforms.shapes import Shape

YAML: Final = ".yaml"
"""The end of the name of what is entered as YAML because it has not the form that its fields would need."""


def is_of(shape: Shape, raw: Any) -> bool:
    """Whether what is there has the form that the fields of a shape need; else it is entered as YAML."""
    if raw is ABSENT or (raw is None and shape.nullable):
        return True
    if shape.kind in {"group", "pairs", "fields"}:
        keys = isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw)
        return keys and (shape.kind != "pairs" or not any(str(key).startswith("$") for key in raw))
    if shape.kind in {"steps", "many"}:
        return isinstance(raw, list) and all(isinstance(each, str) for each in raw) and len(set(raw)) == len(raw)
    if shape.kind == "rows":
        return isinstance(raw, list)
    if shape.kind == "condition":
        return isinstance(raw, Mapping) and is_condition(raw)
    if shape.kind in {"value", "plain"}:
        return True
    return raw is not None and not isinstance(raw, Mapping | list)


def is_condition(raw: Any) -> bool:
    """Whether it can be drawn: a test or a group of such, with nothing else in it."""
    if not isinstance(raw, Mapping):
        return False
    words = [each for each in ("all", "any", "none") if each in raw]
    if words:
        return len(raw) == 1 and isinstance(raw[words[0]], list) and all(map(is_condition, raw[words[0]]))
    return set(raw) <= {"field", "op", "value"} and all(isinstance(raw.get(key, ""), str) for key in ("field", "op"))


def control_of(shape: Shape, raw: Any, beside: Mapping[str, Any]) -> str:
    """What a leaf is entered with."""
    if shape.kind not in {"plain", "choice", "flag"} and isinstance(raw, str) and "\n" in raw:
        return "longtext"
    if shape.kind == "plain":
        return _literal_control(raw, str(beside.get("type", "")))
    if shape.kind == "flag":
        return "flag" if isinstance(raw, bool) or raw is ABSENT else "text"
    return {"integer": "number", "duration": "text"}.get(shape.kind, shape.kind)


def _literal_control(raw: Any, kind: str) -> str:
    """How a literal of an input of this type is entered: by what is there, or by what it is to be."""
    if kind in {"number", "integer"} and (raw is ABSENT or isinstance(raw, str | int | float)):
        return "yaml" if isinstance(raw, bool) else "number"
    if kind == "boolean" and (raw is ABSENT or isinstance(raw, bool)):
        return "choice"
    if kind in {"text", "choice", "date", "datetime", "dataset"} and (raw is ABSENT or isinstance(raw, str)):
        return "longtext" if isinstance(raw, str) and "\n" in raw else "text"
    return "yaml"


def leaf_text(shape: Shape, raw: Any) -> str:
    """What stands in the field of a leaf; reading it again gives `raw`."""
    if raw is ABSENT or raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    return modes.data_text(raw) if shape.kind == "plain" and not isinstance(raw, bool) else modes.number_text(raw)


def choice_text(value: Any) -> str:
    """A choice as it is posted."""
    return value if isinstance(value, str) else modes.number_text(value)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON has it: true is not 1."""
    return type(one) is type(other) and bool(one == other)


def are_choices(listed: Sequence[Any], items: Schema) -> bool:
    """Whether a list is of different ones out of what its items can be: then it is ticked."""
    choices = modes.choices_of(items)
    unlike = all(not same(one, other) for n, one in enumerate(listed) for other in listed[:n])
    return bool(choices) and unlike and all(any(same(each, other) for other in choices) for each in listed)


def shape_default(shape: Shape) -> list[Any]:
    return list(shape.default) if isinstance(shape.default, list) else []


def noun_of(shape: Shape) -> str:
    """What one row is called."""
    words = shape.label.lower() or "rows"
    return str(shape.hints.get("noun", "")) or (words.removesuffix("s") if words.endswith("s") else words)


def is_long(schema: Schema) -> bool:
    longest = modes.plain_schema(schema).get("maxLength")
    return isinstance(longest, int) and longest > 500


def titled(name: str, schema: Schema) -> str:
    """What a field of a schema is called: by its title, or by its name where that was made of it."""
    title = str(schema.get("title") or "")
    return label_of(name) if not title or title == name.replace("_", " ").title() else title
