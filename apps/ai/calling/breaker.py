"""A provider that fails again and again is left alone for a while, by all processes of a tenant together.

After `MOST` failures in a row it is not asked for `OPEN` seconds; then one call goes and looks, and the others wait
another `OPEN` seconds for what it finds. The state is in Redis, by Redis's clock; without Redis each process has its
own. Only failures that a provider is to blame for count: no connection, no answer in time, errors 5xx.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from redis.exceptions import RedisError

from apps.tenants.fast import redis, redis_key

MOST: Final = 5
OPEN: Final = 30.0
"""Seconds."""
FORGOTTEN: Final = 300
"""Seconds after the last failure."""

# Seconds until the provider may be asked, in milliseconds. Whoever finds it over goes and looks, and closes it behind.
_LOOK = """
local until_ = tonumber(redis.call('HGET', KEYS[1], 'until') or 0)
if until_ == 0 then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now < until_ then return until_ - now end
redis.call('HSET', KEYS[1], 'until', now + tonumber(ARGV[1]))
return 0
"""
_FAILED = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]))
if redis.call('HINCRBY', KEYS[1], 'failures', 1) >= tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'until', now + tonumber(ARGV[2]))
end
redis.call('EXPIRE', KEYS[1], tonumber(ARGV[3]))
return 0
"""


@dataclass
class _State:
    failures: int = 0
    until: float = 0.0
    at: float = 0.0
    """When it failed last."""


_own: dict[str, _State] = {}
"""Of this process, while Redis is away."""
_lock = threading.Lock()


def seconds_closed(provider: UUID) -> float:
    """Seconds for which the provider is not to be asked; 0: ask it now, and tell what came of it."""
    key = redis_key("ai", "breaker", str(provider))
    try:
        return float(_scripts()[0](keys=[key], args=[int(OPEN * 1000)])) / 1000
    except RedisError:
        return _look(key)


def failed(provider: UUID) -> None:
    """The provider was asked, and it failed."""
    key = redis_key("ai", "breaker", str(provider))
    try:
        _scripts()[1](keys=[key], args=[MOST, int(OPEN * 1000), FORGOTTEN])
    except RedisError:
        _count(key)


def answered(provider: UUID) -> None:
    """The provider was asked, and it is there."""
    key = redis_key("ai", "breaker", str(provider))
    with _lock:
        _own.pop(key, None)
    try:
        redis().delete(key)
    except RedisError:
        return


def _look(key: str) -> float:
    now = time.monotonic()
    with _lock:
        state = _own.get(key)
        if state is None or not state.until:
            return 0.0
        if now < state.until:
            return state.until - now
        state.until = now + OPEN
        return 0.0


def _count(key: str) -> None:
    now = time.monotonic()
    with _lock:
        state = _own.setdefault(key, _State())
        state.failures = 1 if now - state.at > FORGOTTEN else state.failures + 1
        state.at = now
        if state.failures >= MOST:
            state.until = now + OPEN


@cache
def _scripts() -> tuple[Any, Any]:
    return redis().register_script(_LOOK), redis().register_script(_FAILED)
