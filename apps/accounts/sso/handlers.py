"""What follows when somebody is in."""

from __future__ import annotations

from typing import Any

from allauth.account import signals
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.sso import only, sessions


@receiver(signals.user_logged_in, dispatch_uid="accounts.sso.signed_in")
def signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Note the session of whoever came by a provider; tell of whoever came past one."""
    if kwargs.get("sociallogin") is not None:
        sessions.keep_key(request)
    else:
        request.session.pop(sessions.KEY, None)
        only.used(user)
