"""What the OpenAPI document says of reads, lists and changes alike: their tags, fields and orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from apps.common.errors import Problem
from apps.gateway.fields import fields_parameter
from apps.gateway.pagination import order_parameter
from apps.gateway.preconditions import CHANGING, PreconditionFailed

Properties = Callable[[str], dict[str, Any]]

_TAG: Final = {"type": "string", "pattern": r'^"[0-9a-f]{32}"$'}
_EXAMPLE: Final = '"6b1f0c9d3a5e47f28c0d9e1b2a3f4c5d"'
ETAG: Final[dict[str, Any]] = {
    "description": "The state that the answer shows: it changes with the thing (RFC 9110).",
    "required": True,
    "schema": _TAG,
    "example": _EXAMPLE,
}
IF_NONE_MATCH: Final[dict[str, Any]] = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The `ETag` of an earlier answer: 304 without a body where nothing has changed since.",
    "schema": {"type": "string"},
    "example": _EXAMPLE,
}
IF_MATCH: Final[dict[str, Any]] = {
    "in": "header",
    "name": "If-Match",
    "description": "The `ETag` of what was read: 412 where it has changed since, and nothing is changed.",
    "schema": {"type": "string"},
    "example": _EXAMPLE,
}


def describe(operation: dict[str, Any], *, view: Any, method: str, properties: Properties) -> None:
    """Give the operation the parameters and headers that come with its kind.

    `properties` tells those of a schema, by its reference in the document.
    """
    parameters = operation.setdefault("parameters", [])
    done = operation["responses"].get("200", {})
    reference = done.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
    if method in CHANGING:
        parameters.append(IF_MATCH)
    if reference is None:
        return
    shown = properties(reference)
    if method == "GET" and any(each["name"] == "cursor" for each in parameters):
        if view.orders:
            parameters.append(order_parameter(view.orders))
        parameters.append(fields_parameter(list(properties(shown["items"]["items"]["$ref"]))))
    elif method == "GET":
        parameters += [fields_parameter(list(shown)), IF_NONE_MATCH]
        operation["responses"]["304"] = {"description": "Nothing has changed since.", "headers": {"ETag": ETAG}}
    if method in CHANGING or "304" in operation["responses"]:
        done["headers"] = {**done.get("headers", {}), "ETag": ETAG}


def problems(method: str) -> Iterator[type[Problem]]:
    """How an operation may fail by these conventions, besides its parameters."""
    if method in CHANGING:
        yield PreconditionFailed
