"""Logs, metrics and probes."""

from orchestrall.settings.env import env

METRICS_TOKEN = env.metrics_token
LOG_LEVEL = env.log_level
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}
