"""Logs as JSON lines, errors told to a sink, spans to a collector, metrics and probes."""

import logging
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import Processor

from apps.gateway.logs import catch_uncaught, locate, redact
from apps.gateway.tracking import track
from orchestrall.settings.env import env
from orchestrall.settings.tenancy import INDUSTRIES

METRICS_TOKEN = env.metrics_token
LOG_LEVEL = env.log_level
# Of quick, successful reads one in so many is logged; everything else always is.
REQUEST_LOG_ONE_IN = 10

_shared: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    locate,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_OUT: dict[str, dict[str, Any]] = {
    name: {"class": "apps.gateway.logfiles.Lines", "stream": f"ext://sys.{name}"} for name in ("stderr", "stdout")
}
_INDUSTRIES = {name.rpartition(".")[2]: name for name in INDUSTRIES}
if wrong := [key for key in env.log_levels if key not in _INDUSTRIES]:
    raise ImproperlyConfigured(
        f"ORCHESTRALL_LOG_LEVELS names {wrong[0]!r}, which is no industry: {', '.join(sorted(_INDUSTRIES))}."
    )
if wrong := [level for level in (LOG_LEVEL, *env.log_levels.values()) if level not in logging.getLevelNamesMapping()]:
    raise ImproperlyConfigured(
        f"{wrong[0]!r} is no level of a log: use one of {', '.join(logging.getLevelNamesMapping())}."
    )
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _shared,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(),
            ],
        }
    },
    "filters": {"without_paths": {"()": "apps.gateway.logs.WithoutPaths"}},
    "handlers": {
        "out": {
            "formatter": "json",
            **_OUT.get(env.log_to, {"class": "apps.gateway.logfiles.Files", "folder": env.log_to}),
        }
    },
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    "loggers": {
        # Each request has its line already.
        "django.request": {"level": "CRITICAL"},
        "django.server": {"level": "CRITICAL"},
        "django.security.csrf": {"filters": ["without_paths"]},
        "uvicorn.access": {"level": "WARNING"},
        # What the servers say goes the same way as all else, redacted, rather than past it by handlers of their own.
        "uvicorn": {"handlers": [], "propagate": True},
        "_granian": {"handlers": [], "propagate": True},
        # A wake-up is a hint; what became of it is told by the turn.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # What an industry's code says.
        **{_INDUSTRIES[key]: {"level": level} for key, level in env.log_levels.items()},
    },
}
structlog.configure(
    processors=[*_shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
if env.process != "manage":
    catch_uncaught()
    try:
        track(env.errors_dsn, process=env.process)
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from error
if env.traces and env.process != "manage":
    from apps.gateway import telemetry  # whoever names no collector does not carry it

    telemetry.start(process=env.process)
