"""Work on keys and on what they seal, for all tenants: wrap anew, seal what is still plain, tell how it stands.

Each may be stopped anywhere and run again, while the installation is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from apps.common.errors import Conflict, Problem
from apps.tenants import keys, keystore, masterkeys, sealedfiles, storage
from apps.tenants.context import forget, public_context, tenant_context
from apps.tenants.fields import payload_fields
from apps.tenants.models import Tenant
from apps.tenants.schemas import tables_lock
from apps.tenants.services import OPERATOR
from apps.tenants.signals import tenant_acted

Tell = Callable[[str], None]

BATCH = 100
"""Rows that are sealed in one transaction."""
_NOTICED = keys.LOOK_AGAIN + 1
"""Seconds after which every process seals with a key that was made."""


@dataclass
class Custody:
    """How it stands with the keys."""

    current: str
    """The master key that wraps now."""
    tenants: list[TenantKeys] = field(default_factory=list)
    strays: list[UUID] = field(default_factory=list)
    """Keys in the store whose tenant is not in the database."""


@dataclass(frozen=True)
class TenantKeys:
    slug: str
    master: str
    """The master key that wraps the tenant's data key; empty where there is none."""
    flaw: str
    """Why the data does not open now; empty where it does."""
    plain_rows: int
    plain_files: int


def data_keys_rewrap(*, tell: Tell) -> int:
    """Wrap every data key by the current master key, so that former ones are needed no more. Returns how many were.

    Raises `Conflict` while the master key itself still seals something, and for keys that do not open, once the others
    were wrapped.
    """
    with public_context():
        slugs = dict(Tenant.objects.values_list("pk", "slug"))
        before = Tenant.objects.filter(data_key_id="").exclude(status=Tenant.Status.DELETING).count()
    if before:
        raise Conflict(
            f"{before} tenant{'s have' if before > 1 else ' has'} no data key yet, so the master key itself seals "
            "secrets of theirs. No key was changed.",
            remedy="Run `manage.py keys seal` first.",
        )
    every = sorted(keystore.tenants())
    done, failed = 0, []
    for number, id in enumerate(every, start=1):
        try:
            done += keys.data_key_rewrap(id)
        except Problem as problem:
            failed.append(f"{slugs.get(id, id)}: {problem.detail}")
        if number % 100 == 0:
            tell(f"{number} of {len(every)} keys")
    if done:
        with public_context(), transaction.atomic():
            tenant_acted.send(Tenant, tenant=None, act="rewrap", who=OPERATOR, after={"keys": done})
    if failed:
        raise Conflict(f"{done} keys were wrapped anew; {len(failed)} do not open. " + " ".join(failed))
    return done


def everything_seal(*, tell: Tell) -> None:
    """Give tenants from before data was sealed their keys, and seal their rows and files. Does nothing for others.

    Processes of a release that cannot open sealed data must have ended. Others go on working meanwhile.
    """
    with public_context():
        waiting = list(Tenant.objects.filter(sealed_at=None).exclude(status=Tenant.Status.DELETING))
    for tenant in waiting:
        _key_give(tenant)
    if waiting:
        tell(f"{len(waiting)} tenants have data keys; waiting until every process seals with them")
        time.sleep(_NOTICED)
    for number, tenant in enumerate(waiting, start=1):
        tell(f"Sealing what {tenant.slug} has stored ({number} of {len(waiting)})")
        with tenant_context(tenant):
            _seal(tenant)


def _key_give(tenant: Tenant) -> None:
    """Make the data key of a tenant unless it has one, and seal with it what the master key had sealed."""
    with public_context(), transaction.atomic():
        fresh = Tenant.objects.select_for_update().get(pk=tenant.pk)
        keys.data_key_make(fresh)
        keys.signing_keys_reseal(fresh)
        fresh.save(update_fields=["data_key_id", "signing_key", "former_signing_key"])
    forget()
    tenant.data_key_id = fresh.data_key_id


def _seal(tenant: Tenant) -> None:
    """Seal the rows and files of the tenant that is entered."""
    stored = _models_with_payloads()
    for model in stored:
        while _seal_rows(model):
            pass
    for path in _plain_files(tenant):
        storage.file_reseal(path)
    with transaction.atomic():
        # Whoever began to write before the key was made has ended then, and the last plain rows are seen.
        tables_lock([model._meta.db_table for model in stored])
        for model in stored:
            while _seal_rows(model):
                pass
        tenant.sealed_at = timezone.now()
        with public_context():
            Tenant.objects.filter(pk=tenant.pk).update(sealed_at=tenant.sealed_at)
    forget()


def _seal_rows(model: type[models.Model]) -> int:
    """Seal the next rows of a model that hold something plain. Returns how many there were."""
    names = [each.attname for each in payload_fields(model)]
    with transaction.atomic():
        rows = list(
            model._base_manager.filter(pk__in=_plain_keys(model, BATCH)).select_for_update(of=("self",)).only(*names)
        )
        for row in rows:
            row.save(update_fields=names)
    return len(rows)


def _plain_keys(model: type[models.Model], most: int | None = None) -> list[object]:
    """The keys of rows with a payload that is not sealed; a composite one is a tuple."""
    quote, meta = connection.ops.quote_name, model._meta
    plain = " or ".join(
        rf"substring({quote(str(each.column))} from 1 for 1) = '\x01'" for each in payload_fields(model)
    )
    limit = "" if most is None else f" limit {most}"
    with connection.cursor() as cursor:
        key = ", ".join(quote(str(each.column)) for each in meta.pk_fields)
        cursor.execute(f"select {key} from {quote(meta.db_table)} where {plain}{limit}")  # noqa: S608  # ours
        return [key[0] if len(key) == 1 else key for key in cursor.fetchall()]


def _plain_files(tenant: Tenant) -> Iterator[Path]:
    root = Path(settings.VAR) / "files" / tenant.schema_name
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not sealedfiles.is_sealed(path):
            yield path


def _models_with_payloads() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if payload_fields(model) and model._meta.managed]


def custody() -> Custody:
    """Which master key wraps what, and what is still plain. Raises `ValueError` for settings that cannot be used."""
    found = Custody(masterkeys.wrapper().current)
    with public_context():
        every = list(Tenant.objects.all())
    for tenant in every:
        found.tenants.append(_tenant_keys(tenant))
    found.strays = sorted(keystore.tenants() - {tenant.pk for tenant in every})
    return found


def _tenant_keys(tenant: Tenant) -> TenantKeys:
    rows = files = 0
    if tenant.sealed_at is None and tenant.status in {Tenant.Status.READY, Tenant.Status.SUSPENDED}:
        with tenant_context(copy(tenant)):
            rows = sum(len(_plain_keys(model)) for model in _models_with_payloads())
            files = sum(1 for _ in _plain_files(tenant))
    try:
        keys.data_key(tenant)
        stored = keystore.get(tenant.pk)
    except Problem as problem:
        return TenantKeys(tenant.slug, "", f"{problem.title}. {problem.detail}", rows, files)
    return TenantKeys(tenant.slug, stored.master if stored else "", "", rows, files)
