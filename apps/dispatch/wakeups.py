"""Wake-ups: the only thing that travels by Celery. "This tenant has work in this queue", at most one at a time (R10).

Losing one, or all of Redis, costs a second: the tick of any worker sends it again.
"""

from __future__ import annotations

import base64
import json
import logging
from functools import cache, lru_cache
from typing import Any, Final
from uuid import uuid4

import redis
from celery import current_app
from celery.worker import state
from django.conf import settings
from prometheus_client import Counter
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from apps.tenants.context import PUBLIC

logger = logging.getLogger(__name__)

TASK = "dispatch.turn"
# How long a wake-up counts as outstanding, in seconds: less than half of the shortest lease.
OUTSTANDING = 1.2
FAILURES = Counter("orchestrall_wakeup_failures", "Wake-ups that Redis did not take; the tick sends them again")
# The mark and the message in one: of a process that dies between them, the mark would keep others from sending.
_SEND: Final = """
if not redis.call('set', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('lpush', KEYS[2], ARGV[2])
return 1
"""
_NAME: Final = "00000000-0000-0000-0000-000000000000"
"""Stands in a message for its own id."""


@cache
def _redis() -> redis.Redis:
    # No second try: whoever asks is in a request or a turn, and the tick is the second try.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )


def _key(tenant: str, queue: str) -> str:
    return f"{tenant}:orchestrall:wake:{queue}"


def wake(tenant: str, queue: str) -> bool:
    """Send a wake-up unless one is outstanding. Never raises: False when it was not sent."""
    try:
        message = _message(tenant, queue).replace(_NAME, str(uuid4()))
        keys, given = [_key(tenant, queue), _list(queue)], (int(OUTSTANDING * 1000), message)
        return bool(_script()(keys=keys, args=given, client=_redis()))
    except (redis.RedisError, OSError) as error:
        FAILURES.inc()
        logger.warning("a wake-up was not sent: %s", type(error).__name__, extra={"tenant": tenant, "queue": queue})
        return False


@cache
def _script() -> Script:
    return _redis().register_script(_SEND)


@lru_cache(maxsize=10_000)
def _message(tenant: str, queue: str) -> str:
    """What Celery sends for the task, with `_NAME` for its id: Celery's own headers and body, in the envelope of its
    Redis transport. To write it once for a tenant takes a fifth of the time of a start; to send by Celery each time,
    two more round trips (decision 0163).
    """
    told = current_app.amqp.as_task_v2(_NAME, TASK, args=[tenant, queue], ignore_result=True)
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(told.body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": told.headers,
            "properties": {
                **told.properties,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": _NAME,
            },
        }
    )


def _list(queue: str) -> str:
    """Where the broker keeps the messages of a queue."""
    return f"{settings.CELERY_BROKER_TRANSPORT_OPTIONS['global_keyprefix']}{queue}"


def waiting(queue: str) -> int:
    """How many wake-ups of all tenants no worker has taken yet; 0 while Redis is away."""
    try:
        return int(_redis().llen(_list(queue)))
    except redis.RedisError:
        return 0


def others_waiting(tenant: str, queue: str) -> bool:
    """Whether wake-ups of other tenants wait: one that this worker has fetched and has no thread for, or one in the
    queue, where all but this tenant's own, of which one at most is outstanding, are others'. While Redis is away, only
    what was fetched is known."""
    fetched = _fetched(queue)
    if fetched - {tenant}:
        return True
    try:
        asked = _redis().pipeline(transaction=False)
        asked.llen(_list(queue))
        asked.exists(_key(tenant, queue))
        found, own = asked.execute()
    except redis.RedisError:
        return False
    return int(found) > (0 if tenant in fetched else int(own))


def _fetched(queue: str) -> set[str]:
    """Whose wake-ups the consumer of this process has taken from the queue, and none of its threads has begun yet.

    It fetches as many as it has threads, whether they are free or not. A process that forks for each task fetches none
    ahead (see the setting), so nothing is missed by its children, who know nothing of this.
    """
    try:
        begun = set(state.active_requests)
        return {each.args[0] for each in list(state.reserved_requests) if each not in begun and each.args[1] == queue}
    except RuntimeError:  # the consumer fetched one at this very moment: whoever asks looks again soon
        return set()


def first_of(name: str, *, within: float) -> bool:
    """Whether nobody else has asked this within so many seconds. True while Redis is away: better twice than never."""
    try:
        return bool(_redis().set(f"{PUBLIC}:orchestrall:{name}", 1, nx=True, ex=int(within)))
    except redis.RedisError:
        return True


def missing_count(kind: str, number: int) -> None:
    """Count work rows that had to be made, for all processes: who compares is not who is asked for metrics."""
    try:
        _redis().hincrby(f"{PUBLIC}:orchestrall:missing", kind, number)
    except redis.RedisError as error:
        logger.warning("missing work rows were not counted: %s", type(error).__name__)


def missing_counted() -> dict[str, int]:
    """How many work rows of each kind had to be made since Redis was emptied last; none while it is away."""
    try:
        found: Any = _redis().hgetall(f"{PUBLIC}:orchestrall:missing")
    except redis.RedisError:
        return {}
    return {kind.decode(): int(number) for kind, number in found.items()}


def received(tenant: str, queue: str) -> None:
    """The wake-up has arrived: another may be sent. Called before the claim, so that none is missed in between."""
    try:
        _redis().delete(_key(tenant, queue))
    except redis.RedisError as error:
        logger.warning("a wake-up could not be marked as received: %s", type(error).__name__)
