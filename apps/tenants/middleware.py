"""From the host of a request to its tenant."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django.utils.deprecation import MiddlewareMixin

from apps.tenants.context import tenant_by_host
from apps.tenants.models import Tenant

UNKNOWN = (
    "There is no organisation at this address",
    "Check the part of it before the first dot.",
)
SUSPENDED = (
    "This organisation is suspended",
    "Its data is kept. Ask whoever operates this installation.",
)


class TenantMiddleware(MiddlewareMixin):
    """Enter the tenant of the host for the rest of the request.

    A host without a ready tenant gets no page of anybody's: 404, or 503 while its tenant is suspended.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        connection.set_schema_to_public()  # type: ignore[attr-defined]  # the last request of this thread was elsewhere
        try:
            host, _port = split_domain_port(request.get_host())
            tenant = tenant_by_host(host)
        except DisallowedHost:
            tenant = None
        if tenant is not None and tenant.status == Tenant.Status.SUSPENDED:
            return _closed(503, *SUSPENDED)
        if tenant is None or not tenant.is_ready:
            return _closed(404, *UNKNOWN)
        request.tenant = tenant  # type: ignore[attr-defined]
        connection.set_tenant(tenant)  # type: ignore[attr-defined]
        if tenant.schema_name == settings.OPERATORS_SCHEMA:
            request.urlconf = settings.OPERATORS_URLCONF
            set_urlconf(settings.OPERATORS_URLCONF)
        return None


def _closed(status: int, title: str, detail: str) -> HttpResponse:
    """A page of nobody's: there is no tenant whose name, session or language it could carry."""
    page = render_to_string("console/closed.html", {"status": status, "title": title, "detail": detail})
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store"})
