"""API keys, for programs that keep their own fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict, NotFound
from apps.common.permissions import PERMISSIONS
from apps.common.schemas import StrictModel
from apps.gateway import selectors, services
from apps.gateway.answers import location
from apps.gateway.api.base import ApiView
from apps.gateway.models import ApiKey
from apps.gateway.overlaps import RotateRequest
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.gateway.permissions import KEYS_MANAGE, KEYS_VIEW

_EXAMPLE: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "name": "Nightly import",
    "prefix": "4f1a09be",
    "state": "active",
    "scopes": ["agents.run", "runs.view"],
    "acts_for": {"id": "0192f3a4-b5c6-7d8e-9f00-000000000001", "name": "Back office", "is_service": True},
    "created_at": "2026-11-25T16:40:03Z",
    "expires_at": "2027-02-23T16:40:03Z",
    "last_used_at": None,
    "revoked_at": None,
    "replaces": None,
}


class ActsFor(BaseModel):
    id: UUID
    name: str
    is_service: bool = Field(description="Whether it is a service account rather than a person.")


class Key(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    name: str
    prefix: str = Field(description="The part of its text by which it is known: `ork_<prefix>_…`.")
    state: Literal["active", "expired", "revoked"]
    scopes: list[str] = Field(description="What it may do, as long as whom it acts for may.")
    acts_for: ActsFor
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None
    replaces: UUID | None = Field(description="The key that it takes over from.")

    @classmethod
    def of(cls, key: ApiKey, /, **more: str) -> Self:
        user = key.user
        return cls.model_validate(
            {
                **{name: getattr(key, name) for name in _EXAMPLE if name not in {"acts_for", "replaces"}},
                "acts_for": ActsFor(id=user.pk, name=str(user), is_service=user.is_service),
                "replaces": key.replaces_id,
                **more,
            }
        )


class KeyMade(Key):
    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "key": "ork_4f1a09be_…"}]})

    key: str = Field(description="Its text: send it as `Authorization: Bearer <key>`. It is shown this once.")


class KeysQuery(BaseModel):
    q: str = Field(default="", max_length=100)
    state: Literal["", "active", "ended"] = ""


def _codes(schema: dict[str, Any]) -> None:
    """Name the permission codes that there are, of which all are known only once every app is loaded."""
    schema["items"]["enum"] = sorted(each.code for each in PERMISSIONS)


class KeyRequest(StrictModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Nightly import", "scopes": ["agents.run", "runs.view"]},
                {"name": "Backup", "scopes": ["runs.view"], "days": 30, "service_account": _EXAMPLE["id"]},
            ]
        }
    )

    name: str = Field(min_length=1, max_length=100, description="What uses the key, in printable characters.")
    scopes: list[str] = Field(
        min_length=1,
        max_length=100,
        description="Permission codes, as each operation names the one it needs.",
        json_schema_extra=_codes,
    )
    days: int = Field(default=90, ge=1, le=services.LONGEST_DAYS, description="How long it lives.")
    service_account: UUID | None = Field(default=None, description="Whom it acts for; without one, for you.")


class Keys(ApiView):
    permission = {"GET": KEYS_VIEW, "POST": KEYS_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [NotFound]}
    shows_secret = True

    @extend_schema(
        operation_id="keys_list",
        tags=["keys"],
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": 100, "examples": ["nightly"]},
                description="Words of the name, or a prefix.",
            ),
            OpenApiParameter("state", str, enum=["active", "ended"], description="Only keys in this state."),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[Key]},
    )
    def get(self, request: Request) -> Response:
        """The keys, newest first, without their texts, which nobody can show."""
        wanted = self.query(KeysQuery)
        return self.page(selectors.keys_query(who=self.who, search=wanted.q, state=wanted.state), Key.of)

    @extend_schema(
        operation_id="key_create",
        tags=["keys"],
        parameters=[location("the key", 201)],
        request=KeyRequest,
        responses={201: OpenApiResponse(KeyMade, description="Made.")},
    )
    def post(self, request: Request) -> Response:
        """Make a key. Its text is in this one answer and nowhere else.

        By a token or a session, never by a key. It holds nothing that you, or the account it acts for, do not.
        """
        wanted = self.body(KeyRequest)
        account = selectors.account_get(who=self.who, id=wanted.service_account) if wanted.service_account else None
        key, text = services.key_create(
            who=self.who, name=wanted.name, scopes=wanted.scopes, days=wanted.days, account=account
        )
        return _made(self, key, text)


class KeyOne(ApiView):
    permission = {"GET": KEYS_VIEW, "DELETE": KEYS_MANAGE}
    step_up = {"DELETE"}

    @extend_schema(operation_id="key_get", tags=["keys"], responses={200: Key})
    def get(self, request: Request, id: UUID) -> Response:
        """One key."""
        return self.answer(Key.of(selectors.key_get(who=self.who, id=id)))

    @extend_schema(operation_id="key_revoke", tags=["keys"], responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Revoke a key, at once and for good. It stays in the list; to revoke it again changes nothing."""
        with transaction.atomic():
            key = selectors.key_get(who=self.who, id=id, lock=True)
            self.require_match(Key.of(key))
            services.key_revoke(who=self.who, key=key)
        return Response(status=204)


class KeyRotate(ApiView):
    permission = {"POST": KEYS_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}
    shows_secret = True

    @extend_schema(
        operation_id="key_rotate",
        tags=["keys"],
        parameters=[location("the new key", 201)],
        request=RotateRequest,
        responses={201: OpenApiResponse(KeyMade, description="Made.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Make the key that takes over from this one, alike in name, scopes and lifetime.

        Both work until the overlap is over, so that your programs can change over. Its text is in this one answer.
        """
        overlap = self.body(RotateRequest).overlap
        key = selectors.key_get(who=self.who, id=id)
        return _made(self, *services.key_rotate(who=self.who, key=key, overlap=overlap))


def _made(view: ApiView, key: ApiKey, text: str) -> Response:
    place = reverse("api-key", args=[key.pk])
    return view.answer(KeyMade.of(key, key=text), 201, Location=place, Cache_Control="no-store")
