"""System checks: no table in both schemas, and keys that can be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models

# The only table that every schema has: Django's own record of what was applied.
BOTH = {"django_migrations"}
_HINT = "List the app either in SHARED_APPS or in TENANT_APPS: see docs/decisions/0001-users-are-tenant-apps-only.md."


def tables_of(names: Iterable[str]) -> dict[str, str]:
    """The tables of the apps named in a setting, with the label of the app that owns each."""
    wanted = set(names)
    return {
        model._meta.db_table: config.label
        for config in apps.get_app_configs()
        if {config.name, _path(config)} & wanted
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }


def one_home_per_table(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a model whose table would be made both in public and in tenants."""
    shared, tenant = tables_of(settings.SHARED_APPS), tables_of(settings.TENANT_APPS)
    return [
        Error(
            f"The table {table!r} of app {shared[table]!r} would exist in public and in every tenant: where a tenant's "
            "is missing, public's rows would answer.",
            hint=_HINT,
            id="tenants.E001",
        )
        for table in sorted(shared.keys() & tenant.keys())
    ]


def one_home_in_database(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a table that exists in public and in another of our schemas (run by `check --database default`)."""
    found: set[str] = set()
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "select distinct t.tablename from pg_tables t join pg_tables p using (tablename) "
                "where p.schemaname = 'public' and t.schemaname ~ '^t_'"
            )
            found |= {table for (table,) in cursor.fetchall()}
    return [
        Error(
            f"The table {table!r} exists in public and in a tenant.",
            hint="Find out which of the two holds rows, move them, and drop the other. " + _HINT,
            id="tenants.E002",
        )
        for table in sorted(found - BOTH)
    ]


def usable_master_key(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a master key that cannot be used, at start rather than at the first secret."""
    from apps.tenants.masterkeys import wrapper

    try:
        wrapper()
    except ValueError as error:
        return [Error(str(error), id="tenants.E003")]
    return []


def usable_key_store(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a folder of keys that cannot be read and written, at start rather than at the first payload."""
    from apps.tenants.keystore import flaw

    hint = "Give it to the user of this process with mode 0700, or name another folder in ORCHESTRALL_KEYS."
    return [Error(text, hint=hint, id="tenants.E004")] if (text := flaw()) else []


def plain_columns_declared(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse a text or JSON column beside a payload that nobody has decided to leave plain."""
    from apps.tenants.fields import PayloadField, payload_fields

    texts = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
    return [
        Error(
            f"{column.name} may hold what people have entered, and is stored in plain.",
            hint="Make it a PayloadField, or name it in the model's PLAIN if it is searched, sorted or counted.",
            obj=model,
            id="tenants.E006",
        )
        for model in apps.get_models()
        if payload_fields(model) and model._meta.managed
        for column in model._meta.concrete_fields
        if isinstance(column, texts) and not isinstance(column, PayloadField)
        if column.name not in getattr(model, "PLAIN", ())
    ]


def install() -> None:
    register(one_home_per_table, Tags.models)
    register(one_home_in_database, Tags.database)
    register(plain_columns_declared, Tags.models)
    register(usable_master_key, Tags.security)
    register(usable_key_store, Tags.security)


def _path(config: AppConfig) -> str:
    return f"{type(config).__module__}.{type(config).__qualname__}"
