"""The OpenAPI document: what the views declare, and what is true of every one of them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from pydantic.json_schema import model_json_schema

from apps.common.errors import ProblemDetails
from apps.common.permissions import PERMISSIONS
from apps.gateway import answers, conventions
from apps.gateway.answers import REF
from apps.gateway.permissions import OPEN, declared


class DeclaredSchema(AutoSchema):
    """Says of each operation who may call it, how it may fail, and what its answers carry besides a body."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation:
            conventions.describe(operation, view=self.view, method=self.method, properties=self._properties)
            answers.complete(operation, view=self.view, method=self.method, path=self.path)
        return operation

    def _properties(self, reference: str) -> dict[str, Any]:
        """The properties of a schema of the document; none where it has no fixed ones."""
        found: dict[str, Any] = self.registry[reference.rpartition("/")[2], ResolvedComponent.SCHEMA].schema
        return dict(found.get("properties", {}))

    def get_auth(self) -> list[dict[str, Any]]:
        """Each credential with the permission that it must hold: roles of OpenAPI 3.1, for schemes without scopes."""
        code = declared(self.view, self.method)
        if code == OPEN:
            return [{}]
        return [{name: [code] for name in each} for each in super().get_auth()]

    def get_summary(self) -> str:
        """The first sentence of the method's description."""
        return str(super().get_description()).partition(".")[0].strip()

    def get_description(self) -> str:  # type: ignore[override]
        text, code = str(super().get_description()), declared(self.view, self.method)
        if code is None or code not in PERMISSIONS:
            return text
        return f"{text}\n\nNeeds `{code}`: {PERMISSIONS[code].title.lower()}.".strip()

    def get_extensions(self) -> dict[str, Any]:
        return {"x-permission": declared(self.view, self.method)}


class PydanticModels(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Pydantic models in the document: bodies as they are validated, answers as they are written.

    The two differ (a field with a default may be left out of a body, and is always in an answer), so bodies carry
    `Request` in their name where the model's own does not.
    """

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def get_name(self, auto_schema: Any, direction: str) -> str:
        return _name(self.target.__name__, direction)

    def get_identity(self, auto_schema: Any, direction: str) -> str:
        """A model that is part of another is known by name only, so that all are."""
        return f"{_name(self.target.__name__, direction)}:{direction}"

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        mode: Any = "validation" if direction == "request" else "serialization"
        schema = model_json_schema(self.target, ref_template=REF, mode=mode)
        parts = schema.pop("$defs", {})
        names = {key: _name(key, direction) for key in parts}
        for key, part in parts.items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=names[key],
                type=ResolvedComponent.SCHEMA,
                object=f"{names[key]}:{direction}",
                schema=_renamed(part, names),
            )
            auto_schema.registry.register_on_missing(component)
        return dict(_renamed(schema, names))


def _name(name: str, direction: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return safe if direction != "request" or safe.endswith("Request") else f"{safe}Request"


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    """The schema with its references, and the discriminators' mappings, pointing to the names in the document."""
    if isinstance(schema, dict):
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(value, names) for value in schema]
    if isinstance(schema, str) and schema.startswith("#/components/schemas/"):
        key = schema.rpartition("/")[2]
        return REF.format(model=names.get(key, key))
    return schema


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A token or a key, either in the same header."""

    target_class = "apps.gateway.authentication.BearerAuthentication"
    name = ["token", "apiKey"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{"token": []}, {"apiKey": []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        bearers = {
            "JWT": "A token from `POST /api/v1/tokens`, good for ten minutes.",
            "API key": "An API key from the console's page of keys: `ork_…`.",
        }
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": form, "description": text}
            for form, text in bearers.items()
        ]


class TicketScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.gateway.authentication.TicketAuthentication"
    name = "ticket"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        text = "A ticket from `POST /api/v1/tickets`, good once within half a minute."
        return {"type": "apiKey", "in": "query", "name": "ticket", "description": text}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "apps.gateway.authentication.ConsoleSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        from django.conf import settings

        text = "The console's session. Requests that write also need the CSRF token in `X-CSRFToken`."
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": text}


@cache
def document() -> dict[str, Any]:
    """The document. It is the same for every tenant and every caller, and takes long to make: it is made once."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def document_complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add what operations refer to, and the links between them (a hook of drf-spectacular)."""
    components = result.setdefault("components", {})
    schema = model_json_schema(ProblemDetails, ref_template=REF, mode="serialization")
    components.setdefault("schemas", {}).update({**schema.pop("$defs"), "ProblemDetails": schema})
    components["headers"] = answers.HEADERS
    components["responses"] = answers.responses(result)
    answers.link(result)
    return result
