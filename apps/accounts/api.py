"""Service accounts over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_MANAGE, MEMBERS_VIEW
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page


class ServiceAccount(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0192f3a4-b5c6-7d8e-9f00-000000000001",
                    "name": "Nightly import",
                    "role": "analyst",
                    "is_active": True,
                    "created_at": "2026-11-25T16:40:03Z",
                }
            ]
        }
    )

    id: UUID = Field(description="Names it as `service_account` where a key is made for it.")
    name: str
    role: str
    is_active: bool
    created_at: datetime

    @classmethod
    def of(cls, account: User) -> Self:
        return cls.model_validate({name: getattr(account, name) for name in cls.model_fields})


class ServiceAccountRequest(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Nightly import", "role": "analyst"}]})

    name: str = Field(min_length=1, max_length=150, description="Which program it is, in printable characters.")
    role: str = Field(
        description="One that may call the API, at most your own, and not owner.",
        json_schema_extra=lambda schema: schema.update(enum=[*services.service_roles()]),
    )


class ServiceAccountChange(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"is_active": False}, {"role": "auditor"}]})

    name: str | None = Field(default=None, min_length=1, max_length=150)
    role: str | None = Field(
        default=None, json_schema_extra=lambda schema: schema.update(enum=[*services.service_roles(), None])
    )
    is_active: bool | None = Field(default=None, description="False ends all its keys, until it is true again.")


class ServiceAccounts(ApiView):
    permission = {"GET": MEMBERS_VIEW, "POST": MEMBERS_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="service_accounts_list",
        tags=["service accounts"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[ServiceAccount]},
    )
    def get(self, request: Request) -> Response:
        """The accounts of programs, newest first."""
        return self.page(selectors.service_accounts_query(who=self.who), ServiceAccount.of)

    @extend_schema(
        operation_id="service_account_create",
        tags=["service accounts"],
        parameters=[location("the account", 201)],
        request=ServiceAccountRequest,
        responses={201: OpenApiResponse(ServiceAccount, description="Made.")},
    )
    def post(self, request: Request) -> Response:
        """Make the account of a program. It has no password and never signs in: make keys for it.

        Its keys go on when the person who made them leaves. It takes a place of your plan, as a member does.
        """
        wanted = self.body(ServiceAccountRequest)
        made = services.service_account_create(actor=self.who.user, name=wanted.name, role=wanted.role)
        place = reverse("accounts_api:service-account", args=[made.pk])
        return self.answer(ServiceAccount.of(made), 201, Location=place)


class ServiceAccountOne(ApiView):
    permission = {"GET": MEMBERS_VIEW, "PATCH": MEMBERS_MANAGE}
    step_up = {"PATCH"}
    problems = {"PATCH": [Conflict]}

    @extend_schema(operation_id="service_account_get", tags=["service accounts"], responses={200: ServiceAccount})
    def get(self, request: Request, account: UUID) -> Response:
        """One account of a program."""
        return self.answer(ServiceAccount.of(selectors.service_account_get(who=self.who, id=account)))

    @extend_schema(
        operation_id="service_account_change",
        tags=["service accounts"],
        request=ServiceAccountChange,
        responses={200: ServiceAccount},
    )
    def patch(self, request: Request, account: UUID) -> Response:
        """Give it another name or role, deactivate it, or let it go on. What is left out stays as it is.

        Its keys do no more than its role allows, at once, and nothing while it is deactivated.
        """
        wanted = self.body(ServiceAccountChange)
        changed = services.service_account_change(
            actor=self.who.user,
            account=selectors.service_account_get(who=self.who, id=account),
            check=lambda found: self.require_match(ServiceAccount.of(found)),
            **wanted.model_dump(),
        )
        return self.answer(ServiceAccount.of(changed))
