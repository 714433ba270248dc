"""The way into a tenant, and the question in which one we are.

Enter only by `with tenant_context(tenant):`. New threads and coroutines start in public, so ORM work enters its tenant
inside the same synchronous call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from copy import copy

from django.conf import settings
from django.db import connection
from django_tenants import utils

from apps.tenants.models import Domain, Tenant
from apps.tenants.names import host_of

PUBLIC = "public"
# How long another process may act on what it knew of a tenant: a suspension is seen everywhere within this time.
CACHE_SECONDS = 3.0

_known: dict[tuple[str, str], tuple[float, Tenant]] = {}


class NoTenant(RuntimeError):
    """Code that needs a tenant ran outside one: enter it with `tenant_context`."""


@contextmanager
def tenant_context(tenant: Tenant) -> Iterator[None]:
    """Work inside `tenant`, then return to where the caller was."""
    with utils.tenant_context(tenant):
        yield


@contextmanager
def public_context() -> Iterator[None]:
    """Work in the public schema, then return to where the caller was."""
    with utils.schema_context(PUBLIC):
        yield


def current_schema() -> str:
    """The schema that statements of this thread go to now."""
    return str(connection.schema_name)  # type: ignore[attr-defined]


def current_tenant() -> Tenant:
    """The tenant that this thread is in. Raises `NoTenant` in public."""
    tenant = getattr(connection, "tenant", None)
    if not isinstance(tenant, Tenant):  # a schema entered by name, by a command or a migration
        schema = current_schema()
        tenant = None if schema == PUBLIC else tenant_by_schema(schema)
    if tenant is None:
        raise NoTenant(
            f"No tenant is entered (the schema is {current_schema()!r}): use `with tenant_context(tenant):`."
        )
    return tenant


def tenant_by_schema(schema: str) -> Tenant | None:
    """The tenant of a schema, whatever its status; a few seconds old at most."""
    return _lookup("schema", schema, lambda: Tenant.objects.filter(schema_name=schema).first())


def tenants_working(schemas: Collection[str]) -> set[str]:
    """Those of these schemas whose tenants' work may be taken up now."""
    if not schemas:
        return set()
    with public_context():
        ready = Tenant.objects.filter(schema_name__in=schemas, status=Tenant.Status.READY, held_at=None)
        return set(ready.values_list("schema_name", flat=True))


def tenant_by_host(host: str) -> Tenant | None:
    """The tenant that answers at `host` (no port), whatever its status; a few seconds old at most."""
    host = host.lower().removesuffix(".")
    domains = Domain.objects.select_related("tenant")
    return _lookup("host", host, lambda: next((domain.tenant for domain in domains.filter(domain=host)), None))


def each_tenant() -> Iterator[Tenant]:
    """Every ready tenant in order of slug, each entered while it is yielded. Leave the loop to leave the tenant."""
    with public_context():
        tenants = list(Tenant.objects.filter(status=Tenant.Status.READY))
    for tenant in tenants:
        with tenant_context(tenant):
            yield tenant


def forget() -> None:
    """Drop what this process knows of tenants. Other processes follow within `CACHE_SECONDS`."""
    _known.clear()


def _lookup(by: str, name: str, fetch: Callable[[], Tenant | None]) -> Tenant | None:
    known = _known.get((by, name))
    if known and known[0] > time.monotonic():
        return copy(known[1])  # whoever gets it may write on it
    with public_context():
        tenant = fetch()
    if tenant is None:  # not kept: names of hosts come from outside, and would fill the memory
        _known.pop((by, name), None)
    else:
        _known[by, name] = (time.monotonic() + CACHE_SECONDS, copy(tenant))
    return tenant


def tenant_url(tenant: Tenant, path: str = "/") -> str:
    """The absolute address of `path` at a tenant, for links that are mailed or printed."""
    scheme = "https" if settings.SESSION_COOKIE_SECURE else "http"
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return f"{scheme}://{host_of(tenant.slug)}{port}{path}"
