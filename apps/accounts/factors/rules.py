"""What a tenant's policy makes of a sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import clear_authentication_records, get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.models import User


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
