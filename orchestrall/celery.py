"""The Celery application. What it carries is a hint, "this tenant has work"; see apps/dispatch."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_before_create_process, worker_process_shutdown, worker_ready

from apps.common import tracing
from orchestrall import interpreter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrall.settings.development")

app = Celery("orchestrall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["apps.dispatch"])


@setup_logging.connect  # type: ignore[untyped-decorator]
def keep_logging(**_: Any) -> None:
    """Whoever listens here sets up the logs: Django's settings have, as JSON lines on standard error."""


@worker_ready.connect  # type: ignore[untyped-decorator]
@worker_before_create_process.connect  # type: ignore[untyped-decorator]
def settle(**_: Any) -> None:
    """Before work begins in this process, and before each fork: pages stay shared then (40 MB less per worker)."""
    interpreter.settle()


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def tell_the_rest(**_: Any) -> None:
    """A child of the pool ends without what a process runs at its exit."""
    tracing.flush()
