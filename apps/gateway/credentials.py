"""From a header or a cookie to a person: used by the API and by sockets alike."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from apps.gateway import marks
from apps.gateway.models import ApiKey
from apps.gateway.selectors import key_verify
from apps.gateway.tokens import TokenRefused, token_verify
from apps.gateway.uses import use_note


def bearer_verify(credential: str) -> tuple[Any, ApiKey | dict[str, Any]]:
    """The user behind the credential of `Authorization: Bearer`, and its key or claims. Raises `TokenRefused`,
    and `AuditNotWritten` where the use of a key has to be recorded and cannot be.

    Refresh tokens, tickets and the tokens of directories are none: each is good at one door only.
    """
    if credential.startswith((marks.REFRESH, marks.TICKET)):
        raise TokenRefused("This is a refresh token or a ticket: send an access token or an API key here.")
    if credential.startswith(marks.SCIM):
        raise TokenRefused("This is the token of a directory, which opens /scim/v2/ and nothing else.")
    if not credential.startswith(marks.KEY):
        return token_verify(credential)
    key = key_verify(credential)
    if key is None:
        raise TokenRefused("This API key is unknown, expired or revoked.")
    use_note(key)
    return key.user, key


def session_user(key: str) -> Any | None:
    """The person who is inside by the console's session of this key; None for nobody, and for one who owes a factor."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_in_by(request.session) else None
