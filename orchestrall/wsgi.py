"""WSGI entry point: console and API in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.production")
http = get_wsgi_application()  # loads the apps, which the import below needs

from django.urls import get_resolver  # noqa: E402

from apps.gateway.headers import SecureWsgi  # noqa: E402
from orchestrall import interpreter  # noqa: E402

application = SecureWsgi(http)
get_resolver().url_patterns  # noqa: B018  # loads what the first request would have to
interpreter.settle()
