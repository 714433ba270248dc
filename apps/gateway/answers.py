"""What the OpenAPI document says of answers: how an operation may fail, which headers come along, what may follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter

from apps.common.errors import (
    BadRequest,
    InvalidInput,
    LengthRequired,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    Problem,
    TooLarge,
    TooManyRequests,
    Unavailable,
    UnsupportedFormat,
    catalogue,
    details,
)
from apps.gateway import conventions, idempotency
from apps.gateway.permissions import OPEN, declared
from apps.gateway.problems import MEDIA_TYPE, NotAcceptable

REF: Final = "#/components/schemas/{model}"
_REQUEST_ID: Final = "0192f3a4b5c67d8e9f00112233445566"
_ID: Final = "0192f3a4-b5c6-7d8e-9f00-112233445566"
_LIMITS = ("RateLimit-Policy", "RateLimit")
_NAMED = re.compile(r"\{(\w+)\}")
HEADERS: Final[dict[str, Any]] = {
    "X-Request-ID": {
        "description": "Names this request in the logs: what was sent in the header of this name, where it was "
        "well-formed, else a new name.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$"},
        "example": _REQUEST_ID,
    },
    "RateLimit-Policy": {
        "description": "The limits that the request counted for: `q` requests in `w` seconds each "
        "(draft-ietf-httpapi-ratelimit-headers). Left out while nothing can be counted.",
        "schema": {"type": "string"},
        "example": '"tenant";q=6000;w=60, "caller";q=1200;w=60',
    },
    "RateLimit": {
        "description": "How they stand: `r` requests are left, and more will be in `t` seconds.",
        "schema": {"type": "string"},
        "example": '"tenant";r=5990;t=12, "caller";r=1190;t=12',
    },
    "Retry-After": {
        "description": "Seconds after which another try makes sense.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'Bearer realm="api"',
    },
    idempotency.REPLAYED: {
        "description": "The request was carried out before, and this is the answer that it got then.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "in": "header",
    "name": idempotency.HEADER,
    "description": "A text of your own that names this request, a new UUID for example: however often it is sent in "
    "24 hours, it is carried out once, and answered alike.",
    "schema": {
        "type": "string",
        # Plain, or quoted as a string of RFC 9651; at most 255 characters.
        "pattern": r'^([!#-~]([ -~]{0,253}[!-~])?|"([ !#-\[\]-~]|\\["\\]){1,255}")$',
    },
    "example": "5f0d8a0e-9c1b-4f7e-8d53-2a1f6c3b7e90",
}


def location(what: str, status: int) -> OpenApiParameter:
    """Declare, among the parameters of an operation, that its answer of this status carries the address of `what`."""
    return OpenApiParameter(
        "Location",
        {"type": "string", "format": "uri-reference"},
        OpenApiParameter.HEADER,
        required=True,
        response=[status],
        description=f"Address of {what}.",
    )


def complete(operation: dict[str, Any], *, view: Any, method: str, path: str) -> None:
    """Give the operation the problems and headers that its view declares, and those that come with its kind."""
    for status, answer in operation["responses"].items():
        answer["description"] = answer.get("description") or HTTPStatus(int(status)).phrase
        answer["headers"] = {**answer.get("headers", {}), **_headers("X-Request-ID", *_LIMITS)}
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["schema"].get("format") == "uuid":
            parameter.setdefault("description", "Its id, from a list or from the answer that told of its making.")
            parameter.setdefault("example", _ID)
    if method == "POST" and declared(view, method) != OPEN and not view.waits_outside:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answer["headers"].update(_headers(idempotency.REPLAYED))
    by_status: dict[str, set[str]] = {"default": {Problem.code}}
    for kind in _problems(operation, view, method, path):
        by_status.setdefault(str(kind.status), set()).add(kind.code)
    for status, codes in sorted(by_status.items()):
        operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{'-or-'.join(sorted(codes))}"})


def _problems(operation: dict[str, Any], view: Any, method: str, path: str) -> Iterator[type[Problem]]:
    yield from (BadRequest, NotAcceptable, TooManyRequests, Unavailable)
    yield from view.problems.get(method, ())
    yield from conventions.problems(method)
    parameters = operation.get("parameters", [])
    if declared(view, method) != OPEN:
        yield from (NotAuthenticated, PermissionDenied)
        if method == "POST" and not view.waits_outside:
            yield from (idempotency.RequestUnderWay, idempotency.KeyOfAnother)
            if view.shows_secret:
                yield idempotency.AnswerNotKept
    if "{" in path:
        yield NotFound
    if "requestBody" in operation:
        yield from (TooLarge, UnsupportedFormat, InvalidInput, LengthRequired)
    if any(parameter["in"] == "query" for parameter in parameters):
        yield InvalidInput


def responses(document: dict[str, Any]) -> dict[str, Any]:
    """The answers that tell problems: one for each set of codes that some operation answers with under one status."""
    names = {
        answer["$ref"].rpartition("/")[2]
        for operations in document["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
        if "$ref" in answer
    }
    return {name: _response([catalogue()[code] for code in name.split("-or-")]) for name in sorted(names)}


def _response(kinds: list[type[Problem]]) -> dict[str, Any]:
    status = kinds[0].status
    headers = _headers("X-Request-ID", *_LIMITS)
    timed = [kind for kind in kinds if status in {429, 503} or hasattr(kind, "retry_after")]
    if timed == kinds:
        headers |= _headers("Retry-After")
    elif timed:
        headers["Retry-After"] = HEADERS["Retry-After"] | {"required": False}
    if status == 401:
        headers |= _headers("WWW-Authenticate")
    examples = {kind.code: {"summary": kind.title, "value": details(_told(kind), _REQUEST_ID)} for kind in kinds}
    return {
        "description": "; or: ".join(kind.title for kind in kinds),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="ProblemDetails")}, "examples": examples}},
    }


def _told(kind: type[Problem]) -> Problem:
    """A problem of the kind that says what is always true of it, whatever one must tell to raise it."""
    problem = kind.__new__(kind)
    Problem.__init__(problem)
    return problem


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def link(document: dict[str, Any]) -> None:
    """Say of what an operation makes which others take its id: those of the same subject."""
    by_id = [
        (operation["tags"], operation["operationId"], named[0])
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if len(named := _NAMED.findall(path)) == 1
    ]
    for operations in document["paths"].values():
        making = operations.get("post")
        if making is None:
            continue
        for status, answer in making["responses"].items():
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            model = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            if status.startswith("2") and "Location" in answer["headers"] and "id" in model.get("properties", {}):
                answer["links"] = {
                    name: {"operationId": name, "parameters": {parameter: "$response.body#/id"}}
                    for tags, name, parameter in by_id
                    if tags == making["tags"]
                }
