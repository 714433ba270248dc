"""Reads of single sign-on. What a person asks for is fetched and permitted in one call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from apps.accounts.models import SsoConnection, SsoDomain, SsoPolicy, User
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.accounts.sso.schemas import ACCESS
from apps.common.errors import NotFound
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import masked
from apps.tenants.context import current_tenant, tenant_url


def connections_query(*, who: Principal) -> QuerySet[SsoConnection]:
    """The connections, by name, with their domains. Evaluate it before leaving the tenant."""
    demand(who, IDENTITY_MANAGE)
    domains = Prefetch("domains", queryset=SsoDomain.objects.order_by("name"))
    return SsoConnection.objects.select_related("created_by").prefetch_related(domains)


def connection_get(*, who: Principal, id: UUID, lock: bool = False) -> SsoConnection:
    """One of them, locked for the rest of the transaction where it is to be changed. Raises `NotFound`."""
    rows = connections_query(who=who).filter(pk=id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise NotFound("There is no such identity provider here.", remedy="See the list of identity providers.")
    return found


def domain_get(*, who: Principal, connection: UUID, id: UUID) -> SsoDomain:
    """A domain of a connection. Raises `NotFound`."""
    demand(who, IDENTITY_MANAGE)
    found = SsoDomain.objects.select_related("connection").filter(pk=id, connection=connection).first()
    if found is None:
        raise NotFound("There is no such domain here.", remedy="See the identity provider's page.")
    return found


def policy_get(*, who: Principal, lock: bool = False) -> SsoPolicy:
    """Whether members sign in by single sign-on alone, and who has the way past it."""
    demand(who, IDENTITY_MANAGE)
    return policy(lock=lock)


def policy(*, lock: bool = False) -> SsoPolicy:
    rows = SsoPolicy.objects.select_related("break_glass")
    return (rows.select_for_update(of=("self",)) if lock else rows).first() or SsoPolicy()


def owners(*, who: Principal) -> list[User]:
    """Who may be given the way past single sign-on."""
    demand(who, IDENTITY_MANAGE)
    return list(User.objects.filter(role="owner", is_active=True, is_service=False, valid_until=None).order_by("email"))


def access_shown(connection: SsoConnection) -> dict[str, Any]:
    """How it is reached, as people and programs may see it: of the secret only that it is set."""
    shown: dict[str, Any] = masked(shape_of(ACCESS[connection.kind]), connection.access)
    return shown


def place_of(connection: SsoConnection) -> str:
    """Who gives out the names by which people are known there."""
    return str(connection.access["issuer" if connection.kind == SsoConnection.Kind.OIDC else "entity_id"])


def handed(connection: SsoConnection) -> list[tuple[str, str]]:
    """What is to be entered at the provider: what it is called there, and what it is."""
    at = {
        name: tenant_url(current_tenant(), reverse(f"sso:{name}", args=[connection.pk]))
        for name in ("callback", "backchannel", "acs", "sls", "metadata")
    }
    if connection.kind == SsoConnection.Kind.SAML:
        return [
            ("Entity id (audience)", at["metadata"]),
            ("Assertion consumer service (ACS), HTTP-POST", at["acs"]),
            ("Single logout service, HTTP-Redirect", at["sls"]),
        ]
    return [
        ("Redirect URI", at["callback"]),
        ("Redirect URI after sign-out", tenant_url(current_tenant(), reverse("account_login"))),
        ("Back-channel logout URI", at["backchannel"]),
    ]


def buttons() -> list[SsoConnection]:
    """The connections that the sign-in page offers, to anybody."""
    return list(SsoConnection.objects.filter(is_enabled=True).only("id", "name", "kind"))


def connection_for(email: str) -> SsoConnection | None:
    """The connection that people with an address of this domain sign in with. It says nothing of whether there is a
    member with it."""
    domain = email.rpartition("@")[2]
    found = (
        SsoDomain.objects.select_related("connection")
        .filter(name=domain, verified_at__isnull=False, connection__is_enabled=True)
        .first()
    )
    return found.connection if found else None


def acs_finish(connection: SsoConnection) -> str:
    return reverse("sso:acs-finish", args=[connection.pk])
