"""Sockets: Channels over Redis publish and subscribe."""

from orchestrall.settings.cache import REDIS_URL

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "orchestrall"},
    }
}
ASGI_APPLICATION = "orchestrall.asgi.application"
