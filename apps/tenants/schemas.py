"""Schemas: the migrated template, clones of it, migrations over all of them, and the lock between the two.

A schema's comment holds the fingerprint of the migrations it was last brought to, so that a start with nothing to do
costs three statements instead of a look at every tenant.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_tenants import clone
from django_tenants.utils import schema_context, schema_exists

from apps.tenants.context import PUBLIC, public_context
from apps.tenants.models import Tenant
from apps.tenants.names import require_schema

logger = logging.getLogger(__name__)

_LOCK = 0x6F726368  # any fixed number: the advisory lock of this product's schemas
_MARK = "orchestrall migrations "

Tell = Callable[[str], None]


@contextmanager
def schema_lock(*, shared: bool, schema: str = "") -> Iterator[None]:
    """Hold the lock of all schemas: provisioning shares it, migrating has it alone. With `schema`, that one's too.

    It is held on a connection of its own. On a pooled one `close()` would give the connection back with the lock still
    held, and on the default one it would be lost, as migrating closes that after every schema.
    """
    own = connection.copy()
    own.settings_dict["OPTIONS"] = {k: v for k, v in own.settings_dict["OPTIONS"].items() if k != "pool"}
    try:
        with own.cursor() as cursor:
            cursor.execute(f"select pg_advisory_lock{'_shared' if shared else ''}(%s)", [_LOCK])
            if schema:
                cursor.execute("select pg_advisory_lock(%s, hashtext(%s))", [_LOCK, schema])
        yield
    finally:
        own.close()


@cache
def fingerprint() -> str:
    """A digest of everything that decides what a migrated schema looks like."""
    digest = hashlib.sha256(f"{django.__version__} {clone.CLONE_SCHEMA_FUNCTION}".encode())
    digest.update(repr((settings.SHARED_APPS, settings.TENANT_APPS)).encode())
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            digest.update(f"{config.label}/{file.name}".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def migrate_all(*, tell: Tell) -> None:
    """Bring public, the template and every tenant to the current migrations; safe to stop and to start again.

    A tenant that fails does not keep the others from being migrated; the failures are raised together at the end.
    """
    if not _behind():
        return
    with schema_lock(shared=False):
        behind = _behind()
        for schema, what in ((PUBLIC, "shared tables"), (settings.TEMPLATE_SCHEMA, "the template of new tenants")):
            if schema in behind:
                tell(f"Migrating {what}")
                _migrate_base(schema)
        tenants = _tenant_schemas() & _behind()
        failed: dict[str, Exception] = {}
        for number, schema in enumerate(sorted(tenants), start=1):
            tell(f"Migrating tenant {number} of {len(tenants)}: {schema}")
            try:
                migrate(schema)
            except Exception as error:
                logger.exception("a tenant could not be migrated", extra={"tenant": schema})
                failed[schema] = error
        if failed:
            raise MigrationsFailed(failed)


class MigrationsFailed(RuntimeError):
    """Some tenants could not be migrated; the others were."""

    def __init__(self, failed: dict[str, Exception]) -> None:
        reasons = "; ".join(f"{schema}: {error}" for schema, error in failed.items())
        super().__init__(
            f"{len(failed)} tenant(s) could not be migrated and stay on their old tables: {reasons}. "
            "Mend the cause and run `manage.py prepare` again: it continues where it stopped."
        )


def migrate(schema: str) -> None:
    """Bring one schema to the current migrations and mark it. The caller holds the lock."""
    call_command("migrate_schemas", schema_name=schema, interactive=False, verbosity=0)
    _mark(schema)


def clone_template(schema: str) -> None:
    """Make `schema` a copy of the migrated template, in one transaction. Does nothing when the schema is there.

    Another process that makes the same schema is waited for. Migrations are kept away until the copy has caught up
    with what the template was behind with.
    """
    require_schema(schema)
    with public_context(), schema_lock(shared=True, schema=schema):
        if not schema_exists(schema):
            with connection.cursor() as cursor:
                cursor.execute("select clone_schema(%s, %s, 'DATA')", [settings.TEMPLATE_SCHEMA, schema])
            connection.search_path_forget()  # type: ignore[attr-defined]  # the function set that of the session
        if pending(schema):
            migrate(schema)
        else:
            _mark(schema)


def drop(schema: str) -> None:
    """Drop a tenant's schema with all it holds. Does nothing when there is none."""
    require_schema(schema)
    with public_context(), schema_lock(shared=True, schema=schema), connection.cursor() as cursor:
        cursor.execute(f'drop schema if exists "{schema}" cascade')


def tables_lock(tables: list[str]) -> None:
    """Wait until nobody writes to these tables of the current schema, and let nobody until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"lock table {', '.join(map(connection.ops.quote_name, tables))} in share row exclusive mode")


def pending(schema: str) -> list[str]:
    """The migrations that a schema lacks, as ``app.name``."""
    with schema_context(schema):
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _migrate_base(schema: str) -> None:
    with public_context():
        if schema != PUBLIC:
            with connection.cursor() as cursor:
                cursor.execute(f'create schema if not exists "{schema}"')
        migrate(schema)
        if schema != PUBLIC:
            # Once with the template rather than per clone: it drops and makes types that a running clone uses.
            clone.CloneSchema()._create_clone_schema_function()


def _behind() -> set[str]:
    """Schemas that should exist and do not carry the current fingerprint."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute("select to_regclass('public.tenants_tenant') is not null")
        known = _tenant_schemas() if cursor.fetchone()[0] else set()
        cursor.execute("select nspname from pg_namespace where obj_description(oid, 'pg_namespace') = %s", [_text()])
        current = {name for (name,) in cursor.fetchall()}
    return (known | {PUBLIC, settings.TEMPLATE_SCHEMA}) - current


def _tenant_schemas() -> set[str]:
    """Schemas of the tenants that have one; those still being made are migrated by whoever makes them."""
    with public_context():
        statuses = [Tenant.Status.READY, Tenant.Status.SUSPENDED]
        return set(Tenant.objects.filter(status__in=statuses).values_list("schema_name", flat=True))


def _mark(schema: str) -> None:
    with public_context(), connection.cursor() as cursor:
        cursor.execute(f"comment on schema \"{schema}\" is '{_text()}'")


def _text() -> str:
    return _MARK + fingerprint()
