"""Sockets: Channels over Redis publish and subscribe."""

from typing import Any

from orchestrall.settings.cache import REDIS_URL

CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "apps.tenants.channel_layer.ChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "orchestrall"},
    }
}
ASGI_APPLICATION = "orchestrall.asgi.application"
