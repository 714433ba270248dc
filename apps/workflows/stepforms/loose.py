"""A definition that need not be whole, read as far as it can be: what its steps may refer to is known all the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from apps.workflows.definition import STEP_KINDS, Definition, InputField, Step
from apps.workflows.stepforms.shapes import Shape, shape_of
from apps.workflows.values import BadValue, value_compile

_EMPTY: dict[str, Any] = {
    "steps": [], "rows": [], "many": [], "pairs": {}, "fields": {}, "flag": False, "integer": 0, "number": 0.0,
    "value": None, "condition": None, "group": None, "duration": None, "plain": None,
}  # fmt: skip
"""What stands for a field that has to be there and cannot be read."""


def definition_loose(raw: Mapping[str, Any]) -> Definition:
    """The definition with all of it that can be read; what cannot be is as if it were not said."""
    steps = _mapping(raw.get("steps"))
    inputs = {str(name): field for name, each in _mapping(raw.get("inputs")).items() if (field := _input(each))}
    made = {str(name): _step(given) for name, given in steps.items()}
    return Definition.model_construct(
        name=str(raw.get("name", "")),
        title=str(raw.get("title", "")),
        inputs=inputs,
        steps=made,
        outputs={str(name): value for name, value in _mapping(raw.get("outputs")).items() if _is_readable(value)},
    )


def kind_of(given: Any) -> type[Step] | None:
    """The kind of a step as it is written; None where there is none of that name."""
    return STEP_KINDS.get(str(given.get("kind", ""))) if isinstance(given, Mapping) else None


def _mapping(given: Any) -> Mapping[Any, Any]:
    return given if isinstance(given, Mapping) else {}


def _input(given: Any) -> InputField | None:
    for told in (given, {key: value for key, value in _mapping(given).items() if key in {"type", "title"}}):
        try:
            return InputField.model_validate(told)
        except ValidationError:
            continue
    return None


def _step(given: Any) -> Step:
    kind = kind_of(given)
    if kind is None:
        return Step.model_construct(kind="", title=str(_mapping(given).get("title", "")))
    try:
        return kind.model_validate(given)
    except ValidationError:
        return _by_field(kind, given)


def _by_field(kind: type[Step], given: Mapping[str, Any]) -> Step:
    """A step of which something is wrong: each field that is right, and nothing for the others."""
    found: dict[str, Any] = {}
    shape = shape_of(kind)
    for name, info in kind.model_fields.items():
        written = info.alias or name
        if written in given:
            try:
                found[name] = _adapter(kind, name).validate_python(given[written])
                continue
            except ValidationError:
                pass
        if info.is_required():
            found[name] = _empty(shape.by_name[written])
    return kind.model_construct(**found)


def _empty(shape: Shape) -> Any:
    made = _EMPTY.get(shape.kind, "")
    return type(made)() if isinstance(made, list | dict) else made


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    info = model.model_fields[name]
    told: Any = info.annotation
    for each in info.metadata:
        told = Annotated[told, each]
    return TypeAdapter(told)


def _is_readable(value: Any) -> bool:
    try:
        value_compile(value)
    except BadValue:
        return False
    return True
