"""The channel layer: that of channels_redis, which threads may send by as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from apps.tenants.fast import redis


class ChannelLayer(RedisPubSubChannelLayer):
    """Named by the setting `CHANNEL_LAYERS`."""

    def __init__(self, *, prefix: str, **told: Any) -> None:
        super().__init__(prefix=prefix, **told)
        self._prefix = prefix

    def send_to_groups(self, groups: Sequence[str], message: dict[str, Any]) -> None:
        """Send to all who are in these groups, without a loop: to hand it to one, and wait for it, takes a thread that
        works for a workflow ten times as long as the sending. Raises `RedisError`."""
        content = self.serialize(message)
        commands = redis().pipeline(transaction=False)
        for group in groups:
            commands.publish(f"{self._prefix}__group__{group}", content)
        commands.execute()
