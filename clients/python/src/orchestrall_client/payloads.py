"""What is sent, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel


def as_json(input: Mapping[str, Any]) -> str:
    """An input as JSON. Raises `TypeError` or `ValueError` where something in it is none, NaN for example."""
    return json.dumps(dict(input), default=_told, allow_nan=False)


def _told(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, date):  # a moment is one too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"A {type(value).__name__} cannot be sent as JSON.")


def plain(value: Mapping[str, Any]) -> Any:
    """The same as data of JSON alone: ids, dates and models in it are texts and mappings."""
    return json.loads(as_json(value))
