"""What the processes share in Redis beside the cache: counters, limits, tickets. Nothing there is the only truth."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.tenants.context import current_tenant
from apps.tenants.models import Tenant

TIMEOUT = 0.5
"""Seconds that Redis may take: a request waits for it."""


@cache
def redis() -> Redis:
    """The connections of this process. A Redis that is away is a `RedisError` at once: nothing is tried again."""
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )


def redis_key(*parts: str, tenant: Tenant | None = None) -> str:
    """The key of something of `tenant`, or of the tenant that this thread is in; deleted together with the tenant."""
    return ":".join([(tenant or current_tenant()).schema_name, *parts])
