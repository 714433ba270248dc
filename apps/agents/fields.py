"""Form fields from an agent's input model. The form renders; the model validates, as it does for the API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from apps.common.errors import InvalidInput, Issue

MOST_CHOICES = 200
"""How many columns of a table are offered to choose from."""


@dataclass
class Field:
    """One input of a form. `name` is the dotted path of the value in the input."""

    name: str
    label: str
    kind: Literal["integer", "number", "text", "choice", "flag", "date", "json"]
    help: str = ""
    required: bool = False
    value: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")


_KINDS = {"integer": "integer", "number": "number", "boolean": "flag", "string": "text"}
_STRUCTURED = {"array": "json", "object": "json"}


def fields_of(model: type[BaseModel], *, skip: Iterable[str] = (), structured: bool = False) -> list[Field]:
    """The scalar fields of a model, in their order; with `structured` lists and objects too, which are entered as JSON.

    Tables are entered by file or dataset, not here.
    """
    kinds = {**_KINDS, **_STRUCTURED} if structured else _KINDS
    schema = model.model_json_schema()
    skipped = set(skip)
    made = []
    for name, part in schema.get("properties", {}).items():
        if name in skipped:
            continue
        plain = _plain(part, schema.get("$defs", {}))
        kind: Any = "choice" if "enum" in plain else kinds.get(plain.get("type", ""))
        if kind is not None:
            made.append(_field(name, part, plain, kind, required=name in schema.get("required", [])))
    return made


def _plain(part: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field without its `null` alternative and its reference."""
    for option in part.get("anyOf", [part]):
        if option.get("type") != "null":
            reference = option.get("$ref", "").rpartition("/")[2]
            return {**defs.get(reference, {}), **option}
    return part


def _field(name: str, part: dict[str, Any], plain: dict[str, Any], kind: Any, *, required: bool) -> Field:
    default = part.get("default")
    if plain.get("format") == "date":
        kind = "date"
    return Field(
        name=name,
        label=part.get("title", name.replace("_", " ").capitalize()),
        kind=kind,
        help=part.get("description", ""),
        required=required,
        value="" if default is None else json_text(default) if kind == "json" else str(default),
        minimum=plain.get("minimum"),
        maximum=plain.get("maximum"),
        choices=[(str(value), _spelt(str(value))) for value in plain.get("enum", [])],
    )


def _spelt(value: str) -> str:
    """A value as people read it; one that has a capital, as `mg/dL` and `kWh` have, keeps its spelling."""
    text = value.replace("_", " ")
    return text if text != text.lower() else text.capitalize()


def fill(fields: list[Field], values: Mapping[str, str], issues: Iterable[Issue] = ()) -> list[Field]:
    """Put what a person entered, and what was wrong with it, back into the fields."""
    errors = {issue.path: issue.message for issue in issues}
    for each in fields:
        each.value = values.get(each.name, each.value)
        each.error = errors.get(each.name, "")
    return fields


def nest(values: Mapping[str, str]) -> dict[str, Any]:
    """``{"history.columns.item": "name"}`` as nested dicts. Empty values are left out: the model's default holds."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        if value == "":
            continue
        *parents, last = path.split(".")
        place = nested
        for parent in parents:
            below = place.setdefault(parent, {})
            if not isinstance(below, dict):
                below = place[parent] = {}
            place = below
        place[last] = value
    return nested


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The inverse of `nest` for scalars: what a form shows of an earlier input."""
    values: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{prefix}{key}.")
        elif not isinstance(value, list | None):
            values[f"{prefix}{key}"] = str(value)
    return values


def is_flat(data: Mapping[str, Any]) -> bool:
    """Whether `flat` holds all of it: there is no list in it."""
    return all(is_flat(value) if isinstance(value, Mapping) else not isinstance(value, list) for value in data.values())


def merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over` in their places; what stands beside them stays."""
    for name, value in over.items():
        below = base.get(name)
        base[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return base


def json_text(value: Any) -> str:
    """A value as JSON for people: rows of a table on a line each."""
    return _written(value, "\n")


def _written(value: Any, line: str) -> str:
    flat_rows = isinstance(value, list) and all(isinstance(row, dict) and is_flat(row) for row in value)
    if value and flat_rows:
        rows = [json.dumps(row, ensure_ascii=False) for row in value]
        return f"[{line}  " + f",{line}  ".join(rows) + f"{line}]"
    if value and isinstance(value, dict):
        parts = [
            f"{json.dumps(name, ensure_ascii=False)}: {_written(part, line + '  ')}" for name, part in value.items()
        ]
        return f"{{{line}  " + f",{line}  ".join(parts) + f"{line}}}"
    return json.dumps(value, ensure_ascii=False)


def json_object(text: str) -> dict[str, Any]:
    """The object that a person wrote as JSON. Raises `InvalidInput` naming line and column."""
    data = json_value(text)
    if not isinstance(data, dict):
        raise _unusable("The input must be a JSON object: names and values between braces.")
    return data


def json_value(text: str) -> Any:
    """The value that a person wrote as JSON. Raises `InvalidInput` naming line and column."""
    try:
        data = json.loads(text, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _unusable(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except UnicodeEncodeError as error:
        raise _unusable("A text holds half of a character, as `\\ud800`.") from error
    except RecursionError as error:
        raise _unusable("This is nested too deeply.") from error
    except ValueError as error:
        raise _unusable(str(error)) from error
    return data


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is not a number in JSON.")


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(f"{why} Nothing was started.", remedy="Mend that place, or start from an example.")
