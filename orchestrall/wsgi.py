"""WSGI entry point: console and API in production."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.production")
http = get_wsgi_application()  # loads the apps, which the import below needs

from apps.gateway.headers import SecureWsgi  # noqa: E402

application = SecureWsgi(http)
