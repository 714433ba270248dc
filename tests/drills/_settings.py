"""Settings of an installation for drills: the one-command start's, with the industry that exists only in tests."""

import os
from typing import Any

from celery import Celery

from orchestrall.settings.development import *  # noqa: F403
from orchestrall.settings.development import TENANT_APPS
from orchestrall.settings.tenancy import SHARED_APPS

TENANT_APPS = ["tests.dummy", *TENANT_APPS]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

if os.environ.get("DRILL_TWICE"):
    _send = Celery.send_task

    def _send_twice(self: Celery, *args: Any, **options: Any) -> Any:
        _send(self, *args, **options)
        return _send(self, *args, **options)

    Celery.send_task = _send_twice
