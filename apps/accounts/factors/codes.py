"""Codes that a member types: of their app, or one of their recovery codes. Each is good once."""

from __future__ import annotations

import time
from typing import Final

from allauth.core.internal.cryptokit import compare_user_code, normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction

from apps.accounts.factors.recovery import recovery_code_take
from apps.accounts.models import User

PERIOD: Final = 30
"""Seconds that a code of an app is shown (RFC 6238)."""
APART: Final = 1
"""Periods that the clock of a phone may be ahead or behind."""


@transaction.atomic
def code_take(*, user: User, code: str) -> Authenticator | None:
    """The factor that a code is of, which is spent by that; None where it is of none, or was spent.

    The factors are locked: of a code that comes twice at once, one is good. What was spent is kept in the row, so that
    it stays spent whatever becomes of a cache.
    """
    typed = Authenticator.objects.select_for_update().filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    for factor in typed.order_by("-type"):  # the app before the recovery codes
        factor.user = user
        if factor.type == Authenticator.Type.TOTP:
            if _app_take(factor, code):
                return factor
        elif recovery_code_take(factor, code):
            return factor
    return None


def counter_of(secret: str, code: str, *, after: int = -1) -> int | None:
    """The number of the period whose code this is, if it is near enough and comes `after`; None otherwise."""
    now = int(time.time()) // PERIOD
    for counter in range(now - APART, now + APART + 1):
        expected = format_hotp_value(hotp_value(secret, counter))
        if counter > after and compare_user_code(actual=normalize_user_code(code), expected=expected):
            return counter
    return None


def _app_take(factor: Authenticator, code: str) -> bool:
    counter = counter_of(decrypt(factor.data["secret"]), code, after=int(factor.data.get("spent", -1)))
    if counter is None:
        return False
    factor.data["spent"] = counter
    factor.save(update_fields=["data"])
    return True
