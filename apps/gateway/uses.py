"""That a key was used, as the audit log keeps it: once an hour for each network that it is used from.

So a key that was copied shows as soon as it is used from elsewhere, and a program that calls a hundred times a second
costs one entry an hour: this process remembers what it has noted, and Redis what all of them have.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from apps.audit.actors import circumstances
from apps.audit.services import AuditNotWritten, record
from apps.gateway.addresses import network_of
from apps.gateway.auditing import KEY_USED
from apps.gateway.models import ApiKey
from apps.gateway.principals import caller_of
from apps.tenants.fast import redis, redis_key

HOUR: Final = 3600
_MOST: Final = 10_000
"""Uses that a process remembers."""
_noted: set[str] = set()


def use_note(key: ApiKey) -> None:
    """Record the use of a key, where it is the first of the hour from the network of the request.

    Without Redis each process records it. Raises `AuditNotWritten`: then the next use is the first.
    """
    hour = int(timezone.now().timestamp()) // HOUR
    name = redis_key("key-used", str(key.pk), network_of(circumstances().address), str(hour))
    if name in _noted:
        return
    if _claimed(name):
        try:
            with transaction.atomic():
                record(KEY_USED, who=caller_of(key.user, key), subject=key)
        except AuditNotWritten:
            _give_up(name)
            raise
    if len(_noted) >= _MOST:
        _noted.clear()
    _noted.add(name)


def _claimed(name: str) -> bool:
    """Whether this use is for us to record: no other process has done it."""
    try:
        return bool(redis().set(name, 1, ex=HOUR, nx=True))
    except RedisError:
        return True


def _give_up(name: str) -> None:
    with suppress(RedisError):
        redis().delete(name)


def forget() -> None:
    """Drop what this process remembers."""
    _noted.clear()
