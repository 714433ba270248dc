"""PostgreSQL: a pool where many threads share a process, one lasting connection where a process has one thread."""

from typing import Any

import dj_database_url

from orchestrall.settings.env import env, required

DATABASE_URL = required(
    "DATABASE_URL", "Start through `python3 run.py`, which brings a database with it, or name your own PostgreSQL."
)
_default: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL))
_default["ENGINE"] = "apps.tenants.backend"
# PostgreSQL gets values apart from the statement, and keeps the plan of what is asked for a second time: a round of the
# engine costs more to plan than to carry out.
_default["OPTIONS"] = {**_default.get("OPTIONS", {}), "server_side_binding": True, "prepare_threshold": 2}
if env.process in {"web", "live", "worker-io"}:
    # The pool refuses any other CONN_MAX_AGE. No pool under ASGI costs twice the CPU.
    _default["CONN_MAX_AGE"] = 0
    _default["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 16, "timeout": 10, "max_lifetime": 1800}
else:
    _default["CONN_MAX_AGE"] = None
if env.process.startswith("worker-"):
    # A worker that is frozen inside of a transaction keeps rows locked that nobody else can take over, however long ago
    # its lease ran out: PostgreSQL ends such a session, which undoes what it had begun. Work waits for nobody in one.
    _options = f"{_default['OPTIONS'].get('options', '')} -c idle_in_transaction_session_timeout=10s"
    _default["OPTIONS"]["options"] = _options.strip()
DATABASES = {"default": _default}
# Ours stands on that of django-tenants, which is stacked on the backend that counts statements and connections.
ORIGINAL_BACKEND = "django_prometheus.db.backends.postgresql"
PROMETHEUS_EXPORT_MIGRATIONS = False  # it counts `public` only and queries at start
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
