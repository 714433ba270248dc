"""A worker that is frozen inside of a transaction."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

ASK = """
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("show idle_in_transaction_session_timeout")
    print(cursor.fetchone()[0])
"""


@pytest.mark.parametrize(("process", "timeout"), [("worker-cpu", "10s"), ("worker-io", "10s"), ("manage", "0")])
def test_the_server_ends_the_session_of_a_worker_that_has_stopped_in_a_transaction(process: str, timeout: str) -> None:
    environment = {
        **os.environ,
        "ORCHESTRALL_PROCESS": process,
        "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development",
        "DATABASE_URL": settings.DATABASE_URL,
        "ORCHESTRALL_VAR": str(settings.VAR),
    }
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [timeout]


def test_what_such_a_session_had_locked_is_free_then() -> None:
    with (
        psycopg.connect(settings.DATABASE_URL) as frozen,
        psycopg.connect(settings.DATABASE_URL, autocommit=True) as other,
    ):
        # Together: a slow machine would end a session that was told of it before it has locked anything.
        limit = "set_config('idle_in_transaction_session_timeout', '1ms', true)"
        frozen.execute(f"select pg_advisory_xact_lock(20261125), {limit}")
        other.execute("select pg_advisory_lock(20261125)")  # waits until the server has ended the session
        with pytest.raises(psycopg.Error):  # as that, or as a connection that is closed
            frozen.execute("select 1")
