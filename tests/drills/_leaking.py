"""A process of an installation in which everything goes wrong: `python -m tests.drills._leaking SEED`.

It says each of the planted secrets in every way a program can, has PostgreSQL refuse statements that hold them, hands
them to a worker in messages that it does not know, and dies of the last one.
"""

from __future__ import annotations

import logging
import sys
import threading
import warnings

import django

from tests.planted import Planted, secrets_make

STATEMENTS = (
    "insert into accounts_user (id, email) values (gen_random_uuid(), %s)",
    "select %s::integer",
    "select %s::uuid",
    "select to_date(%s, 'YYYY')",
    "select * from nowhere where x = %s",
    "do $$ begin raise exception using message = 'no', detail = current_setting('a.b') || %s; end $$",
)


def main(secrets: list[Planted]) -> None:
    from apps.tenants.context import each_tenant

    for secret in secrets:
        say(secret)
    for _tenant in each_tenant():
        for secret in secrets:
            fail_in_database(secret)
        break
    bewilder_worker(secrets)
    for secret in secrets:
        thread = threading.Thread(target=fail, args=[secret])
        thread.start()
        thread.join()
    fail(secrets[-1])


def say(secret: Planted) -> None:
    from tests.gateway.test_leaks import WAYS

    for name in ("apps.agents.services", "some.library", "uvicorn.error"):
        for way in WAYS.values():
            way(logging.getLogger(name), secret.text)
    warnings.warn(f"it is {secret.text}", UserWarning, stacklevel=1)


def fail(secret: Planted) -> None:
    raise RuntimeError(f"could not go on with {secret.text}")


def fail_in_database(secret: Planted) -> None:
    from django.db import DatabaseError, connection

    for statement in STATEMENTS:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, [secret.text])
        except DatabaseError:
            logging.getLogger("some.library").exception("a statement failed")


def bewilder_worker(secrets: list[Planted]) -> None:
    from orchestrall.celery import app

    for secret in secrets:
        app.send_task("nobody.knows", args=[secret.text], kwargs={"what": secret.text}, queue="cpu")
        app.send_task(f"nobody.{secret.text}", queue="io")


if __name__ == "__main__":
    warnings.simplefilter("always")
    django.setup()
    main(secrets_make(sys.argv[1]))
