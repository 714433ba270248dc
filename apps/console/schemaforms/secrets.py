"""Secrets in data that are shown: that one is set is told, what it is never. Sent back untouched, it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from apps.console.schemaforms.shapes import Shape
from apps.console.schemaforms.values import alternative_of

MASK: Final = "**********"
"""Stands for a secret, as pydantic shows one."""


def dumped(model: BaseModel, *, exclude_defaults: bool = False) -> dict[str, Any]:
    """A model as JSON with its secrets, to be stored sealed."""
    shown = model.model_dump(mode="json", exclude_defaults=exclude_defaults)
    opened: dict[str, Any] = _opened(shown, model.model_dump(exclude_defaults=exclude_defaults))
    return opened


def _opened(shown: Any, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(shown, dict) and isinstance(value, Mapping) and shown.keys() == value.keys():
        return {name: _opened(each, value[name]) for name, each in shown.items()}
    if isinstance(shown, list) and isinstance(value, list | tuple) and len(shown) == len(value):
        return [_opened(each, below) for each, below in zip(shown, value, strict=True)]
    return shown


def masked(shape: Shape, data: Any) -> Any:
    """The data with each secret that is set as `MASK`."""
    return _each(shape, data, None, lambda value, held: MASK if value else value)


def kept(shape: Shape, data: Any, held: Any) -> Any:
    """The data with what holds at the same place for each secret that came back as `MASK`."""
    return _each(shape, data, held, lambda value, held: held if value == MASK else value)


def replaced(shape: Shape, data: Any, held: Any) -> bool:
    """Whether a secret of the data is another one than what holds at the same place."""
    return bool(kept(shape, masked(shape, data), held) != data)


def _each(shape: Shape, data: Any, held: Any, change: Any) -> Any:
    if shape.kind == "secret":
        return change(data, held)
    if shape.kind == "group" and isinstance(data, Mapping):
        below = held if isinstance(held, Mapping) else {}
        return {
            name: _each(shape.by_name[name], value, below.get(name), change) if name in shape.by_name else value
            for name, value in data.items()
        }
    if shape.kind == "list" and isinstance(data, list):
        rows = held if isinstance(held, list) else []
        return [
            _each(shape.item, row, rows[number] if number < len(rows) else None, change)
            for number, row in enumerate(data)
        ]
    if shape.kind == "union" and (number := alternative_of(shape, data)) is not None:
        return _each(shape.parts[number], data, held, change)
    return data
