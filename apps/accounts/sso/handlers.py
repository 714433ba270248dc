"""What follows when somebody is in, and when their session goes on under another key."""

from __future__ import annotations

from typing import Any

from allauth.account import signals
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts import door
from apps.accounts.models import User
from apps.accounts.sso import only, sessions


@receiver(signals.password_changed, dispatch_uid="accounts.sso.password_changed")
@receiver(signals.password_set, dispatch_uid="accounts.sso.password_set")
def key_changed(request: HttpRequest, **_: Any) -> None:
    """A new password gives the session another key: it goes on, and its provider ends it by that."""
    sessions.keep_key(request)


@receiver(signals.user_logged_in, dispatch_uid="accounts.sso.signed_in")
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note the session of whoever came by a provider; tell of whoever came past one."""
    login = kwargs.get("sociallogin")
    if login is not None:
        sessions.keep_key(request)
        door.prove_by_provider(request.session, login.state.get("proved"))
    else:
        request.session.pop(sessions.KEY, None)
        only.used(user)
