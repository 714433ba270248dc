"""Sessions of clients that shake hands: signed names, of which nothing is kept; and calls that they take back."""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import Any, Final

from django.core.signing import BadSignature, Signer
from redis.exceptions import RedisError

from apps.gateway.principals import Caller
from apps.tenants.context import current_schema
from apps.tenants.fast import redis, redis_key

logger = logging.getLogger(__name__)

KEPT: Final = 120
"""Seconds that a wish to cancel is kept: longer than any call takes."""


def session_new(who: Caller) -> str:
    """A name for a session of this caller, good here and for nobody else."""
    return _signer(who).sign(secrets.token_urlsafe(16))


def session_is_good(name: str, who: Caller) -> bool:
    try:
        _signer(who).unsign(name)
    except BadSignature:
        return False
    return True


def cancel(session: str, request: Any) -> None:
    """Have the call of this request of the session end. One that has ended does not mind."""
    try:
        redis().set(_mark(session, request), b"1", ex=KEPT)
    except RedisError as error:
        logger.warning("a call was not cancelled: Redis is away: %s", error)


def is_cancelled(session: str, request: Any) -> bool:
    try:
        return bool(redis().exists(_mark(session, request)))
    except RedisError:
        return False


def _signer(who: Caller) -> Signer:
    key = str(who.key.pk) if who.key else ""
    return Signer(salt=f"ai.mcp.session:{current_schema()}:{who.user.pk}:{key}")


def _mark(session: str, request: Any) -> str:
    """By what the ids are and not only by how they read: ``"1"`` is not ``1``."""
    named = hashlib.sha256(f"{session}\n{type(request).__name__}\n{request}".encode()).hexdigest()
    return redis_key("mcp-cancelled", named)
