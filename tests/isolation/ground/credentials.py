"""What a tenant's owner comes in with, and what stays fresh of it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.isolation.ground.sides import Side, tenant_of


def approval_link(id: UUID, owner: Any) -> str:
    from apps.workflows.approvals.links import link_token
    from apps.workflows.models import Approval

    return link_token(approval=Approval.objects.get(pk=id), user=owner)


def webhook_secret(marker: str) -> str:
    """What messages to the webhooks of the tenant of this marker are signed with."""
    return f"whsec_{base64.b64encode(marker.encode()).decode()}"


def scim_token(id: UUID, name: str) -> str:
    """What a directory comes with. Its row has this id in both tenants."""
    import secrets

    from apps.accounts.models import ScimToken
    from apps.gateway.marks import SCIM, digest_of, mint

    prefix = secrets.token_hex(4)
    text = mint(f"{SCIM}{prefix}_")
    ScimToken.objects.create(id=id, name=name, prefix=prefix, digest=digest_of(text), expires_at=soon())
    return text


def entry_ticket(side: Side) -> str:
    """What takes an operator into the tenant, once."""
    from apps.accounts.operator_access.tickets import Entry, entry_mint
    from apps.tenants.context import tenant_context

    with tenant_context(tenant_of(side)):
        return entry_mint(Entry(side.shared.open_grant, str(UUID(int=9)), "ops@example.org", "Ops"))


def soon() -> Any:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() + timedelta(days=1)


def session(user: Any) -> str:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from apps.accounts import door

    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    door.begin(store, user)
    store.create()
    store.save()
    return str(store.session_key)


def token(user: Any) -> str:
    from apps.gateway.tokens import token_issue

    return token_issue(user=user)


def refresh_token(user: Any) -> str:
    from apps.gateway.refresh import refresh_issue

    return refresh_issue(user=user)


def tokens_fresh(sides: tuple[Side, Side]) -> tuple[Side, Side]:
    """The sides with tokens that were just issued: they live for minutes only."""
    first, second = (replace(side, token=_fresh(side)) for side in sides)
    return first, second


def _fresh(side: Side) -> str:
    from apps.accounts.models import User
    from apps.tenants.context import tenant_context

    with tenant_context(tenant_of(side)):
        return token(User.objects.get(email=side.email))


def sessions_renew(sides: tuple[Side, Side]) -> None:
    """Make the sessions of both as if they had begun just now: use of one that is older is noted in a row."""
    from django.db import connection

    from apps.tenants.context import tenant_context

    for side, other in (sides, sides[::-1]):
        with tenant_context(tenant_of(side)):
            for key in (side.session, side.holder_session, side.copied_session):
                _session_renew(key)
        with connection.cursor() as cursor:
            cursor.execute(
                f'update "{other.schema}".django_session to_copy set session_data = s.session_data '
                f'from "{side.schema}".django_session s where s.session_key = to_copy.session_key',
            )


def _session_renew(key: str) -> None:
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import SESSION_KEY

    from apps.accounts import door
    from apps.accounts.models import User

    store = import_module(settings.SESSION_ENGINE).SessionStore(key)
    door.begin(store, User.objects.with_policy().get(pk=store[SESSION_KEY]))
    store.save()


def ticket_fresh(side: Side) -> str:
    """A one-time ticket of the owner, bought with a key that has the same id in both tenants."""
    from apps.gateway.credentials import bearer_verify
    from apps.gateway.principals import caller_of
    from apps.gateway.tickets import ticket_issue
    from apps.tenants.context import tenant_context

    with tenant_context(tenant_of(side)):
        return ticket_issue(caller_of(*bearer_verify(side.api_key)))


def api_key(user: Any, id: UUID, name: str, scopes: list[str] | None = None) -> str:
    """A key with these scopes; without them, with all that the user may do."""
    from apps.common.permissions import PERMISSIONS
    from apps.gateway.models import ApiKey
    from apps.gateway.principals import Caller
    from apps.gateway.services import key_create

    every = [item.code for item in PERMISSIONS if user.can(item.code)]
    key, text = key_create(who=Caller(user), name=name, scopes=scopes or every, days=1)
    ApiKey.objects.filter(pk=key.pk).update(id=id)
    return text
