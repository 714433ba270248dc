"""Logs as JSON lines on standard error, metrics and probes."""

import structlog
from structlog.typing import Processor

from apps.gateway.logs import catch_uncaught, locate, redact
from orchestrall.settings.env import env

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
    "handlers": {"stderr": {"class": "apps.gateway.logs.Lines", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
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
