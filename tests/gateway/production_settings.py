"""The settings of production, for tests of what they make of cookies and headers: only static files lie elsewhere."""

from orchestrall.settings.production import *  # noqa: F403
from orchestrall.settings.web import STORAGES

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
