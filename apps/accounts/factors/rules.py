"""What a tenant's policy makes of a sign-in."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.factors.codes import code_take
from apps.accounts.limits import WINDOW, Try
from apps.accounts.models import User
from apps.accounts.sso import only
from apps.accounts.tries import failure_note
from apps.common.errors import NotAuthenticated, TooManyRequests
from apps.console.stepup import FactorRequired


def refuses_password(user: User) -> bool:
    """Whether passwords are refused for this member: their role signs in without one, and they have a passkey."""
    if user.sign_in_policy.demand_of(user.role) != "passkey_only":
        return False
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())


def password_refusal(request: HttpRequest, user: Any) -> HttpResponse | None:
    """Back to the sign-in page where the sign-in that is under way is by a password that is refused."""
    records = get_authentication_records(request, user)
    if not records or records[-1].get("method") != "password" or not refuses_password(user):
        return None
    clear_authentication_records(request)
    messages.error(request, "Your organisation takes no passwords from your role. Sign in with your passkey.")
    return redirect("account_login")


def factor_shown(user: User, code: str | None, *, trying: Callable[[], AbstractContextManager[Try]]) -> str:
    """As `AccountAdapter.factor_shown` says."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if code is None:
        if kinds:
            raise FactorRequired
        _demand(user, set())
        return ""  # and so not past single sign-on alone, which asks for a factor
    try:
        with trying() as tried:
            factor = code_take(user=user, code=code)
            if factor is None:
                failure_note(account=user.email, why="wrong code")
                raise NotAuthenticated("This code is not right, or was used already.", remedy="Wait for the next one.")
            tried.give_back()
    except ValidationError as error:
        raise TooManyRequests(
            "There were too many tries for this account or from this address; this one was not looked at.",
            remedy="Wait a quarter of an hour.",
            retry_after=WINDOW,
        ) from error
    _demand(user, {str(factor.type)})
    only.used(user)
    return str(factor.type)


def _demand(user: User, shown: set[str]) -> None:
    if not user.is_in_by_token(signed_in_at=time.time(), kinds=shown):
        raise FactorRequired
