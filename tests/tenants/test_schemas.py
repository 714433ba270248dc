"""Cloning and migrating."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django_tenants.utils import schema_exists

from apps.tenants import schemas, services
from apps.tenants.models import Tenant

COUNTS = """
    select 'tables', count(*) from pg_tables where schemaname = %(s)s
    union all select 'indexes', count(*) from pg_indexes where schemaname = %(s)s
    union all select 'constraints', count(*) from pg_constraint where connamespace = to_regnamespace(%(s)s)
    union all select 'sequences', count(*) from pg_sequences where schemaname = %(s)s
    union all select 'columns', count(*) from information_schema.columns where table_schema = %(s)s
    union all select 'identities', count(*) from information_schema.columns
        where table_schema = %(s)s and is_identity = 'YES'
    union all select 'defaults', count(*) from information_schema.columns
        where table_schema = %(s)s and column_default is not null
"""
POINTING_OUT = """
    select conname from pg_constraint c join pg_class target on target.oid = c.confrelid
    where c.connamespace = to_regnamespace(%(s)s) and target.relnamespace <> c.connamespace
"""


def rows(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def seen_from_elsewhere(statement: str) -> bool:
    """What another connection is told when it tries the lock; it does not keep it."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(f"select {statement}(%s)", [schemas._LOCK])
            return bool(cursor.fetchone()[0])
    finally:
        other.close()


def locks() -> int:
    """How many hold the lock. A connection that was closed gives it back when its server process has read so."""
    here = "database = (select oid from pg_database where datname = current_database())"
    held = f"select count(*) from pg_locks where {here} and locktype = 'advisory' and objid = %(n)s"
    until = time.monotonic() + 10
    while (count := int(rows(held, n=schemas._LOCK)[0][0])) and time.monotonic() < until:
        pass
    return count


def new(slug: str, **options: Any) -> Tenant:
    return services.tenant_create(slug=slug, name=slug.title(), industry="dummy", **options)


def outdate(*names: str) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"comment on schema {name} is 'older'")


@pytest.mark.django_db
def test_a_clone_has_all_that_the_template_has() -> None:
    new("initech", now=True)
    assert rows(COUNTS, s="t_initech") == rows(COUNTS, s=settings.TEMPLATE_SCHEMA)
    template = rows(f"select app, name from {settings.TEMPLATE_SCHEMA}.django_migrations order by 1, 2")
    assert rows("select app, name from t_initech.django_migrations order by 1, 2") == template
    content = "select app_label, model from {}.django_content_type order by 1, 2"
    assert rows(content.format("t_initech")) == rows(content.format(settings.TEMPLATE_SCHEMA))
    assert schemas.pending("t_initech") == []


@pytest.mark.django_db
def test_no_key_of_a_clone_points_out_of_it() -> None:
    new("initech", now=True)
    assert rows(POINTING_OUT, s="t_initech") == []


@pytest.mark.django_db
def test_no_table_stands_in_public_and_in_a_tenant() -> None:
    both = rows(
        "select tablename from pg_tables where schemaname = 'public' "
        "intersect select tablename from pg_tables where schemaname = 't_acme'"
    )
    assert both == [("django_migrations",)]


def test_migrating_has_the_lock_alone_and_provisioning_shares_it(committed_db: str) -> None:
    with schemas.schema_lock(shared=False):
        assert not seen_from_elsewhere("pg_try_advisory_lock_shared")
    with schemas.schema_lock(shared=True):
        assert seen_from_elsewhere("pg_try_advisory_lock_shared")
        assert not seen_from_elsewhere("pg_try_advisory_lock")
    assert locks() == 0


def test_a_lock_is_given_back_after_an_error(committed_db: str) -> None:
    with pytest.raises(ZeroDivisionError), schemas.schema_lock(shared=False):
        raise ZeroDivisionError
    assert locks() == 0


def test_nothing_migrates_while_a_clone_catches_up(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bool] = []
    migrated: list[str] = []

    def behind(_: str) -> list[str]:
        tries.append(seen_from_elsewhere("pg_try_advisory_lock"))
        return ["accounts.0002_new"]

    monkeypatch.setattr(schemas, "pending", behind)
    monkeypatch.setattr(schemas, "migrate", migrated.append)
    new("initech", now=True)
    assert tries == [False]
    assert migrated == ["t_initech"]


def test_a_tenant_that_two_processes_make_is_made_once(committed_db: str) -> None:
    tenant = new("initech", now=True)
    with connection.cursor() as cursor:
        cursor.execute("drop schema t_initech cascade")
    Tenant.objects.update(status=Tenant.Status.READY)
    Tenant.objects.filter(pk=tenant.pk).update(status="creating")
    errors: list[Exception] = []
    start = threading.Barrier(2)

    def make() -> None:
        try:
            start.wait(30)
            services.tenant_provision(tenant=tenant)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test names it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Tenant.objects.get(slug="initech").is_ready
    assert rows(COUNTS, s="t_initech") == rows(COUNTS, s="t_acme")


@pytest.mark.django_db
def test_a_clone_that_is_rolled_back_leaves_nothing() -> None:
    from django.db import transaction

    with transaction.atomic():
        new("initech", now=True)
        transaction.set_rollback(True)
    assert not schema_exists("t_initech")
    assert not Tenant.objects.filter(slug="initech").exists()


def test_a_start_with_nothing_to_migrate_costs_the_same_for_any_number_of_tenants(
    committed_db: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    new("initech", now=True)
    told: list[str] = []
    with django_assert_max_num_queries(5):  # three, and the search paths that they need
        schemas.migrate_all(tell=told.append)
    assert told == []


def test_migrations_continue_where_they_were_stopped(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outdate("public", "t_template", "t_acme", "t_globex", "t_operators")
    real, seen = schemas.migrate, list[str]()

    def killed(schema: str) -> None:
        seen.append(schema)
        if schema == "t_globex":
            raise KeyboardInterrupt
        real(schema)

    monkeypatch.setattr(schemas, "migrate", killed)
    with pytest.raises(KeyboardInterrupt):
        schemas.migrate_all(tell=lambda _: None)
    assert seen == ["public", "t_template", "t_acme", "t_globex"]
    seen.clear()

    def works(schema: str) -> None:
        seen.append(schema)
        real(schema)

    monkeypatch.setattr(schemas, "migrate", works)
    schemas.migrate_all(tell=lambda _: None)
    assert seen == ["t_globex", "t_operators"]
    assert locks() == 0


def test_a_tenant_that_cannot_be_migrated_keeps_nobody_else_from_it(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outdate("t_acme", "t_globex")
    real = schemas.migrate

    def fails(schema: str) -> None:
        if schema == "t_acme":
            raise RuntimeError("a row is in the way")
        real(schema)

    monkeypatch.setattr(schemas, "migrate", fails)
    with pytest.raises(schemas.MigrationsFailed, match="t_acme: a row is in the way"):
        schemas.migrate_all(tell=lambda _: None)
    assert schemas._behind() == {"t_acme"}


def test_the_fingerprint_is_of_this_code() -> None:
    assert len(schemas.fingerprint()) == 64
