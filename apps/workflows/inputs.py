"""The inputs of a run: one model, made of what the version declares, for form, API and other workflows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from apps.common.errors import InvalidInput
from apps.workflows.definition import Definition, InputField

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
    fields: dict[str, Any] = {name: _field(field) for name, field in definition.inputs.items()}
    return create_model("Inputs", __config__=ConfigDict(extra="forbid"), **fields)


def inputs_validate(model: type[BaseModel], data: Any) -> dict[str, Any]:
    """The inputs as they are kept, with defaults. Raises `InvalidInput` with an issue for each that is wrong."""
    try:
        return model.model_validate(data).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="inputs") from error


def _field(field: InputField) -> tuple[Any, Any]:
    """The type of an input, and how pydantic is told of it."""
    kind: Any = Literal[tuple(field.choices)] if field.type == "choice" else _TYPES[field.type]
    told: dict[str, Any] = {"title": field.title or None, "description": field.description or None}
    if field.type in {"number", "integer"}:
        told |= {"ge": field.minimum, "le": field.maximum}
    elif field.type in {"text", "list"}:
        told["max_length"] = 10_000
    if not field.required or field.default is not None:
        told["default"] = field.default
    return (kind if field.required else kind | None), Field(**told)
