"""Live events over Channels. They are hints: who misses one reads the state again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from channels.layers import get_channel_layer
from django.db import transaction
from prometheus_client import Counter
from redis.exceptions import RedisError

from apps.tenants.context import current_tenant
from apps.tenants.models import Tenant

T = TypeVar("T")
logger = logging.getLogger(__name__)

FAILURES = Counter("orchestrall_live_publish_failures", "Live events that no channel layer took")
# The topic that every socket of a tenant joins besides its own: a message of type `tenant.closed` ends it.
CLOSING = "tenant"


def socket_group(topic: str, tenant: Tenant | None = None) -> str:
    """The group of a topic, in `tenant` or in the one this thread is in. Coroutines must name the tenant."""
    return f"{(tenant or current_tenant()).schema_name}.{topic}"


def publish(topic: str, event: dict[str, Any]) -> None:
    """Send `event` to all who watch `topic` in the current tenant, once the transaction commits.

    Consumers get ``{"type": "live.event", "event": event}``. A channel layer that is away is logged and counted, never
    raised: what happened is in the database.
    """
    publish_to([topic], event)


def publish_to(topics: Sequence[str], event: dict[str, Any]) -> None:
    """Send the same event to who watches any of these topics, as `publish` does. It costs little more than one."""
    groups = [socket_group(topic) for topic in topics]
    transaction.on_commit(lambda: _send(groups, {"type": "live.event", "event": event}))


def sockets_close(tenant: Tenant) -> None:
    """End every open socket of a tenant once the transaction commits."""
    group = socket_group(CLOSING, tenant)
    transaction.on_commit(lambda: _send([group], {"type": "tenant.closed"}))


def member_topic(member: object) -> str:
    """The topic that every socket of a member joins: a message of type `member.changed` has it look who they are."""
    return f"member.{member}"


def sockets_recheck(members: Sequence[object]) -> None:
    """Have the open sockets of these members look again whether they may stay, once the transaction commits."""
    groups = [socket_group(member_topic(member)) for member in members]
    transaction.on_commit(lambda: _send(groups, {"type": "member.changed"}))


async def wait_for(group: str, timeout: float, *, check: Callable[[], Awaitable[T | None]]) -> T | None:
    """What `check` returns as soon as it is not None; None after `timeout` seconds.

    `check` runs once the group is listened to, so nothing is missed between the two, then after each event of the group
    and once more at the end. Without a channel layer it is the first and the last look that count.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    try:
        async with listening(group) as hear:
            while True:
                found = await check()
                left = deadline - asyncio.get_running_loop().time()
                if found is not None or left <= 0:
                    return found
                if await hear(left) is None:
                    return await check()
    except (OSError, RedisError) as error:
        logger.warning("live events are away: %s", error, extra={"group": group})
        await asyncio.sleep(max(0.0, deadline - asyncio.get_running_loop().time()))
        return await check()


Hear = Callable[[float], Awaitable[dict[str, Any] | None]]


@asynccontextmanager
async def listening(*groups: str) -> AsyncIterator[Hear]:
    """Listen to groups while inside. Gives a function that returns their next message, or None after so many seconds.

    Raises what a channel layer that is away raises: `OSError`, `RedisError`.
    """
    layer = get_channel_layer()
    channel = await layer.new_channel()
    joined: list[str] = []
    coming: asyncio.Future[dict[str, Any]] | None = None

    async def hear(seconds: float) -> dict[str, Any] | None:
        nonlocal coming
        if coming is None:
            coming = asyncio.ensure_future(layer.receive(channel))
        done, _ = await asyncio.wait({coming}, timeout=seconds)
        if not done:
            return None  # it goes on waiting: a layer forgets a channel whose reader is cancelled
        heard, coming = coming, None
        return heard.result()

    try:
        for group in groups:
            await layer.group_add(group, channel)
            joined.append(group)
        yield hear
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)  # whatever became of it, nobody waits for it any more
        for group in joined:
            await _leave(layer, group, channel)


async def _leave(layer: Any, group: str, channel: str) -> None:
    try:
        await layer.group_discard(group, channel)
    except Exception as error:  # noqa: BLE001  # the waiting is over, and a subscription dies with its connection
        logger.warning("a live subscription was not given back: %s", error, extra={"group": group})


def _send(groups: Sequence[str], message: dict[str, Any]) -> None:
    try:
        get_channel_layer().send_to_groups(groups, message)
    except Exception as error:  # noqa: BLE001  # whatever a channel layer raises, the caller's work is done and committed
        FAILURES.inc()
        logger.warning("a live event was not sent: %s", error, extra={"groups": list(groups)})
