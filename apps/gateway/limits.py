"""How many requests a tenant and its callers may send, counted in Redis for all processes together.

Each limit is a bucket: a hash of counts by second, of which the last sixty count. So no sixty seconds, wherever they
begin, let more through than the limit: a bucket that refills smoothly (GCRA, ITU-T I.371, and every token bucket of one
limit's size) lets nearly twice as many, and windows that begin by the clock twice as many. One script looks at all
buckets of a request and takes from all of them or from none, by Redis's own clock: those of the servers do not matter.
A refused request uses nothing up. The window of sub-windows follows "An alternative approach to rate limiting"
(Nikrad Mahdi, Figma, 2017); that it is exact here is decision 0054.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.http import HttpRequest
from prometheus_client import Counter
from redis.exceptions import RedisError

from apps.common.errors import TooManyRequests
from apps.gateway.addresses import address_of, network_of
from apps.gateway.principals import Caller
from apps.tenants.context import current_tenant
from apps.tenants.fast import redis, redis_key
from apps.tenants.plans import Plan, plan_of

logger = logging.getLogger(__name__)

WINDOW: Final = 60
"""Seconds over which requests count."""
START, UPLOAD = "start", "upload"
KINDS: Final = (START, UPLOAD)
"""Classes of routes that have a limit of their own, of the tenant as a whole."""
ASKS: Final = 20
"""Things that one person may ask models for in `WINDOW` seconds."""
TOLD_EVERY: Final = 10.0
"""Seconds between two log lines that say the same: Redis is away."""

OPEN = Counter("orchestrall_limits_open", "Requests that were let through uncounted, as Redis was away")
REFUSED = Counter("orchestrall_limits_refused", "Requests that a limit refused", ["limit"])

# KEYS: the buckets. ARGV: how many to take from each, the window in seconds, then the limit of each bucket.
# Returns whether they were taken, then for each bucket what counts now and the seconds until some of it no longer does.
# A bucket holds `n`, the sum of its seconds, and `first`, the oldest second that still may count. What was taken in a
# second counts until that second has been over for a whole window. So a bucket is at most 63 fields, and an old second
# is looked at once.
_SCRIPT = """
local take, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = tonumber(redis.call('TIME')[1])
local buckets, taken = {}, 1
for i, key in ipairs(KEYS) do
    local kept = redis.call('HMGET', key, 'n', 'first', now)
    local n, first, current = tonumber(kept[1] or 0), tonumber(kept[2] or now), tonumber(kept[3] or 0)
    if first > now then -- the clock was set back: what was counted cannot be told apart
        redis.call('DEL', key)
        n, first, current = 0, now, 0
    end
    while first < now do
        local old = tonumber(redis.call('HGET', key, first) or 0)
        if old > 0 and first >= now - window then break end
        if old > 0 then
            redis.call('HDEL', key, first)
            n = n - old
        end
        first = first + 1
    end
    if n + take > tonumber(ARGV[2 + i]) then taken = 0 end
    buckets[i] = {n, first, current}
end
if take == 0 then taken = 1 end
local answer = {taken}
for i, key in ipairs(KEYS) do
    local n, first, current = unpack(buckets[i])
    if taken == 1 then n, current = n + take, current + take end
    if n == 0 then
        redis.call('DEL', key)
    else
        redis.call('HSET', key, 'n', n, 'first', first)
        if taken == 1 and take > 0 then redis.call('HSET', key, now, current) end
        redis.call('EXPIRE', key, window + 2)
    end
    answer[#answer + 1] = n
    answer[#answer + 1] = n > 0 and first + window + 1 - now or 0
end
return answer
"""


@dataclass(frozen=True)
class Bucket:
    """One limit: at most `limit` requests in any `WINDOW` seconds."""

    name: str
    """Its name in headers and figures: a key of `TEXTS`."""
    key: str
    limit: int


@dataclass(frozen=True)
class State:
    """How a bucket stands."""

    bucket: Bucket
    used: int
    reset: int
    """Seconds until something of it is free again; 0 when nothing is used."""

    @property
    def left(self) -> int:
        return max(0, self.bucket.limit - self.used)


@dataclass(frozen=True)
class Text:
    detail: str
    remedy: str


# What a refusal says of each limit, and what can be done about it.
TEXTS: Final[dict[str, Text]] = {
    "tenant": Text(
        "Your organisation may send {limit:,} requests a minute, all members and keys together, and has sent {used:,}.",
        "Wait {wait} s. If this is what you need every day, ask the operator for a higher limit.",
    ),
    "caller": Text(
        "One member or key may send {limit:,} requests a minute, and this one has sent {used:,}.",
        "Wait {wait} s, and spread requests over the minute; the header RateLimit says how many are left.",
    ),
    "start": Text(
        "Your organisation may start {limit:,} runs a minute, and has started {used:,}.",
        "Wait {wait} s and start it again; one run may also take more rows.",
    ),
    "upload": Text(
        "Your organisation may send {limit:,} files a minute, and has sent {used:,}.",
        "Wait {wait} s and send it again; one file may also hold more rows.",
    ),
    "ask": Text(
        "One person may ask models for {limit:,} things a minute, and you have asked for {used:,}.",
        "Wait {wait} s and ask again.",
    ),
    "address": Text(
        "Without a good credential {limit:,} requests a minute may come from one network address, and from yours came "
        "{used:,}.",
        "Wait {wait} s. Send a valid token or API key with each request, and read open documents once.",
    ),
}


@dataclass(frozen=True)
class Allowance:
    """What became of a request at its limits."""

    granted: bool
    states: tuple[State, ...]
    number: int = 1
    """How many were asked for."""

    @property
    def refusing(self) -> list[State]:
        """The limits that had not enough."""
        return [] if self.granted else [each for each in self.states if each.left < self.number]

    def demand(self) -> None:
        """Raise `TooManyRequests`, naming the limit that takes longest, unless the request was granted."""
        if self.granted:
            return
        state = max(self.refusing, key=lambda each: each.reset)
        text, wait = TEXTS[state.bucket.name], max(1, state.reset)
        said = {"limit": state.bucket.limit, "used": state.used, "wait": wait}
        raise TooManyRequests(
            f"{text.detail.format(**said)} This request was not carried out.",
            remedy=text.remedy.format(**said),
            retry_after=wait,
        )

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers: `q` is the limit, `w` its window, `r` what is left, `t`
        the seconds until more is."""
        policy = ", ".join(f'"{each.bucket.name}";q={each.bucket.limit};w={WINDOW}' for each in self.states)
        state = ", ".join(f'"{each.bucket.name}";r={each.left};t={each.reset}' for each in self.states)
        return {"RateLimit-Policy": policy, "RateLimit": state}


def take(buckets: Sequence[Bucket], number: int = 1) -> Allowance | None:
    """Take `number` from every bucket, or from none where one has not enough. 0 only looks.

    None without Redis: then the request goes through uncounted, which is told by a metric and in the log. Signing in
    has a budget of its own for that (`apps.accounts.limits`).
    """
    try:
        taken, *found = _script()(
            keys=[bucket.key for bucket in buckets], args=[number, WINDOW, *(bucket.limit for bucket in buckets)]
        )
    except RedisError as error:
        _tell_open(error)
        return None
    states = tuple(State(*each) for each in zip(buckets, found[::2], found[1::2], strict=True))
    allowance = Allowance(bool(taken), states, number)
    for state in allowance.refusing:
        REFUSED.labels(state.bucket.name).inc()
    return allowance


def starts_count() -> None:
    """Count a run that somebody starts without being a caller of the API: a webhook's sender.

    Raises `TooManyRequests` where the tenant has started as many as it may.
    """
    allowance = take([each for each in _kinds(plan_of(current_tenant())) if each.name == START])
    if allowance:
        allowance.demand()


def asks_bucket(user: str) -> Bucket:
    """What a person may ask models in the current tenant: each question costs money, and a script asks without end."""
    return _bucket("ask", ASKS, f"user-{user}")


def starts_spare(wanted: int) -> int:
    """Count as many of `wanted` runs as started that leave half of the tenant's limit to its callers. Returns how many.

    For work that starts runs by and by, and can wait: 0 means to come back later. Without Redis, all of them.
    """
    (bucket,) = (each for each in _kinds(plan_of(current_tenant())) if each.name == START)
    looked = take([bucket], 0)
    if looked is None:
        return wanted
    number = max(0, min(wanted, bucket.limit // 2 - looked.states[0].used))
    taken = take([bucket], number) if number else None
    return number if taken is None or taken.granted else 0


def buckets_of(*, caller: Caller | None, request: HttpRequest, kind: str = "") -> list[Bucket]:
    """The buckets that a request of the current tenant takes from.

    `kind` is the class of its route, one of `KINDS`, or empty for one without a bucket of its own. Who comes without
    a good credential uses up nothing of the tenant's: they have a bucket for their address.
    """
    plan = plan_of(current_tenant())
    if caller is None:
        return [_bucket("address", plan.caller_requests, network_of(address_of(request)))]
    return [_tenant_bucket(plan), _caller_bucket(plan, caller), *(each for each in _kinds(plan) if each.name == kind)]


def usage(*, caller: Caller) -> tuple[State, ...] | None:
    """How every limit of the current tenant and of this caller stands; nothing is taken. None without Redis."""
    plan = plan_of(current_tenant())
    looked = take([_tenant_bucket(plan), _caller_bucket(plan, caller), *_kinds(plan)], 0)
    return looked.states if looked else None


def _bucket(name: str, limit: int, *of: str) -> Bucket:
    return Bucket(name, redis_key("limit", name, *of), limit)


def _tenant_bucket(plan: Plan) -> Bucket:
    return _bucket("tenant", plan.requests)


def _caller_bucket(plan: Plan, caller: Caller) -> Bucket:
    """A key has a bucket of its own beside that of the member who made it: one program must not slow another."""
    of = f"key-{caller.key.pk}" if caller.key else f"user-{caller.user.pk}"
    return _bucket("caller", plan.caller_requests, of)


def _kinds(plan: Plan) -> list[Bucket]:
    return [_bucket(START, plan.starts), _bucket(UPLOAD, plan.uploads)]


@cache
def _script() -> Any:
    return redis().register_script(_SCRIPT)


_told = float("-inf")


def _tell_open(error: RedisError) -> None:
    global _told  # noqa: PLW0603  # two threads may both tell it: that harms nobody
    OPEN.inc()
    if time.monotonic() - _told >= TOLD_EVERY:
        _told = time.monotonic()
        logger.warning("requests are let through uncounted, as Redis is away: %s", error)
