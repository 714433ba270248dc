"""What follows from a factor that comes or goes, and from a proof: entries, and what a session knows of it.

Entries hang on the rows themselves, so that they are in the transaction of the change; `WholeAccountsMiddleware` makes
one of each page of allauth.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import authentication_step_completed
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_delete, post_init, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts import door
from apps.accounts.auditing import FACTOR_ADDED, FACTOR_REMOVED
from apps.accounts.factors.adapter import TITLES, owned
from apps.accounts.factors.recovery import codes_make
from apps.accounts.models import User
from apps.audit.kinds import EntryKind
from apps.audit.services import record

post_init.connect(owned, sender=Authenticator, dispatch_uid="accounts.factor_owned")


@receiver(user_logged_in, dispatch_uid="accounts.session_begins")
def session_begins(request: HttpRequest, user: User, **_: Any) -> None:
    door.begin(request.session, user)


@receiver(authentication_step_completed, dispatch_uid="accounts.proved_again")
def proved_again(request: HttpRequest, reauthenticated: bool = False, **_: Any) -> None:
    if reauthenticated:
        door.prove(request.session)


@receiver(pre_save, sender=Authenticator, dispatch_uid="accounts.totp_spent")
def totp_spent(instance: Authenticator, **_: Any) -> None:
    """The code that an app was set up with is spent."""
    counter = getattr(context.request, "totp_spent", None)
    if instance.pk is None and instance.type == Authenticator.Type.TOTP and counter is not None:
        instance.data["spent"] = counter


@receiver(pre_save, sender=Authenticator, dispatch_uid="accounts.recovery_codes_hashed")
def recovery_codes_hashed(instance: Authenticator, **_: Any) -> None:
    """Of the library's seed nothing is stored: the request alone holds the codes, for the answer that shows them."""
    if instance.pk is None and instance.type == Authenticator.Type.RECOVERY_CODES:
        context.request.recovery_codes = codes_make(instance)


@receiver(post_save, sender=Authenticator, dispatch_uid="accounts.factor_added")
def factor_added(instance: Authenticator, created: bool, **_: Any) -> None:
    if created:
        _record(FACTOR_ADDED, instance)


@receiver(post_delete, sender=Authenticator, dispatch_uid="accounts.factor_removed")
def factor_removed(instance: Authenticator, **_: Any) -> None:
    _record(FACTOR_REMOVED, instance)


@receiver(authenticator_added, dispatch_uid="accounts.factor_shown")
def factor_shown(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Who has just set a factor up has shown it: the session need not ask for it once more."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, "mfa", id=authenticator.pk, type=str(authenticator.type))


def _record(kind: EntryKind, factor: Authenticator) -> None:
    who = getattr(context.request, "user", None)
    with transaction.atomic():
        record(
            kind,
            who=who if isinstance(who, User) else None,
            subject=factor.user,
            factor=TITLES[str(factor.type)].lower(),
        )
