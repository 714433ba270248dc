"""How many calls of a provider may be under way at once, counted in Redis for all processes of a tenant.

A call takes a place for as long as it may take at most: one whose process is killed gives it back by then. Without
Redis each process counts its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final
from uuid import uuid4

from redis.exceptions import RedisError

from apps.ai.calling.waiting import pause, wait_before
from apps.ai.contract import ModelProblem
from apps.ai.models import Provider
from apps.tenants.fast import redis, redis_key

MARGIN: Final = 5.0
"""Seconds that a place is kept beyond the time of its call."""

# A set of who holds a place, by the moment at which it is given back at the latest. Returns whether one was taken.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[3])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], math.floor(tonumber(last[2])) + 1000)
return 1
"""

_own: dict[str, dict[str, float]] = {}
"""The places that this process has taken while Redis is away, with the moments until which they are taken."""
_lock = threading.Lock()


@contextmanager
def place(provider: Provider, *, until: float, stopping: Callable[[], bool]) -> Iterator[None]:
    """Hold one of the provider's places; wait for one until `until` (of `time.monotonic`).

    Raises `ModelProblem` when none was free, and `ModelStopped`.
    """
    key, holder, tries = redis_key("ai", "places", str(provider.pk)), uuid4().hex, 0
    while not _take(key, provider.at_once, until - time.monotonic() + MARGIN, holder):
        tries += 1
        wait = wait_before(min(tries, 3), None) + 0.02
        if time.monotonic() + wait >= until:
            raise ModelProblem(
                f"All {provider.at_once} calls that {provider.name} may have at once are under way.",
                remedy="Try again in a moment, or allow more calls at once on the provider's page.",
                was_sent=False,
            )
        pause(wait, stopping)
    try:
        yield
    finally:
        _give_back(key, holder)


def _take(key: str, most: int, seconds: float, holder: str) -> bool:
    try:
        return bool(_script()(keys=[key], args=[most, int(seconds * 1000), holder]))
    except RedisError:
        now = time.monotonic()
        with _lock:
            held = {each: end for each, end in _own.get(key, {}).items() if end > now}
            if taken := len(held) < most:
                held[holder] = now + seconds
            _own[key] = held
        return taken


def _give_back(key: str, holder: str) -> None:
    with _lock:
        if key in _own:
            _own[key].pop(holder, None)
            if not _own[key]:
                del _own[key]
    with suppress(RedisError):  # then it is free when its time is over
        redis().zrem(key, holder)


@cache
def _script() -> Any:
    return redis().register_script(_TAKE)
