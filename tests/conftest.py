"""Fixtures that every test may use.

The database: a template with two tenants is built once per fingerprint of all migrations; every process of a test run
works on a copy of it, and every test rolls back. A test that needs commits, threads or other connections asks for
`committed_db` and gets a copy of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client, override_settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.datasets.reading import child
from apps.datasets.reading.shapes import Reading
from apps.gateway import counters
from apps.tenants import context, keys
from apps.tenants.context import public_context, tenant_context
from apps.tenants.models import Tenant
from tests.factories import make_member
from tests.memory import SPACE

MakeMember = Callable[..., User]
KEYS = Path(django_settings.KEYS)  # before any test has its own
COPIED_BY = "file_copy"
"""A template of some thousand small tables is copied in half the time that the log takes."""


def _admin() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres", autocommit=True)


def _use(database: str) -> None:
    connections.close_all()
    connection.settings_dict["NAME"] = database  # shared by the connections of all threads


def _build(database: str) -> None:
    from apps.common.industries import industries
    from apps.tenants import schemas, services

    _use(database)
    schemas.migrate_all(tell=lambda _: None)
    for slug in ("acme", "globex", services.OPERATORS):
        customer = slug != services.OPERATORS
        services.tenant_create(
            slug=slug,
            name=slug.title(),
            industry="dummy" if customer else "",
            industries=list(industries()) if customer else [],
            now=True,
        )
    _forget_history()
    connections.close_all()


def _forget_history() -> None:
    """Tests begin with an empty log and nothing to do, whatever making their tenants has left."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # past the guards of the log
        for schema in Tenant.objects.values_list("schema_name", flat=True):
            logs = ("entry", "payload", "pending", "leaf", "node", "checkpoint", "place")
            cursor.execute("truncate " + ", ".join(f"{schema}.audit_{log}" for log in logs))
        cursor.execute("truncate dispatch_work, dispatch_dead_letter")


@pytest.fixture(scope="session")
def template_database(django_test_environment: None, django_db_blocker: pytest.FixtureRequest) -> str:
    """The name of the database that all others are copied from."""
    from apps.tenants import schemas

    how = hashlib.sha256(Path(__file__).read_bytes() + schemas.fingerprint().encode()).hexdigest()
    name = f"template_{how[:16]}"
    with django_db_blocker.unblock(), _admin() as admin:  # type: ignore[attr-defined]
        admin.execute(
            "select pg_advisory_lock(7)"
        )  # one process builds, the others wait; given back with the connection
        made = admin.execute("select 1 from pg_database where datname = %s and datistemplate", [name]).fetchone()
        if not made:
            for (old,) in admin.execute(r"select datname from pg_database where datname like 'template\_%'").fetchall():
                admin.execute(f'alter database "{old}" is_template false')
                admin.execute(f'drop database "{old}" with (force)')
            admin.execute(f'create database "{name}"')
            shutil.rmtree(KEYS, ignore_errors=True)
            with override_settings(KEYS=KEYS):
                _build(name)
            admin.execute(f'alter database "{name}" is_template true')
    return name


@contextmanager
def database_made(template: str, name: str) -> Iterator[str]:
    """A copy of the template, until the end. Gives back its name."""
    with _admin() as admin:
        memory = admin.execute("select 1 from pg_tablespace where spcname = %s", [SPACE]).fetchone()
        place = f"tablespace {SPACE}" if memory else ""
        admin.execute(f'create database "{name}" template "{template}" strategy {COPIED_BY} {place}')
        try:
            yield name
        finally:
            admin.execute(f'drop database "{name}" with (force)')


@contextmanager
def database_used(name: str) -> Iterator[None]:
    """Inside, all connections are to this database."""
    before = connection.settings_dict["NAME"]
    _use(name)
    try:
        yield
    finally:
        _use(before)


@pytest.fixture(scope="session")
def django_db_setup(template_database: str, django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    mine = f"test_{worker_id}_{os.getpid()}"
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        database_made(template_database, mine),
        database_used(mine),
    ):
        yield


def _take_keys() -> None:
    """Copy the keys of the template's tenants, for a test to change or delete as it likes."""
    shutil.copytree(KEYS, django_settings.KEYS, dirs_exist_ok=True)


@pytest.fixture
def committed_db(
    template_database: str, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[str]:
    """A database of the test's own, in which everything is really committed. Returns its name."""
    mine = f"test_own_{os.getpid()}"
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        database_made(template_database, mine),
        database_used(mine),
    ):
        _take_keys()
        yield mine


@pytest.fixture(autouse=True)
def _clean_slate(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Start in public, with nothing remembered of other tests, and with a folder of one's own for files. What is known
    of tenants is remembered for all of a test: the statements that it takes must not depend on the machine's speed."""
    monkeypatch.setattr(context, "CACHE_SECONDS", 600.0)
    settings.VAR = tmp_path
    settings.KEYS = tmp_path / "keys"
    keys.forget()
    context.forget()
    counters.forget()
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    yield
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    if {"db", "committed_db"} & set(request.fixturenames):
        cache.clear()  # sessions and rate limits; the Redis database belongs to this process of the test run


@pytest.fixture(autouse=True)
def _nobody_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process asks for the sequencer of the audit log once in a while: in no test that counts what there is to do."""
    monkeypatch.setattr("apps.audit.services._nudge", lambda *_: None)


@pytest.fixture(autouse=True)
def _tables_are_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is uploaded is read in this process: a child of its own takes a second. Those of datasets have the child."""

    def table_read(*, source: Path, target: Path, sheet: str = "") -> Reading:
        return child.table_read(child.Job(source=source, target=target, sheet=sheet))

    monkeypatch.setattr("apps.datasets.services.isolation", SimpleNamespace(table_read=table_read))


def _tenant(slug: str) -> Tenant:
    with public_context():
        tenant: Tenant = Tenant.objects.get(slug=slug)
        return tenant


@pytest.fixture
def data(request: pytest.FixtureRequest) -> None:
    """The database in either of its two forms: a test's own when it asks for that, else the shared one."""
    request.getfixturevalue("committed_db" if "committed_db" in request.fixturenames else "db")
    _take_keys()


@pytest.fixture
def globex(data: None) -> Tenant:
    """The other tenant; not entered. Its members have the same primary keys as those of `acme`."""
    return _tenant("globex")


@pytest.fixture
def operators(data: None) -> Tenant:
    """The operators' own tenant; not entered."""
    return _tenant("operators")


@pytest.fixture
def acme(data: None) -> Iterator[Tenant]:
    """The tenant that most tests work in: it is entered."""
    tenant = _tenant("acme")
    with tenant_context(tenant):
        yield tenant


@pytest.fixture
def member(acme: Tenant) -> MakeMember:
    """`member(role="analyst", tenant=acme, **fields)`. The n-th member has the same key in every tenant."""
    made: dict[str, int] = {}

    def make(role: str = "analyst", *, tenant: Tenant = acme, **fields: Any) -> User:
        made[tenant.schema_name] = made.get(tenant.schema_name, 0) + 1
        with tenant_context(tenant):
            return make_member(role, **{"id": UUID(int=made[tenant.schema_name]), **fields})

    return make


@pytest.fixture
def client_for(acme: Tenant) -> Callable[..., Client]:
    """`client_for(user=None, tenant=acme)`: a browser at the tenant's host, signed in as the user by a session."""

    def make(user: User | None = None, *, tenant: Tenant = acme, **options: Any) -> Client:
        client = Client(headers={"host": f"{tenant.slug}.localhost"}, **options)
        if user is not None:
            with tenant_context(tenant):
                client.force_login(user)
        return client

    return make


@pytest.fixture
def api_for(acme: Tenant) -> Callable[..., APIClient]:
    """`api_for(user=None, tenant=acme)`: an API client at the tenant's host, taken for the user without a token."""

    def make(user: User | None = None, *, tenant: Tenant = acme) -> APIClient:
        client = APIClient(HTTP_HOST=f"{tenant.slug}.localhost")
        client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def sockets_keep_db(monkeypatch: pytest.MonkeyPatch) -> None:
    """For socket tests inside a rolled-back test: channels would close a connection that is in a transaction."""
    monkeypatch.setattr("channels.db.close_old_connections", lambda *_, **__: None)
