"""Tries to prove who one is: passwords, codes, recovery codes. A few per account and per place are looked at, no more.

A try is counted before it is looked at, and given back where it was right. So of a thousand tries that come at once no
more have effect than the limit says, whatever an attacker knows of them, and nobody is shut out by being right. One
count stands for all that an account proves itself with: who knows the password gets no second allowance for codes.
Passkeys are not counted, as there is nothing to guess: whoever is shut out by others' tries comes in with theirs.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, Final

from redis.exceptions import RedisError

from apps.tenants.context import current_schema
from apps.tenants.fast import redis, redis_key

logger = logging.getLogger(__name__)

WINDOW: Final = 15 * 60
"""Seconds over which tries count."""
EACH: Final = 10
"""Wrong tries for one account within the window that have effect."""
PLACE: Final = 50
"""Wrong tries from one place within the window, for whatever accounts: a password that is tried on many."""

# KEYS: the account's tries and the place's. ARGV: the window in seconds, the try's name, and the limit of each.
# Each key is a sorted set of tries by when they came, by Redis's own clock. Returns 0 where the try is counted, else
# the seconds until the next would be.
_TAKE = """
local window, now = tonumber(ARGV[1]), redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', at - window)
    if redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then
        local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        return math.max(1, math.ceil(tonumber(first[2]) + window - at))
    end
end
for i, key in ipairs(KEYS) do
    redis.call('ZADD', key, at, ARGV[2])
    redis.call('EXPIRE', key, window + 1)
end
return 0
"""


@dataclass(frozen=True)
class Try:
    """A try that is counted."""

    name: str
    keys: tuple[str, ...]
    """Where it is counted in Redis; none where this process counted it alone."""

    def give_back(self) -> None:
        """It was right, or was not looked at: it does not count."""
        try:
            for key in self.keys:
                redis().zrem(key, self.name)
        except RedisError as error:
            logger.warning("a try that need not count stays counted, as Redis is away: %s", error)


@dataclass(frozen=True)
class Refused:
    """There were too many tries: this one must not be looked at."""

    seconds: int
    """Until one would be."""


def take(*, account: str, place: str) -> Try | Refused:
    """Count a try for an account (its address, in small letters) from a place. Call it before anything is compared.

    Without Redis the limit does not fall away: this process allows a few tries by itself.
    """
    name = secrets.token_hex(8)
    keys = (_key("account", account), _key("place", place))
    try:
        wait = int(_script()(keys=keys, args=[WINDOW, name, EACH, PLACE], client=redis()))
    except RedisError as error:
        logger.warning("tries to sign in are counted by this process alone, as Redis is away: %s", error)
        allowed = _budget.take(f"{current_schema()}:{account}", time.monotonic())
        return Try(name, ()) if allowed else Refused(WINDOW)
    return Refused(wait) if wait else Try(name, keys)


@cache
def _script() -> Any:
    return redis().register_script(_TAKE)


def _key(kind: str, of: str) -> str:
    """Under a digest: whoever reads Redis learns no address."""
    return redis_key("tries", kind, hashlib.sha256(of.encode()).hexdigest()[:32])


class LocalBudget:
    """A few tries per account and in all, counted by this process over windows that do not overlap."""

    def __init__(self, *, each: int, total: int) -> None:
        self.each, self.total = each, total
        self._lock = Lock()
        self._began = float("-inf")
        self._tries: Counter[str] = Counter()

    def take(self, account: str, now: float) -> bool:
        """Count a try at `now` (seconds of a steady clock). False when nothing is left for the account, or for all."""
        with self._lock:
            if now - self._began >= WINDOW:
                self._began = now
                self._tries.clear()
            if self._tries[account] >= self.each or self._tries.total() >= self.total:
                return False
            self._tries[account] += 1
            return True


_budget = LocalBudget(each=3, total=100)
