"""Redis as cache and session store. Every key carries the schema in front."""

from redis.backoff import NoBackoff
from redis.retry import Retry

from orchestrall.settings.env import required

REDIS_URL = required("REDIS_URL", "Start through `python3 run.py`, which brings a Redis with it, or name your own.")
CACHES = {
    "default": {
        "BACKEND": "apps.tenants.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "orchestrall",
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
        # Seconds: a Redis that answers nothing must not hold a request, which is told 503 instead. No second try, as
        # each costs as long again; a connection that a restart of Redis has ended is noticed before it is used.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
