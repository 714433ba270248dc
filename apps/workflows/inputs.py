"""The inputs of a run: one model, made of what the version declares, for form, API and other workflows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from apps.common.errors import InvalidInput, Issue
from apps.workflows.definition import Definition, InputField
from apps.workflows.values import has_call, references_in

_TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "date": date,
    "datetime": datetime,
    "list": list[Any],
    "object": dict[str, Any],
    "dataset": UUID,
}


def inputs_model(definition: Definition) -> type[BaseModel]:
    """A model of the inputs that a definition declares: unknown ones are errors."""
    return fields_model(definition.inputs)


def fields_model(declared: Mapping[str, InputField]) -> type[BaseModel]:
    """A model of these fields, whoever fills them in: unknown ones are errors, and so are numbers that JSON lacks."""
    fields: dict[str, Any] = {name: _field(field) for name, field in declared.items()}
    told = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)  # a dataset's default is a text
    return create_model("Inputs", __config__=told, **fields)


def inputs_validate(model: type[BaseModel], data: Any, *, path: str = "inputs") -> dict[str, Any]:
    """The inputs as they are kept, with defaults. Raises `InvalidInput` with an issue for each that is wrong, which
    names its place below `path`."""
    try:
        return model.model_validate(data).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path=path) from error


def inputs_issues(definition: Definition, given: Mapping[str, Any], *, root: str) -> list[Issue]:
    """What stands against starting runs with these values, before one is: an issue for each, by the input's name.

    Values may refer to `root` and to nothing else. What they refer to is known only when a run starts; what is written
    out is held against the type of its input now.
    """
    issues: list[Issue] = []
    written: dict[str, Any] = {}
    for name, value in given.items():
        if name not in definition.inputs:
            issues.append(Issue(path=name, message=f"The workflow has no such input; it has {_names(definition)}."))
            continue
        references = [reference for _, reference in references_in(value)]
        issues += [
            Issue(path=name, message=f"`{reference}` is not known here: refer to `${{{root}}}`.")
            for reference in references
            if reference.root != root
        ]
        if not references and not has_call(value):
            written[name] = value
    try:
        inputs_model(definition).model_validate(written)
    except ValidationError as error:
        found = InvalidInput.from_pydantic(error).issues
        issues += [each for each in found if each.path.partition(".")[0] not in given.keys() - written.keys()]
    return issues


def _names(definition: Definition) -> str:
    return ", ".join(definition.inputs) or "none"


def _field(field: InputField) -> tuple[Any, Any]:
    """The type of an input, and how pydantic is told of it."""
    kind: Any = Literal[tuple(field.choices)] if field.type == "choice" else _TYPES[field.type]
    told: dict[str, Any] = {"title": field.title or None, "description": field.description or None}
    if field.type in {"number", "integer"}:
        told |= {"ge": field.minimum, "le": field.maximum}
    elif field.type in {"text", "list"}:
        told["max_length"] = 10_000
    if field.type == "choice":
        told["json_schema_extra"] = {"labels": {choice: choice for choice in field.choices}}
    elif field.type == "text":
        told["json_schema_extra"] = {"long": False}
    if field.example is not None and field.type != "dataset":
        told["examples"] = [field.example]
    if not field.required or field.default is not None:
        told["default"] = field.default
    return (kind if field.required else kind | None), Field(**told)
