"""Callers of the API as programs: with a token, a key, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.gateway import services
from apps.gateway.models import ApiKey
from apps.gateway.principals import Caller
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

MakeKey = Callable[..., tuple[ApiKey, str]]
Program = Callable[..., Client]


@pytest.fixture
def make_key(acme: Tenant) -> MakeKey:
    """`make_key(user, "keys.view", tenant=acme, days=30)`: a key of the user with these scopes, and its text."""

    def make(user: User, *scopes: str, tenant: Tenant = acme, days: int = 30) -> tuple[ApiKey, str]:
        with tenant_context(tenant):
            wanted = scopes or ("keys.view",)
            return services.key_create(who=Caller(user), name="A program", scopes=wanted, days=days)

    return make


@pytest.fixture
def program(acme: Tenant) -> Program:
    """`program(credential="", tenant=acme)`: a client that sends the credential as a bearer, and no cookie."""

    def make(credential: str = "", *, tenant: Tenant = acme, **options: Any) -> Client:
        headers = {"host": f"{tenant.slug}.localhost"}
        if credential:
            headers["authorization"] = f"Bearer {credential}"
        return Client(headers=headers, **options)

    return make
