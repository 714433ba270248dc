"""Which pages of other sites may call the API from a browser: those of the origins that the tenant lists.

django-cors-headers writes the answers; this says to whom. Callers bring a bearer: no cookie ever comes along, as no
answer allows credentials. An origin of one tenant is nothing at another's host.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from corsheaders.signals import check_request_enabled
from django.http import HttpRequest

from apps.common.permissions import Principal, demand
from apps.gateway.permissions import ORIGINS_MANAGE
from apps.tenants import services
from apps.tenants.context import current_tenant
from apps.tenants.models import Tenant


def is_listed(sender: Any, request: HttpRequest, **_: Any) -> bool:
    """Whether the page that asks is of an origin that the tenant of this host has listed, to the letter."""
    tenant: Tenant | None = getattr(request, "tenant", None)
    return (
        tenant is not None
        and request.path_info.startswith("/api/")
        and request.headers.get("Origin", "") in tenant.cors_origins
    )


def origins_set(*, who: Principal, texts: Iterable[str]) -> list[str]:
    """List these origins, and no other, for the tenant that this thread is in. Other processes follow in seconds.

    Raises `InvalidInput` with an issue for each text that is no origin, `PermissionDenied`.
    """
    demand(who, ORIGINS_MANAGE)
    tenant = current_tenant()
    services.origins_change(tenant=tenant, origins=texts, who=who)
    return list(tenant.cors_origins)


def install() -> None:
    check_request_enabled.connect(is_listed)
