"""Celery carries hints only: one message says "this tenant has work of this queue". The truth is in PostgreSQL."""

import orchestrall.celery  # noqa: F401  # the application that hints are sent by, in every process with settings
from orchestrall.settings.cache import REDIS_URL
from orchestrall.settings.env import env

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "orchestrall:celery:", "socket_timeout": 10}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CONSUMER = "apps.dispatch.consumer:Consumer"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# What a pool of processes fetched ahead would wait unseen in its parent, while its children work on for another tenant.
# A pool of threads sees it; there, Celery would notice a thread that is free again only after seconds.
CELERY_WORKER_DISABLE_PREFETCH = env.process == "worker-cpu"
# A child that took far more than the libraries of all agents gives it back by being replaced (kilobytes). Those come to
# 490,000 and take 3.5 s to load: a limit below them would have every run of an agent load them anew.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_000_000
# Celery closes the connection after every task unless this is high; the workers keep one lasting connection.
CELERY_DB_REUSE_MAX = 10_000
WORKER_ALIVE_FILE = env.worker_alive_file
