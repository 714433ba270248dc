"""From a header to a caller: used by the API and by sockets alike."""

from __future__ import annotations

from typing import Any

from apps.gateway.models import ApiKey
from apps.gateway.selectors import key_verify
from apps.gateway.tokens import TokenRefused, token_verify

KEY_MARK = "ork_"


def bearer_verify(credential: str) -> tuple[Any, ApiKey | dict[str, Any]]:
    """The user behind the credential of `Authorization: Bearer`, and its key or claims. Raises `TokenRefused`."""
    if not credential.startswith(KEY_MARK):
        return token_verify(credential)
    key = key_verify(credential)
    if key is None:
        raise TokenRefused("This API key is unknown, expired or revoked.")
    return key.user, key
