"""Writes of the gateway: keys are made and revoked, passwords are traded for tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.common.errors import InvalidInput, Issue, PermissionDenied
from apps.common.permissions import PERMISSIONS, demand
from apps.gateway.marks import KEY, digest_of, mint
from apps.gateway.models import ApiKey
from apps.gateway.permissions import API_USE, KEYS_MANAGE
from apps.gateway.principals import Caller
from apps.gateway.selectors import PREFIX

LONGEST_DAYS = 366


@transaction.atomic
def key_create(*, who: Caller, name: str, scopes: Iterable[str], days: int) -> tuple[ApiKey, str]:
    """Make a key that speaks for `who`, and return it with its text, which is shown now and never again.

    A key holds no code that its maker does not. Raises `InvalidInput` with issues, `PermissionDenied`.
    """
    demand(who, KEYS_MANAGE)
    if who.key is not None:
        raise PermissionDenied("A key cannot make keys. Nothing was changed.", remedy="Sign in to the console.")
    name, wanted = name.strip(), sorted(set(scopes))
    issues = _issues(who, name, wanted, days)
    if issues:
        raise InvalidInput("The key was not made.", issues=issues)
    prefix = secrets.token_hex(PREFIX // 2)
    text = mint(f"{KEY}{prefix}_")
    expires = timezone.now() + timedelta(days=days)
    key = ApiKey.objects.create(
        user=who.user, name=name, prefix=prefix, digest=digest_of(text), scopes=wanted, expires_at=expires
    )
    return key, text


@transaction.atomic
def key_revoke(*, who: Caller, key: ApiKey, now: datetime | None = None) -> ApiKey:
    """End a key at once and for good. Revoking one that has ended changes nothing."""
    demand(who, KEYS_MANAGE)
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at = now or timezone.now()
        key.save(update_fields=["revoked_at"])
    return key


def _issues(who: Caller, name: str, scopes: list[str], days: Any) -> list[Issue]:
    issues = []
    if not name or len(name) > 100 or not name.isprintable():
        issues.append(Issue(path="name", message="Give a name of 1 to 100 characters that says what uses the key."))
    if not scopes:
        issues.append(Issue(path="scopes", message="Choose at least one thing that the key may do."))
    if beyond := [code for code in scopes if code not in PERMISSIONS or not who.can(code)]:
        issues.append(Issue(path="scopes", message=f"You cannot give what you do not hold: {', '.join(beyond)[:200]}."))
    if not isinstance(days, int) or not 1 <= days <= LONGEST_DAYS:
        issues.append(Issue(path="days", message=f"A key lives for 1 to {LONGEST_DAYS} days."))
    if not who.user.can(API_USE):
        issues.append(Issue(message="Your role may not call the API, so that a key of yours could do nothing."))
    return issues
