"""Live figures of a tenant, counted in Redis by all processes: requests, runs, how long they took.

What a process counts is kept in its memory and written at most once a second, for all tenants in one pipeline, into a
hash for each second and one for each minute; Redis's own clock says which. So counting costs a request next to nothing,
and a figure is a second late. Times go into buckets on a logarithmic scale (as in HdrHistogram, by Gil Tene), which can
be added up over any span and still tell percentiles. Nothing here is the only truth: what cannot be written is dropped.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal

import prometheus_client
from django.db import transaction
from redis.exceptions import RedisError

from apps.tenants.context import current_tenant
from apps.tenants.fast import redis, redis_key
from apps.tenants.models import Tenant

logger = logging.getLogger(__name__)

Count = Literal[
    "requests", "errors", "refused", "reused",
    "runs_started", "runs_succeeded", "runs_failed", "runs_cancelled", "runs_at_hand",
]  # fmt: skip
"""`errors` are answers 5xx, `refused` those of a limit, `reused` those that were kept: not changed, or repeated."""
Timing = Literal["request", "run"]

FLUSH_EVERY: Final = 1.0
"""Seconds between two writes of a process."""
PER_DECADE: Final = 20
"""Buckets of times for each power of ten: neighbours differ by 12 %, so a percentile is right to 6 %."""
SHORTEST, LONGEST = 1e-4, 1e5
"""Seconds; what took less or more counts as this."""

LOST = prometheus_client.Counter("orchestrall_counters_lost", "Live figures that were dropped, as Redis was away")


@dataclass(frozen=True)
class Resolution:
    """How fine figures are kept, and for how long, in seconds."""

    mark: str
    step: int
    kept: int


SECONDS: Final = Resolution("s", 1, 5 * 60)
MINUTES: Final = Resolution("m", 60, 25 * 3600)
RESOLUTIONS: Final = (SECONDS, MINUTES)


class _Buffer:
    """What this process has counted and not written yet, by tenant. A timer is set while there is any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.counts: dict[str, Counter[str]] = {}
        self.timer: threading.Timer | None = None

    def add(self, where: str, name: str, number: int) -> None:
        with self.lock:
            self.counts.setdefault(where, Counter())[name] += number
            if self.timer is None:
                self.timer = threading.Timer(FLUSH_EVERY, flush)
                self.timer.daemon = True
                self.timer.start()

    def taken(self) -> dict[str, Counter[str]]:
        with self.lock:
            counts, self.counts, self.timer = self.counts, {}, None
            return counts


_buffer = _Buffer()


def forget() -> None:
    """Drop what this process has counted and not written. One that was forked has a copy of what its parent will write,
    and no timer."""
    global _buffer  # noqa: PLW0603
    _buffer = _Buffer()


os.register_at_fork(after_in_child=forget)


def count(name: Count, number: int = 1, *, tenant: Tenant | None = None) -> None:
    """Count something of `tenant`, or of the tenant that this thread is in. Never fails and never waits."""
    _buffer.add(redis_key("figures", tenant=tenant), name, number)


def observe(name: Timing, seconds: float, *, tenant: Tenant | None = None) -> None:
    """Note how long something took."""
    _buffer.add(redis_key("figures", tenant=tenant), f"{name}:{bucket_of(seconds)}", 1)


def count_on_commit(name: Count) -> None:
    """Count something of the current tenant once the transaction commits: what is rolled back has not happened."""
    transaction.on_commit(partial(count, name, tenant=current_tenant()))


def observe_on_commit(name: Timing, seconds: float) -> None:
    transaction.on_commit(partial(observe, name, seconds, tenant=current_tenant()))


def flush() -> None:
    """Write what this process has counted: all of it is written when this returns, also what another thread had begun
    to write. Without Redis it is dropped, and that is counted."""
    buffer = _buffer
    with buffer.writing:
        if counts := buffer.taken():
            _write(counts)


def _write(counts: Mapping[str, Counter[str]]) -> None:
    try:
        now = int(redis().time()[0])
        pipe = redis().pipeline(transaction=False)
        for where, fields in counts.items():
            for resolution in RESOLUTIONS:
                key = _key(where, resolution, now)
                for name, number in fields.items():
                    pipe.hincrby(key, name, number)
                pipe.expire(key, resolution.kept + resolution.step)
        pipe.execute()
    except RedisError as error:
        LOST.inc(sum(fields.total() for fields in counts.values()))
        logger.info("live figures were dropped, as Redis is away: %s", error)


def _key(where: str, resolution: Resolution, moment: int) -> str:
    return f"{where}:{resolution.mark}:{moment - moment % resolution.step}"


def bucket_of(seconds: float) -> int:
    """The number of the bucket of a time: neighbours differ by a factor of 10^(1/20)."""
    return math.floor(math.log10(min(max(seconds, SHORTEST), LONGEST)) * PER_DECADE)


def middle_of(bucket: int) -> float:
    """Seconds in the (geometric) middle of a bucket."""
    return float(10 ** ((bucket + 0.5) / PER_DECADE))


@dataclass(frozen=True)
class Figures:
    """What was counted in some time."""

    counts: Mapping[str, int]

    def number(self, name: Count) -> int:
        return self.counts.get(name, 0)

    def percentile(self, name: Timing, share: float) -> float | None:
        """Seconds within which `share` (of 1) of what was timed was done, to 6 %; None where nothing was."""
        timed = sorted(
            (int(key.partition(":")[2]), number) for key, number in self.counts.items() if key.startswith(f"{name}:")
        )
        wanted = share * sum(number for _, number in timed)
        reached = 0
        for bucket, number in timed:
            reached += number
            if reached >= wanted:
                return middle_of(bucket)
        return None


@dataclass(frozen=True)
class Span:
    """A stretch of time until now, in steps."""

    key: str
    title: str
    step: int
    """Seconds of a step."""
    steps: int
    resolution: Resolution

    @property
    def seconds(self) -> int:
        return self.step * self.steps


SPANS: Final[dict[str, Span]] = {
    span.key: span
    for span in (
        Span("2m", "Last 2 minutes", 1, 120, SECONDS),
        Span("1h", "Last hour", 60, 60, MINUTES),
        Span("24h", "Last 24 hours", 15 * 60, 96, MINUTES),
    )
}


@dataclass(frozen=True)
class Series:
    """The figures of a span, oldest first; the last step is under way."""

    span: Span
    begins: list[datetime]
    steps: list[Figures]

    @property
    def whole(self) -> Figures:
        return Figures(_sum([each.counts for each in self.steps]))


def series(span: Span) -> Series:
    """The figures of the current tenant, in two trips to Redis. Raises `RedisError`."""
    where, now = redis_key("figures"), int(redis().time()[0])
    last = now - now % span.step
    begins = [last - span.step * n for n in reversed(range(span.steps))]
    pipe = redis().pipeline(transaction=False)
    for begin in begins:
        for moment in range(begin, begin + span.step, span.resolution.step):
            pipe.hgetall(_key(where, span.resolution, moment))
    found = [{name.decode(): int(number) for name, number in kept.items()} for kept in pipe.execute()]
    each = span.step // span.resolution.step
    steps = [Figures(_sum(found[n : n + each])) for n in range(0, len(found), each)]
    return Series(span, [datetime.fromtimestamp(begin, UTC) for begin in begins], steps)


def _sum(parts: list[Mapping[str, int]] | list[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        if part:
            total.update(part)
    return dict(total)
