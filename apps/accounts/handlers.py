"""Signing in and out, and what people change of their ways in, in the words of allauth's signals.

`AccountAdapter` tells of tries that failed. The views of allauth are each one transaction (`middleware`): what cannot
be recorded is not done.
"""

from __future__ import annotations

from typing import Any

from allauth.account import signals
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.auditing import (
    EMAIL_ADDED,
    EMAIL_CHANGED,
    EMAIL_REMOVED,
    PASSWORD_CHANGED,
    PASSWORD_RESET,
    SIGNED_IN,
    SIGNED_OUT,
)
from apps.accounts.models import User
from apps.accounts.operator_access import handlers as _operator_access  # noqa: F401  # its kind of work
from apps.audit.kinds import EntryKind
from apps.audit.services import record


@receiver(signals.user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    methods = dict.fromkeys(
        str(each.get("type") or each["method"]) for each in get_authentication_records(request, user)
    )
    _record(SIGNED_IN, user, by=", then ".join(methods) or "a link")


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _record(SIGNED_OUT, user)


@receiver(signals.password_changed, dispatch_uid="accounts.password_changed")
@receiver(signals.password_set, dispatch_uid="accounts.password_set")
def password_changed(user: User, **_: Any) -> None:
    _record(PASSWORD_CHANGED, user)


@receiver(signals.password_reset, dispatch_uid="accounts.password_reset")
def password_reset(user: User, **_: Any) -> None:
    _record(PASSWORD_RESET, user)


@receiver(signals.email_added, dispatch_uid="accounts.email_added")
def email_added(user: User, email_address: EmailAddress, **_: Any) -> None:
    _record(EMAIL_ADDED, user, after={"email": email_address.email})


@receiver(signals.email_removed, dispatch_uid="accounts.email_removed")
def email_removed(user: User, email_address: EmailAddress, **_: Any) -> None:
    _record(EMAIL_REMOVED, user, before={"email": email_address.email})


@receiver(signals.email_changed, dispatch_uid="accounts.email_changed")
def email_changed(
    user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any
) -> None:
    before = from_email_address.email if from_email_address else ""
    _record(EMAIL_CHANGED, user, before={"email": before}, after={"email": to_email_address.email})


def _record(kind: EntryKind, user: User, **said: Any) -> None:
    with transaction.atomic():
        record(kind, who=user, **said)
