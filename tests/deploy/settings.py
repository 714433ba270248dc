"""Production's settings, with static files found where they lie: collecting them takes longer than all tests here."""

from orchestrall.settings.base import STORAGES
from orchestrall.settings.production import *  # noqa: F403

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
