"""Sparse answers: only the fields that a reader names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from rest_framework.request import Request

from apps.common.errors import InvalidInput, Issue

Narrow = Callable[[dict[str, Any]], dict[str, Any]]


def narrowing(request: Request, model: type[BaseModel]) -> Narrow:
    """Leaves of what `model` shows the `fields` that the query names, comma-separated; all where it names none.

    Raises `InvalidInput`, with the names that there are.
    """
    sent = request.query_params.get("fields")
    if sent is None:
        return lambda shown: shown
    wanted, there = sent.split(","), model.model_fields
    if unknown := [name for name in wanted if name not in there]:
        message = f"There is no {', '.join(unknown)[:200]!r} here. There are: {', '.join(there)}."
        raise InvalidInput(
            "The parameter 'fields' cannot be used; nothing was read.", issues=[Issue(path="fields", message=message)]
        )
    return lambda shown: {name: value for name, value in shown.items() if name in wanted}


def fields_parameter(names: list[str]) -> dict[str, Any]:
    """The parameter `fields` of answers with these names, for the OpenAPI document."""
    return {
        "in": "query",
        "name": "fields",
        "description": "Answer with these fields only, named with commas between them.",
        "explode": False,
        "schema": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names}},
    }
