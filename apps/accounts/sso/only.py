"""Single sign-on alone: who may still come in otherwise, and that it is told when they do."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.internal.flows.login import clear_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.sso import selectors
from apps.accounts.sso.auditing import BREAK_GLASS_USED
from apps.accounts.tries import REFUSED, failure_note
from apps.audit.services import record
from apps.common.errors import Conflict, NotAuthenticated
from apps.console.context import request_id
from apps.tenants.context import current_tenant, tenant_url

logger = logging.getLogger(__name__)

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def keeps_out(user: User) -> bool:
    """Whether this member, who proved who they are otherwise, has to come by a provider.

    The owner who keeps the way past it has to have a second factor, which is asked for then: without one they are kept
    out too. Who visits by a grant is no member, and has no provider here.
    """
    policy = selectors.policy()
    if not policy.is_only or user.valid_until is not None:
        return False
    if policy.break_glass_id != user.pk:
        return True
    return not Authenticator.objects.filter(user=user, type__in=_FACTORS).exists()


def refusal(request: HttpRequest, user: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
    """Back to the sign-in page where the sign-in that is under way is by no provider, and has to be."""
    if (kwargs.get("signal_kwargs") or {}).get("sociallogin") is not None or not keeps_out(user):
        return None
    clear_authentication_records(request)
    failure_note(account=user.email, why="single sign-on alone", outcome=REFUSED)
    messages.error(request, "Your organisation signs in by single sign-on alone: use its button.")
    return redirect("account_login")


def require_way_in(user: User) -> None:
    """For sign-in over the API. Raises `NotAuthenticated`."""
    if keeps_out(user):
        failure_note(account=user.email, why="single sign-on alone", outcome=REFUSED)
        raise NotAuthenticated(
            "Your organisation signs in by single sign-on alone.",
            remedy="Sign in to the console by your identity provider, and make an API key there.",
        )


def require_not_break_glass(member: User) -> None:
    """Raise `Conflict` for a change that would close the way past single sign-on."""
    policy = selectors.policy()
    if policy.is_only and policy.break_glass_id == member.pk:
        raise Conflict(
            f"{member} keeps the way past single sign-on; nothing was changed.",
            remedy="Name another owner for it in Sign-in & identity first.",
        )


def stands_on(factor: Authenticator) -> bool:
    """Whether the way past single sign-on would close without this factor: it is the last of whoever keeps that way."""
    policy = selectors.policy()
    if not policy.is_only or policy.break_glass_id != factor.user_id or factor.type not in _FACTORS:
        return False
    others = Authenticator.objects.filter(user=factor.user_id, type__in=_FACTORS)
    return not others.exclude(pk=factor.pk).exists()


def used(user: User) -> None:
    """Record, and mail to owners and administrators, that the way past single sign-on was used, where it was."""
    policy = selectors.policy()
    if not policy.is_only or policy.break_glass_id != user.pk:
        return
    with transaction.atomic():
        record(BREAK_GLASS_USED, who=user, subject=policy)
        people = User.objects.filter(role__in=["owner", "administrator"], is_active=True, is_service=False)
        _mail(user, list(people.filter(valid_until=None).values_list("email", flat=True)))


def _mail(user: User, to: list[str]) -> None:
    tenant = current_tenant()
    link = tenant_url(tenant, reverse("identity:sso"))
    context = {"member": user, "tenant": tenant, "link": link, "at": timezone.now(), "request": request_id()}
    text = render_to_string("accounts/email/break_glass.txt", context)

    def send() -> None:
        try:
            for address in to:
                send_mail(f"[{tenant.name}] Somebody signed in past single sign-on", text, None, [address])
        except OSError as error:  # smtplib's errors are OSErrors
            logger.error("that single sign-on was passed by could not be mailed: %s", error)

    transaction.on_commit(send)
