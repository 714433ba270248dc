"""The composition root: settings, urls, entry points. No logic lives here and nothing in `apps` imports it."""

from orchestrall.celery import app as celery_app

__all__ = ["celery_app"]
