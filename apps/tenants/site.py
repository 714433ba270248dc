"""The operators' back office: one admin site, served on the operators' host only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

# The theme evaluates expressions in its markup and sets styles: this policy is for its pages alone.
POLICY = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
}


class OperatorsSite(UnfoldAdminSite):
    site_title = site_header = "Orchestrall operators"
    index_title = "Installation"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether a platform operator asks; the user model knows who is one."""
        return bool(getattr(request.user, "is_operator", False))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_replace(POLICY)(super().admin_view(view, cacheable))

    @method_decorator(csp_replace(POLICY))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign-in is allauth's: the admin's own form would skip a second factor."""
        return secure_admin_login(super().login)(request, extra_context)  # type: ignore[no-any-return]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Tenants are all there is to look after: their list is the first page."""
        return HttpResponseRedirect(reverse("admin:tenants_tenant_changelist"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Passwords are allauth's too: it tells their owner by mail."""
        return HttpResponseRedirect(reverse("account_change_password"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        super().logout(request, extra_context)
        return HttpResponseRedirect(reverse("account_login"))


site = OperatorsSite(name="admin")
site.disable_action("delete_selected")  # each deletion is confirmed by typing the tenant's address
