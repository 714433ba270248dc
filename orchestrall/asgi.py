"""ASGI entry point: sockets in production, and everything in the one-command start."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.production")
# Loads the apps, which the imports below need. Each library types an ASGI application in its own way.
http: Any = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from apps.datasets.limits import BodyLimitGuard  # noqa: E402
from apps.gateway.headers import SecureAnswers  # noqa: E402
from apps.gateway.sockets import TenantSocketMiddleware  # noqa: E402
from apps.gateway.streams import EventStreams  # noqa: E402
from apps.gateway.waiting import WaitingAnswers  # noqa: E402
from orchestrall import interpreter  # noqa: E402
from orchestrall.urls.sockets import urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": SecureAnswers(BodyLimitGuard(EventStreams(WaitingAnswers(http)))),
        "websocket": TenantSocketMiddleware(URLRouter(urlpatterns)),
    }
)
get_resolver().url_patterns  # noqa: B018  # loads what the first request would have to
interpreter.settle()
