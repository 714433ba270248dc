"""Writes to tenants. Each works in public and gives the caller's tenant back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from redis import Redis

from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.industries import industries as installed_industries
from apps.common.permissions import Platform, Principal, demand
from apps.tenants import keys, live, schemas, storage
from apps.tenants.context import forget, public_context, tenant_context
from apps.tenants.models import Domain, Tenant
from apps.tenants.names import host_of, schema_of
from apps.tenants.origins import origins_of
from apps.tenants.permissions import TENANT_RELEASE
from apps.tenants.plans import DEFAULT, PLANS
from apps.tenants.signals import tenant_acted, tenant_deleted, tenant_provisioned, tenant_released

logger = logging.getLogger(__name__)

PROVISION, DELETE = "tenants.provision", "tenants.delete"
OPERATOR = Platform()
OPERATORS = settings.OPERATORS_SCHEMA.removeprefix("t_")
QUOTAS = ("max_running_runs", "max_upload_mb", "max_members")
# Requests a minute; None for what the plan says.
RATES = ("max_requests", "max_caller_requests", "max_starts")
CHANGEABLE = ("name", "plan", "industries", *QUOTAS, *RATES)
Status = Tenant.Status


def tenant_create(
    *,
    slug: str,
    name: str,
    industry: str,
    industries: list[str] | None = None,
    plan: str = DEFAULT,
    owner_email: str = "",
    is_demo: bool = False,
    quotas: Mapping[str, int | None] | None = None,
    now: bool = False,
) -> Tenant:
    """Take a new tenant on: its row, host and keys. Its schema is made by a worker, or before returning with `now`.

    `industries` are the enabled packs and default to the tenant's own; `quotas` are any of `QUOTAS` and `RATES`. Raises
    `InvalidInput`, or `Conflict` for a slug that is taken.
    """
    tenant = Tenant(
        slug=slug, name=name.strip(), industry=industry, plan=plan, is_demo=is_demo, owner_email=owner_email
    )
    tenant.industries = [industry] if industries is None and industry else industries or []
    for quota, value in (quotas or {}).items():
        _put(tenant, quota, value)
    _clean(tenant)
    tenant.schema_name = schema_of(slug)
    if tenant.schema_name == settings.TEMPLATE_SCHEMA:
        raise InvalidInput(f"The address {slug!r} is reserved; nothing was created.", remedy="Choose another one.")
    with public_context(), _keys_of(tenant):
        try:
            with transaction.atomic():
                tenant.save()
                Domain.objects.create(tenant=tenant, domain=host_of(slug))
                made = ("slug", "industry", "industries", "plan", "owner_email", "is_demo", *QUOTAS, *RATES)
                _acted(tenant, "create", after={field: getattr(tenant, field) for field in made})
                if not now:
                    work.schedule(PROVISION, tenant.pk)
        except (IntegrityError, ValidationError) as error:
            raise Conflict(
                f"There is a tenant at {host_of(slug)!r} already; nothing was created.",
                remedy="Choose another address.",
            ) from error
    if now:
        tenant_provision(tenant=tenant)
    return tenant


@contextmanager
def _keys_of(tenant: Tenant) -> Iterator[None]:
    """Make the keys of a tenant whose row is saved inside. No row without its key, and no key where there is no row."""
    keys.data_key_make(tenant)
    try:
        keys.signing_key_make(tenant)
        tenant.sealed_at = timezone.now()
        yield
    except BaseException:
        keys.data_key_delete(tenant)
        raise


def tenant_provision(*, tenant: Tenant) -> None:
    """Make a new tenant's schema and open its host. Repeating it continues where an earlier try stopped.

    Leaves a tenant alone that is no longer being created.
    """
    with public_context():
        status = Tenant.objects.values_list("status", flat=True).filter(pk=tenant.pk).first()
    if status != Status.CREATING:
        return
    schemas.clone_template(tenant.schema_name)
    with tenant_context(tenant), transaction.atomic():
        tenant_provisioned.send(Tenant, tenant=tenant)
        _update(tenant, [Status.CREATING], status=Status.READY, problem="")
        _acted(tenant, "ready", who=None)


def tenant_suspend(*, tenant: Tenant) -> None:
    """Close a tenant's host, sockets and work, within seconds everywhere. Its data stays. Raises `Conflict`."""
    _require_customer(tenant, "suspended")
    with transaction.atomic():
        if not _update(tenant, [Status.READY], status=Status.SUSPENDED):
            raise Conflict(
                f"{tenant.name} is {_status(tenant)}: only a ready tenant can be suspended. Nothing was changed."
            )
        _acted(tenant, "suspend", before={"status": Status.READY}, after={"status": Status.SUSPENDED})
        live.sockets_close(tenant)


def tenant_resume(*, tenant: Tenant) -> None:
    """Open a suspended tenant again; its waiting work goes on. Raises `Conflict`, `KeyGone` for one that was erased."""
    keys.data_key(tenant)
    with transaction.atomic():
        if not _update(tenant, [Status.SUSPENDED], status=Status.READY):
            raise Conflict(
                f"{tenant.name} is {_status(tenant)}: only a suspended tenant can be resumed. Nothing was changed."
            )
        _acted(tenant, "resume", before={"status": Status.SUSPENDED}, after={"status": Status.READY})


def tenant_hold(*, tenant: Tenant) -> None:
    """Let a tenant's work wait until its owner releases it, as for one that was restored. Raises `Conflict`.

    No worker takes up anything of it, so no trigger starts a run and no open run goes on. Its pages stay open.
    """
    _require_customer(tenant, "held")
    with transaction.atomic():
        if tenant.held_at is not None or not _update(tenant, [Status.READY, Status.SUSPENDED], held_at=timezone.now()):
            raise Conflict(
                f"{tenant.name} is {'held already' if tenant.held_at else _status(tenant)}. Nothing was changed."
            )
        _acted(tenant, "hold")


def tenant_release(*, who: Principal, tenant: Tenant) -> None:
    """Let the work of a held tenant go on: triggers start, open runs go on, rows of work that are missing are made.

    Raises `Conflict` for one that is not held.
    """
    demand(who, TENANT_RELEASE)
    if tenant.held_at is None:
        raise Conflict(f"{tenant.name} is not held. Nothing was changed.")
    with tenant_context(tenant), transaction.atomic():
        _update(tenant, held_at=None)
        tenant_released.send(Tenant, tenant=tenant)
        _acted(tenant, "release", who=who)
    logger.info("a tenant was released", extra={"tenant": tenant.schema_name})


def tenant_change(*, tenant: Tenant, **changes: Any) -> None:
    """Change some of `CHANGEABLE`: the name that people read, plan, packs, quotas. Address and schema stay.

    A quota holds from now on; what is already above it stays. Raises `InvalidInput`.
    """
    changed = copy(tenant)
    for field, value in changes.items():
        _put(changed, field, value)
    _clean(changed)
    with transaction.atomic():
        _set(tenant, "change", OPERATOR, {field: getattr(changed, field) for field in changes})


def origins_change(*, tenant: Tenant, origins: Iterable[str], who: Principal = OPERATOR) -> None:
    """Let the pages of these origins, and of no other, call the tenant's API from a browser. Raises `InvalidInput`."""
    with transaction.atomic():
        _set(tenant, "origins", who, {"cors_origins": origins_of(origins)})


def signing_key_rotate(*, tenant: Tenant, at_once: bool = False) -> None:
    """Sign the tenant's tokens with a fresh key from now on. Those signed before stay good until they expire.

    With `at_once` they are refused within seconds: for a key that may have been seen. So are those of the key before
    the last when a key is changed again before its tokens have expired.
    """
    if not tenant.data_key_id:
        raise Conflict(
            f"{tenant.name} has no data key yet, and its signing key is sealed with one. Nothing was changed.",
            remedy="Run `manage.py keys seal` first.",
        )
    former = bytes(tenant.signing_key)
    fresh = copy(tenant)
    keys.signing_key_make(fresh)
    with transaction.atomic():
        _update(
            tenant,
            signing_key=fresh.signing_key,
            former_signing_key=None if at_once else former,
            signing_key_changed_at=timezone.now(),
        )
        _acted(tenant, "rotate", after={"at_once": at_once})


def tenant_key_delete(*, tenant: Tenant) -> None:
    """Erase what a tenant has stored, in every backup too, by deleting its data key; this cannot be undone.

    The tenant is suspended for good; its row, schema and files stay, and nothing sealed in them opens. Raises
    `Conflict`. The faces ask for the slug to be typed before they call this.
    """
    _require_customer(tenant, "erased")
    if not tenant.data_key_id:
        raise Conflict(
            f"What {tenant.name} has stored is not sealed yet, so there is no key to delete. Nothing was erased.",
            remedy="Run `manage.py keys seal` first, or delete the tenant.",
        )
    if tenant.status != Status.SUSPENDED:
        tenant_suspend(tenant=tenant)
    with transaction.atomic():
        _acted(tenant, "key_delete")
        keys.data_key_delete(tenant)
    _cache_keys_remove(tenant.schema_name)
    logger.info("a tenant's data key was deleted", extra={"tenant": tenant.schema_name})


def tenant_delete(*, tenant: Tenant, now: bool = False) -> None:
    """Begin to delete a tenant and everything it holds; this cannot be undone. A worker does it, or `now` the caller.

    The host is closed at once. The faces ask for the slug to be typed before they call this.
    """
    _require_customer(tenant, "deleted")
    with public_context(), transaction.atomic():
        if not _update(tenant, [Status.CREATING, Status.READY, Status.SUSPENDED], status=Status.DELETING, problem=""):
            raise Conflict(f"{tenant.name} is being deleted already.")
        _acted(tenant, "delete")
        live.sockets_close(tenant)
        if not now:
            work.schedule(DELETE, tenant.pk)
    if now:
        tenant_erase(tenant=tenant)


def tenant_erase(*, tenant: Tenant) -> None:
    """Carry out a deletion: the data key, so that whatever remains anywhere opens no more; then schema, files, cache
    keys, work rows, and the row. Repeating it goes on from a stop."""
    with public_context():
        if not Tenant.objects.filter(pk=tenant.pk, status=Status.DELETING).exists():
            return
        keys.data_key_delete(tenant)
        schemas.drop(tenant.schema_name)
        storage.files_remove(tenant.schema_name)
        _cache_keys_remove(tenant.schema_name)
        with transaction.atomic():
            tenant_deleted.send(Tenant, tenant=tenant)
            _acted(tenant, "deleted", who=None)
            Domain.objects.filter(tenant=tenant).delete()
            Tenant.objects.filter(pk=tenant.pk).delete()
        forget()
    logger.info("a tenant was deleted", extra={"tenant": tenant.schema_name})


def tenant_problem_set(*, id: object, cause: str) -> None:
    """Record why creating or deleting a tenant was given up; an empty cause takes it back."""
    with public_context():
        Tenant.objects.filter(pk=id).update(problem=cause)


def tenant_retry(*, tenant: Tenant) -> None:
    """Try again to create or delete a tenant where that was given up. Raises `Conflict` when it was not."""
    kind = {Status.CREATING: PROVISION, Status.DELETING: DELETE}.get(Status(tenant.status))
    with public_context(), transaction.atomic():
        if kind is None or not work.requeue(kind, tenant.pk):
            raise Conflict(f"{tenant.name} is {_status(tenant)} and nothing was given up, so nothing was tried again.")
        _acted(tenant, "retry")


def _set(tenant: Tenant, act: str, who: Principal, values: Mapping[str, Any]) -> None:
    """Write what is given; it is an act where it differs from what was stored."""
    before = {field: getattr(tenant, field) for field in values}
    _update(tenant, **values)
    if before != values:
        _acted(tenant, act, who=who, before=before, after=values)


def _acted(tenant: Tenant, act: str, *, who: Principal | None = OPERATOR, **changed: Mapping[str, Any]) -> None:
    """Tell of an act, in its transaction. Acts are the operator's where nothing else is said."""
    tenant_acted.send(Tenant, tenant=tenant, act=act, who=who, **changed)


def _update(tenant: Tenant, when: list[Status] | None = None, **changes: object) -> bool:
    """Write `changes` where the stored status is one of `when`; False, and nothing changed, otherwise."""
    with public_context():
        rows = Tenant.objects.filter(pk=tenant.pk)
        done = bool((rows if when is None else rows.filter(status__in=when)).update(**changes))
    if done:
        for field, value in changes.items():
            setattr(tenant, field, value)
    # Now for this transaction, and after it for what another thread may have read in between.
    forget()
    transaction.on_commit(forget)
    return done


def _clean(tenant: Tenant) -> None:
    """Validate the fields that people give; the rest is made here."""
    issues = []
    try:
        tenant.full_clean(exclude=["schema_name", "signing_key", "data_key_id"], validate_unique=False)
    except ValidationError as error:
        issues += [Issue(path=field, message=text) for field, texts in error.message_dict.items() for text in texts]
    if not tenant.name.isprintable():
        issues.append(Issue(path="name", message="The name holds characters that cannot be shown."))
    if tenant.plan not in PLANS:
        issues.append(Issue(path="plan", message=f"There is no plan {tenant.plan!r}: use one of {', '.join(PLANS)}."))
    known = installed_industries()
    wanted = dict.fromkeys(tenant.industries, "industries")
    if tenant.slug != OPERATORS:
        wanted[tenant.industry] = "industry"
    for key in wanted.keys() - known.keys():
        text = f"There is no industry {key!r}: use one of {', '.join(known)}."
        issues.append(Issue(path=wanted[key], message=text))
    if issues:
        raise InvalidInput(" ".join(issue.message for issue in issues) + " Nothing was changed.", issues=issues)


def _put(tenant: Tenant, field: str, value: Any) -> None:
    if field not in CHANGEABLE:
        raise InvalidInput(f"{field!r} of a tenant cannot be set: use {', '.join(CHANGEABLE)}. Nothing was changed.")
    setattr(tenant, field, value.strip() if isinstance(value, str) else value)


def _require_customer(tenant: Tenant, verb: str) -> None:
    if tenant.schema_name == settings.OPERATORS_SCHEMA:
        raise Conflict(f"The operators' own tenant cannot be {verb}: its host serves the back office.")


def _status(tenant: Tenant) -> str:
    with public_context():
        fresh = Tenant.objects.filter(pk=tenant.pk).first()
    return fresh.get_status_display().lower() if fresh else "gone"


def _cache_keys_remove(schema: str) -> None:
    """Delete what the cache holds under the schema's name: sessions, rate limits, results."""
    with Redis.from_url(settings.REDIS_URL) as redis:
        keys_found = _cache_keys(schema)
        for start in range(0, len(keys_found), 500):
            redis.unlink(*keys_found[start : start + 500])


def _cache_keys(schema: str) -> list[bytes]:
    with Redis.from_url(settings.REDIS_URL) as redis:
        return list(redis.scan_iter(match=f"{schema}:*", count=1000))  # a schema's name has no pattern characters
