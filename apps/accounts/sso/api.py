"""Identity providers over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import SsoConnection, SsoDomain, SsoPolicy
from apps.accounts.permissions import IDENTITY_MANAGE, SSO_MANAGE
from apps.accounts.sso import domains, selectors, services
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

_ACCESS: dict[str, Any] = {
    "issuer": "https://login.example.com",
    "client_id": "orchestrall",
    "client_secret": "**********",
    "scopes": "openid profile email",
    "vouches": False,
}
_RULES: dict[str, Any] = {
    "just_in_time": True,
    "default_role": "viewer",
    "roles": [{"group": "Platform engineers", "role": "builder"}],
    "email": "",
    "name": "",
    "groups": "groups",
}
_DOMAIN: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-000000000031",
    "name": "example.com",
    "record_name": "_orchestrall.example.com",
    "record_text": "orchestrall-domain-verification=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "file": "https://example.com/.well-known/orchestrall-domain-verification",
    "verified_at": "2026-11-25T16:50:00Z",
}
_CONNECTION: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-000000000030",
    "kind": "oidc",
    "name": "Example login",
    "is_enabled": True,
    "access": _ACCESS,
    "rules": _RULES,
    "handed": [{"title": "Redirect URI", "value": "https://acme.example.org/sso/0192f3a4/callback/"}],
    "domains": [_DOMAIN],
    "findings": [{"title": "Signing keys", "state": "ok", "detail": "2 of 2 keys can be used."}],
    "tested_at": "2026-11-25T16:45:00Z",
    "created_at": "2026-11-25T16:40:00Z",
}


class SsoDomainOut(BaseModel):
    """A domain of mail, and what to publish so that it is shown to be yours."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOMAIN]})

    id: UUID
    name: str
    record_name: str = Field(description="Name of a TXT record.")
    record_text: str = Field(description="Its text; or a line of the file at `file`.")
    file: str
    verified_at: datetime | None = Field(description="Null: its addresses do not come in yet.")

    @classmethod
    def of(cls, domain: SsoDomain) -> SsoDomainOut:
        name, text = domains.record_of(domain)
        return cls(
            id=domain.pk,
            name=domain.name,
            record_name=name,
            record_text=text,
            file=domains.file_of(domain),
            verified_at=domain.verified_at,
        )


class Handed(BaseModel):
    title: str
    value: str


class Finding(BaseModel):
    title: str
    state: Literal["ok", "warning", "failed"]
    detail: str


class SsoConnectionOut(BaseModel):
    """An identity provider that members sign in with."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CONNECTION]})

    id: UUID
    kind: Literal["oidc", "saml"]
    name: str
    is_enabled: bool
    access: dict[str, Any] = Field(description="How it is reached. Of the secret only that it is set.")
    rules: dict[str, Any] = Field(description="Whom it lets in, and with which role.")
    handed: list[Handed] = Field(description="What is to be entered at the provider.")
    domains: list[SsoDomainOut]
    findings: list[Finding] = Field(description="What the newest test found.")
    tested_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: SsoConnection) -> SsoConnectionOut:
        same = ("id", "kind", "name", "is_enabled", "rules", "tested_at", "created_at")
        values: dict[str, Any] = {
            **{name: getattr(row, name) for name in same},
            "access": selectors.access_shown(row),
            "handed": [{"title": title, "value": value} for title, value in selectors.handed(row)],
            "domains": [SsoDomainOut.of(each) for each in row.domains.all()],
            "findings": row.findings or [],
        }
        return cls.model_validate(values)


class SsoConnectionNew(StrictModel):
    """An identity provider to connect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "oidc",
                    "name": "Example login",
                    "access": {"issuer": "https://login.example.com", "client_id": "orchestrall"},
                }
            ]
        }
    )

    kind: Literal["oidc", "saml"]
    name: str = Field(max_length=60, description="It stands on the button of the sign-in page.")
    access: dict[str, Any] = Field(
        description="OpenID Connect: `issuer`, `client_id`, `client_secret`, `scopes`, `vouches`. SAML: "
        "`metadata_url`, `metadata_xml`, or `entity_id`, `sso_url`, `slo_url` and `certificates`; and besides "
        "`want_signed_response`."
    )
    rules: dict[str, Any] = Field(
        default_factory=dict,
        description="`just_in_time`, `default_role`, `roles` (`group` and `role`), and where `email`, `name` and "
        "`groups` are.",
    )


class SsoConnectionChange(StrictModel):
    """What is changed: what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_enabled": True}]})

    name: str | None = Field(default=None, max_length=60)
    access: dict[str, Any] | None = Field(
        default=None, description="The whole of it. A secret that is sent as it was shown stays, for the same issuer."
    )
    rules: dict[str, Any] | None = Field(default=None, description="The whole of them.")
    is_enabled: bool | None = Field(default=None, description="True needs a test that was passed.")


class SsoDomainNew(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "example.com"}]})

    name: str = Field(max_length=253)


class SsoPolicyOut(BaseModel):
    """Whether members sign in by identity providers alone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"is_only": True, "break_glass": "0192f3a4-b5c6-7d8e-9f00-000000000001"}]}
    )

    is_only: bool
    break_glass: UUID | None = Field(description="The owner who keeps the way past it.")

    @classmethod
    def of(cls, row: SsoPolicy) -> SsoPolicyOut:
        return cls(is_only=row.is_only, break_glass=row.break_glass_id)


class SsoPolicyChange(StrictModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"is_only": True, "break_glass": "0192f3a4-b5c6-7d8e-9f00-000000000001"}]}
    )

    is_only: bool
    break_glass: UUID | None = Field(
        default=None, description="An owner with a password and a second factor; needed where `is_only` is true."
    )


class SsoConnections(ApiView):
    permission = {"GET": IDENTITY_MANAGE, "POST": SSO_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}
    natural = "name"

    @extend_schema(
        operation_id="sso_connections_list",
        tags=["single sign-on"],
        parameters=PAGE_PARAMETERS,
        responses={200: Page[SsoConnectionOut]},
    )
    def get(self, request: Request) -> Response:
        """The identity providers."""
        return self.page(selectors.connections_query(who=self.who), SsoConnectionOut.of)

    @extend_schema(
        operation_id="sso_connection_create",
        tags=["single sign-on"],
        parameters=[location("the identity provider", 201)],
        request=SsoConnectionNew,
        responses={201: SsoConnectionOut},
    )
    def post(self, request: Request) -> Response:
        """Connect an identity provider. It is turned off: test it, then turn it on."""
        wanted = self.body(SsoConnectionNew)
        made = services.connection_create(who=self.who, user=self.who.user, **wanted.model_dump())
        place = reverse("accounts_api:sso-connection", args=[made.pk])
        return self.answer(SsoConnectionOut.of(made), 201, Location=place)


class SsoConnectionOne(ApiView):
    permission = {"GET": IDENTITY_MANAGE, "PATCH": SSO_MANAGE, "DELETE": SSO_MANAGE}
    step_up = {"PATCH", "DELETE"}
    problems = {"PATCH": [Conflict], "DELETE": [Conflict]}

    @extend_schema(operation_id="sso_connection_get", tags=["single sign-on"], responses={200: SsoConnectionOut})
    def get(self, request: Request, connection: UUID) -> Response:
        """One identity provider."""
        return self.answer(SsoConnectionOut.of(selectors.connection_get(who=self.who, id=connection)))

    @extend_schema(
        operation_id="sso_connection_change",
        tags=["single sign-on"],
        request=SsoConnectionChange,
        responses={200: SsoConnectionOut},
    )
    def patch(self, request: Request, connection: UUID) -> Response:
        """Change an identity provider. With another issuer or entity id, whom it knew has to be known to it anew."""
        wanted = self.body(SsoConnectionChange)
        row = selectors.connection_get(who=self.who, id=connection)
        changed = services.connection_change(
            who=self.who,
            connection=row,
            check=lambda held: self.require_match(SsoConnectionOut.of(held)),
            **wanted.model_dump(exclude_none=True),
        )
        return self.answer(SsoConnectionOut.of(changed))

    @extend_schema(operation_id="sso_connection_delete", tags=["single sign-on"], responses={204: None})
    def delete(self, request: Request, connection: UUID) -> Response:
        """Delete an identity provider with its secret. Its members stay, and are signed out."""
        with transaction.atomic():
            row = selectors.connection_get(who=self.who, id=connection, lock=True)
            self.require_match(SsoConnectionOut.of(row))
            services.connection_delete(who=self.who, connection=row)
        return Response(status=204)


class SsoConnectionTest(ApiView):
    permission = {"POST": SSO_MANAGE}
    step_up = {"POST"}

    @extend_schema(
        operation_id="sso_connection_test", tags=["single sign-on"], request=None, responses={200: SsoConnectionOut}
    )
    def post(self, request: Request, connection: UUID) -> Response:
        """Look at what the provider publishes. What is wrong is told by `findings`."""
        row = selectors.connection_get(who=self.who, id=connection)
        return self.answer(SsoConnectionOut.of(services.connection_test(who=self.who, connection=row)))


class SsoDomains(ApiView):
    permission = {"POST": SSO_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="sso_domain_add",
        tags=["single sign-on"],
        request=SsoDomainNew,
        responses={201: SsoDomainOut},
    )
    def post(self, request: Request, connection: UUID) -> Response:
        """Add a domain. Its addresses come in once it is shown to be yours: publish the record, then verify."""
        wanted = self.body(SsoDomainNew)
        row = selectors.connection_get(who=self.who, id=connection)
        return self.answer(SsoDomainOut.of(services.domain_add(who=self.who, connection=row, name=wanted.name)), 201)


class SsoDomainOne(ApiView):
    permission = {"GET": IDENTITY_MANAGE, "DELETE": SSO_MANAGE}
    step_up = {"DELETE"}
    problems = {"DELETE": [Conflict]}

    @extend_schema(operation_id="sso_domain_get", tags=["single sign-on"], responses={200: SsoDomainOut})
    def get(self, request: Request, connection: UUID, domain: UUID) -> Response:
        """One domain, and what to publish for it."""
        return self.answer(SsoDomainOut.of(selectors.domain_get(who=self.who, connection=connection, id=domain)))

    @extend_schema(operation_id="sso_domain_remove", tags=["single sign-on"], responses={204: None})
    def delete(self, request: Request, connection: UUID, domain: UUID) -> Response:
        """Remove a domain: its addresses do not come in any more."""
        found = selectors.domain_get(who=self.who, connection=connection, id=domain)
        self.require_match(SsoDomainOut.of(found))
        services.domain_remove(who=self.who, domain=found)
        return Response(status=204)


class SsoDomainVerify(ApiView):
    permission = {"POST": SSO_MANAGE}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="sso_domain_verify", tags=["single sign-on"], request=None, responses={200: SsoDomainOut}
    )
    def post(self, request: Request, connection: UUID, domain: UUID) -> Response:
        """Look whether a domain is shown to be yours."""
        found = selectors.domain_get(who=self.who, connection=connection, id=domain)
        return self.answer(SsoDomainOut.of(services.domain_verify(who=self.who, domain=found)))


class SsoPolicyView(ApiView):
    permission = {"GET": IDENTITY_MANAGE, "PUT": SSO_MANAGE}
    step_up = {"PUT"}
    problems = {"PUT": [Conflict]}

    @extend_schema(operation_id="sso_policy_get", tags=["single sign-on"], responses={200: SsoPolicyOut})
    def get(self, request: Request) -> Response:
        """Whether members sign in by identity providers alone."""
        return self.answer(SsoPolicyOut.of(selectors.policy_get(who=self.who)))

    @extend_schema(
        operation_id="sso_policy_set", tags=["single sign-on"], request=SsoPolicyChange, responses={200: SsoPolicyOut}
    )
    def put(self, request: Request) -> Response:
        """Have members sign in by identity providers alone, or not. Sessions that none of them opened end."""
        wanted = self.body(SsoPolicyChange)
        with transaction.atomic():
            self.require_match(SsoPolicyOut.of(selectors.policy_get(who=self.who, lock=True)))
            row = services.only_set(who=self.who, is_only=wanted.is_only, break_glass=wanted.break_glass)
        return self.answer(SsoPolicyOut.of(row))
