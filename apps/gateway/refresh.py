"""Refresh tokens: who signed in once stays signed in for up to 30 days, and a stolen token is found out.

Each is traded once, for an access token and its own successor (RFC 9700, section 4.14.2). The tokens that follow from
one sign-in are a family, named by the first of them. When one is traded a second time, either it was stolen or its
successor was, and nobody can tell which: the whole family ends, and its person signs in anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.audit.actors import NOBODY
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.common.errors import NotAuthenticated
from apps.common.permissions import demand
from apps.gateway.auditing import TOKEN_ISSUED, TOKEN_REFRESHED, TOKEN_REVOKED, TOKEN_USED_TWICE
from apps.gateway.marks import REFRESH, digest_of, is_whole, mint
from apps.gateway.models import RefreshToken
from apps.gateway.permissions import API_USE
from apps.gateway.tokens import SignIn, password_mark

IDLE: Final = timedelta(days=14)
"""How long a token waits to be traded."""
LONGEST: Final = timedelta(days=30)
"""How long a family lives, however often it is traded."""


@transaction.atomic
def refresh_issue(*, user: Any, factor: str = "") -> str:
    """The first token of a new family. What has expired of the same user is deleted, so that nothing piles up."""
    now = timezone.now()
    RefreshToken.objects.filter(user=user, family_expires_at__lt=now).delete()
    text, first = mint(REFRESH), RefreshToken(user=user, password_mark=password_mark(user), factor=factor)
    first.family, first.digest = first.pk, digest_of(text)
    first.family_expires_at, first.expires_at = now + LONGEST, now + IDLE
    first.save(force_insert=True)
    record(TOKEN_ISSUED, who=user, family=str(first.pk))
    return text


def refresh_trade(*, text: str) -> tuple[Any, str, SignIn]:
    """The user of a refresh token, its successor, and the sign-in that both follow from; the token itself is spent.

    Raises `NotAuthenticated` for one that is unknown, spent, expired or revoked, or whose user is deactivated or has a
    new password since. One answer for all of them: whoever holds a stolen token learns nothing from it. Raises
    `PermissionDenied` while the user's role may not call the API; the token is not spent then.
    """
    with transaction.atomic():
        traded = _trade(text)
    if traded is None:  # raised only now: what was revoked must stay so
        raise NotAuthenticated(
            "This refresh token is not good here, or no longer. If it was used before, all that came of the same "
            "sign-in has ended.",
            remedy="Sign in again at /api/v1/tokens.",
        )
    return traded


def refresh_revoke(*, text: str) -> None:
    """End the family of a refresh token. For anything else this does nothing: who calls it wants it gone, and it is."""
    if not is_whole(text, REFRESH):
        return
    with transaction.atomic():
        first = _family_lock(text)
        if first is not None and _family_revoke(first):
            record(TOKEN_REVOKED, who=first.user, family=str(first.pk))


def _trade(text: str) -> tuple[Any, str, SignIn] | None:
    if not is_whole(text, REFRESH):
        return None
    first = _family_lock(text)
    if first is None:
        return None
    token = RefreshToken.objects.select_related("user").get(digest=digest_of(text))
    now, user = timezone.now(), token.user
    if token.used_at is not None:
        if _family_revoke(first):
            record(TOKEN_USED_TWICE, who=NOBODY, subject=user, outcome=AuditEntry.Outcome.REFUSED, family=str(first.pk))
        return None
    if token.revoked_at is not None or token.expires_at <= now or not user.is_active:
        return None
    if not constant_time_compare(token.password_mark, password_mark(user)):
        return None
    sign_in = SignIn((token.family_expires_at - LONGEST).timestamp(), token.factor)
    if not user.is_in_by_token(signed_in_at=sign_in.at, kinds=[token.factor]):
        return None
    demand(user, API_USE)
    token.used_at = now
    token.save(update_fields=["used_at"])
    following = mint(REFRESH)
    RefreshToken.objects.create(
        family=token.family,
        user=user,
        digest=digest_of(following),
        password_mark=token.password_mark,
        factor=token.factor,
        expires_at=min(now + IDLE, token.family_expires_at),
        family_expires_at=token.family_expires_at,
    )
    record(TOKEN_REFRESHED, who=user, family=str(token.family))
    return user, following, sign_in


def _family_lock(text: str) -> RefreshToken | None:
    """The first of a token's family, locked: trades and revocations of a family go one after another.

    A lock on the token alone would not do: a successor that another trade is just storing would outlive the family.
    """
    family = RefreshToken.objects.filter(digest=digest_of(text)).values("family")
    return RefreshToken.objects.select_for_update().filter(pk__in=family).first()


def _family_revoke(first: RefreshToken) -> bool:
    """End a family. False where it had ended."""
    ended = RefreshToken.objects.filter(family=first.family, revoked_at=None).update(revoked_at=timezone.now())
    return ended > 0
