"""An address and a password become a user, with one answer for every refusal."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.utils import has_verified_email
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.common.errors import NotAuthenticated, TooManyRequests

RETRY_AFTER: Final = 15 * 60
"""Seconds over which tries for an account are counted, as in ACCOUNT_RATE_LIMITS."""


def password_verify(*, request: HttpRequest, email: str, password: str) -> Any:
    """The active user with this address and password. Tries are counted together with those of the console.

    Raises `NotAuthenticated` with one text whether the address is unknown, the password wrong or the member
    deactivated, and `TooManyRequests`. A wrong address costs the time of a password check as well.
    """
    try:
        user = get_adapter(request).authenticate(request, email=email.strip().lower(), password=password)
    except ValidationError as error:
        raise TooManyRequests(
            "There were too many tries for this account or from this address; this one was not looked at.",
            remedy="Wait a quarter of an hour.",
            retry_after=RETRY_AFTER,
        ) from error
    refusal = "" if user is None else _refusal(user)
    if refusal:
        get_adapter(request).way_in_refused(user, why=refusal)
    if user is None or refusal:
        raise NotAuthenticated(
            "The address and the password do not belong together here.",
            remedy="Check both, and the host: members exist in one organisation only.",
        )
    get_adapter(request).require_way_in(user)
    return user


def _refusal(user: Any) -> str:
    """Why a member whose password it is may not come in; empty where they may."""
    if not user.is_active:
        return "the member is deactivated"
    return "" if has_verified_email(user) else "the address is not proved"
