"""Writes of the gateway: keys are made, rotated and revoked."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied
from apps.common.permissions import PERMISSIONS, demand
from apps.gateway.auditing import KEY_MADE, KEY_REVOKED, KEY_ROTATED
from apps.gateway.marks import KEY, digest_of, mint
from apps.gateway.models import ApiKey
from apps.gateway.overlaps import overlap_time
from apps.gateway.permissions import API_USE, KEYS_MANAGE
from apps.gateway.principals import Caller
from apps.gateway.selectors import PREFIX, is_usable, may_rotate

LONGEST_DAYS: Final = 366


@transaction.atomic
def key_create(*, who: Caller, name: str, scopes: Iterable[str], days: int, account: Any = None) -> tuple[ApiKey, str]:
    """Make a key that speaks for `who`, or for the service account `account`, and return it with its text, which is
    shown now and never again.

    A key holds no code that its maker, or the account, does not. Raises `InvalidInput` with issues, `PermissionDenied`.
    """
    _demand_making(who)
    name, wanted, speaker = name.strip(), sorted(set(scopes)), account or who.user
    issues = _issues(who, speaker, name, wanted, days)
    if issues:
        raise InvalidInput("The key was not made.", issues=issues)
    made = _store(
        user=speaker, made_by=who.user, name=name, scopes=wanted, expires_at=timezone.now() + timedelta(days=days)
    )
    key, _ = made
    after = {"scopes": wanted, "expires_at": key.expires_at}
    record(KEY_MADE, who=who, subject=key, after=after, speaks_for=str(speaker), account=str(speaker.pk))
    return made


@transaction.atomic
def key_rotate(*, who: Caller, key: ApiKey, overlap: str) -> tuple[ApiKey, str]:
    """Make the key that takes over from `key`, alike in name, scopes and lifetime; return it with its text, as above.

    The old one goes on for the `overlap`, one of `apps.gateway.overlaps`, and never for longer than it would have.
    Raises `InvalidInput`, `PermissionDenied` for a key that speaks for another person, and `Conflict` for one that has
    ended or that another key has taken over from.
    """
    _demand_making(who)
    time = overlap_time(overlap)
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").get(pk=key.pk)
    if not may_rotate(who, key):
        raise PermissionDenied(
            f"{key.name} speaks for {key.user}, and its successor would give you what you do not hold. "
            "Nothing was changed.",
            remedy="Ask them to rotate it, or make a key of your own.",
        )
    if not is_usable(key):
        raise Conflict(f"{key.name} has ended; nothing was made.", remedy="Make a new key.")
    last = key.replaced_by.order_by("-id").first()
    if last is not None and last.revoked_at is None:
        raise Conflict(
            f"ork_{last.prefix}… takes over from this key already; nothing was made.",
            remedy="Rotate that one. If its text got lost, revoke it first.",
        )
    now, model = timezone.now(), last or key  # whose expiry no rotation has brought forward
    made = _store(
        user=key.user,
        made_by=who.user,
        name=key.name,
        scopes=key.scopes,
        expires_at=now + (model.expires_at - model.created_at),
        replaces=key,
    )
    before, key.expires_at = key.expires_at, min(key.expires_at, now + time)
    key.save(update_fields=["expires_at"])
    record(
        KEY_ROTATED,
        who=who,
        subject=key,
        before={"expires_at": before},
        after={"expires_at": key.expires_at},
        successor=str(made[0]),
        overlap=overlap,
    )
    return made


@transaction.atomic
def key_revoke(*, who: Caller, key: ApiKey, now: datetime | None = None) -> ApiKey:
    """End a key at once and for good. Revoking one that has ended changes nothing."""
    demand(who, KEYS_MANAGE)
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("user").get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at = now or timezone.now()
        key.save(update_fields=["revoked_at"])
        record(KEY_REVOKED, who=who, subject=key, before={"state": "active"}, after={"state": "revoked"})
    return key


def _demand_making(who: Caller) -> None:
    demand(who, KEYS_MANAGE)
    if who.key is not None:
        raise PermissionDenied(
            "A key cannot make keys: one that was stolen would outlive its revocation. Nothing was changed.",
            remedy="Use a token from /api/v1/tokens, or the console.",
        )


def _store(*, user: Any, **fields: Any) -> tuple[ApiKey, str]:
    prefix = secrets.token_hex(PREFIX // 2)
    text = mint(f"{KEY}{prefix}_")
    return ApiKey.objects.create(user=user, prefix=prefix, digest=digest_of(text), **fields), text


def _issues(who: Caller, speaker: Any, name: str, scopes: list[str], days: Any) -> list[Issue]:
    issues = []
    if not name or len(name) > 100 or not name.isprintable():
        issues.append(Issue(path="name", message="Give a name of 1 to 100 characters that says what uses the key."))
    if not scopes:
        issues.append(Issue(path="scopes", message="Choose at least one thing that the key may do."))
    if beyond := [code for code in scopes if code not in PERMISSIONS or not who.can(code)]:
        issues.append(Issue(path="scopes", message=f"You cannot give what you do not hold: {', '.join(beyond)[:200]}."))
    elif beyond := [code for code in scopes if not speaker.can(code)]:
        issues.append(Issue(path="scopes", message=f"{speaker} does not hold: {', '.join(beyond)[:200]}."))
    if not isinstance(days, int) or not 1 <= days <= LONGEST_DAYS:
        issues.append(Issue(path="days", message=f"A key lives for 1 to {LONGEST_DAYS} days."))
    if not speaker.can(API_USE):
        whose = "Your role" if speaker == who.user else f"The role of {speaker}"
        issues.append(Issue(message=f"{whose} may not call the API, so that its keys could do nothing."))
    return issues
