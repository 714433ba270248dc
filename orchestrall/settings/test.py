"""Tests: real PostgreSQL and Redis, not durable, started here as pytest-django reads settings before any conftest."""

import atexit
import os

from orchestrall import embedded
from orchestrall.settings.env import env
from tests.memory import copies_in_memory, folders_again

TEST_HOME = env.var / "test"
if not os.environ.get("PYTEST_XDIST_WORKER"):  # workers inherit the addresses from the process that spawns them
    folders_again(TEST_HOME / "pgdata")
    for _server in embedded.ensure(TEST_HOME, durable=False):
        if isinstance(_server, embedded.Postgres):
            copies_in_memory(_server)
        atexit.register(_server.stop)

# Each worker of a test run has a Redis database of its own (of Redis's 16), and sockets that the others do not hear.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER:
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{1 + int(WORKER[2:]) % 15}"

from orchestrall.settings.base import *  # noqa: E402, F403
from orchestrall.settings.base import CHANNEL_LAYERS, STORAGES, TENANT_APPS  # noqa: E402
from orchestrall.settings.tenancy import SHARED_APPS  # noqa: E402

# A seventh industry that exists only here: it proves that the core knows none by name.
TENANT_APPS = ["tests.dummy", *TENANT_APPS]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"orchestrall{WORKER}"

DEBUG = False
SECRET_KEY = "tests only: " + "x" * 50
KEYS, KEY_WRAPPER, FORMER_MASTER_KEYS = TEST_HOME / "keys", "", []
MASTER_KEY = "dGVzdHMgb25seTogMzIgYnl0ZXMgb2YgYSBrZXkhISE="
ORCHESTRALL_DEMO = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # tests speak plain http
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
STATIC_ROOT = TEST_HOME / "static"  # empty: files are found where they lie
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
