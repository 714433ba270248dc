"""Tenants in the back office. Every write goes through a service, which enters public and gives our schema back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from apps.common.errors import Problem
from apps.common.industries import industries
from apps.common.permissions import Platform
from apps.tenants import services
from apps.tenants.context import tenant_url
from apps.tenants.forms import DeleteTenantForm, NewTenantForm, TenantForm
from apps.tenants.models import Tenant
from apps.tenants.site import site

REFRESH_SECONDS = 3
_LABELS = {"creating": "info", "ready": "success", "suspended": "warning", "deleting": "danger"}


class SectorFilter(admin.SimpleListFilter):
    title, parameter_name = "industry", "industry"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, config.title) for key, config in industries().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        return queryset.filter(industry=self.value()) if self.value() else queryset


@admin.register(Tenant, site=site)
class TenantAdmin(ModelAdmin):
    form = TenantForm
    list_display = ("address", "name", "state", "sector", "plan", "demo", "created_at")
    list_filter = ("status", SectorFilter, "plan", "is_demo")
    search_fields = ("slug", "name", "owner_email")
    list_per_page = 50
    actions = ("suspend", "resume", "hold", "release", "retry")
    # Buttons of the form, which are POSTs; the theme's other actions on a page are plain links.
    actions_submit_line = ("suspend_one", "resume_one", "hold_one", "release_one", "retry_one")
    readonly_fields = ("host", "sector", "status", "held_at", "problem", "owner", "created_at")
    quotas = ("Quotas", {"fields": services.QUOTAS})
    rates = ("Requests a minute", {"fields": services.RATES})
    fieldsets = (
        (None, {"fields": ("name", "host", "status", "held_at", "problem")}),
        ("Product", {"fields": ("sector", "industries", "plan", "owner", "created_at")}),
        quotas,
        rates,
        ("Browser access", {"fields": ("cors_origins",)}),
    )
    add_fieldsets = (
        (None, {"fields": ("slug", "name", "industry", "industries", "plan", "owner_email")}),
        quotas,
        rates,
    )

    @display(description="Status", ordering="status", label=_LABELS)  # type: ignore[untyped-decorator]
    def state(self, tenant: Tenant) -> tuple[str, str]:
        text = tenant.get_status_display() + (", held" if tenant.held_at else "")
        return tenant.status, f"{text}: given up" if tenant.problem else text

    @admin.display(description="Address", ordering="slug")
    def address(self, tenant: Tenant) -> str:
        return tenant.slug

    @admin.display(description="Host")
    def host(self, tenant: Tenant) -> str:
        return tenant_url(tenant)

    @admin.display(description="Industry", ordering="industry")
    def sector(self, tenant: Tenant) -> str:
        known = industries().get(tenant.industry)
        return known.title if known else tenant.industry

    @admin.display(description="First owner")
    def owner(self, tenant: Tenant) -> str:
        return tenant.owner_email

    @admin.display(description="Demo", ordering="is_demo")
    def demo(self, tenant: Tenant) -> str:
        return "Demo" if tenant.is_demo else ""

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        return super().get_form(request, obj, change=change, **(kwargs if obj else {**kwargs, "form": NewTenantForm}))  # type: ignore[no-any-return]

    def save_model(self, request: HttpRequest, obj: Tenant, form: ModelForm[Any], change: bool) -> None:
        data = form.cleaned_data
        quotas = {quota: data[quota] for quota in (*services.QUOTAS, *services.RATES)}
        shared = {"name": data["name"], "plan": data["plan"], "industries": data["industries"]}
        if change:
            services.tenant_change(tenant=obj, **shared, **quotas)
            services.origins_change(tenant=obj, origins=data["cors_origins"], who=Platform())
            pressed = [
                each for each in self.get_actions_submit_line(request, obj.pk) if each.action_name in request.POST
            ]
            for button in pressed:
                button.method(request, obj)
            if not pressed:
                messages.success(request, f"{obj.name} is saved.")
            return
        made = services.tenant_create(
            slug=data["slug"], industry=data["industry"], owner_email=data["owner_email"], quotas=quotas, **shared
        )
        obj.__dict__.update(made.__dict__)
        messages.success(request, f"{obj.name} is being created. Its host opens in a moment.")

    def log_change(self, request: HttpRequest, obj: Tenant, message: Any) -> LogEntry | None:
        """Record what was changed; saving a form as it was, as a button does, is no change."""
        return super().log_change(request, obj, message) if message else None

    def response_add(self, request: HttpRequest, obj: Tenant, post_url_continue: str | None = None) -> HttpResponse:
        answer: HttpResponse = self.response_post_save_add(request, obj)
        return answer  # `save_model` has said what became of it

    def response_change(self, request: HttpRequest, obj: Tenant) -> HttpResponse:
        answer: HttpResponse = self.response_post_save_change(request, obj)
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        wait = self._unfinished(self.get_queryset(request))  # before the list is read: it may be over in between
        response = super().changelist_view(request, extra_context)
        return _refreshing(response) if wait else response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A form with one way to save it."""
        one = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**one, **(extra_context or {})})  # type: ignore[no-any-return]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wait = request.method == "GET" and self._unfinished(self.get_queryset(request).filter(pk=object_id))
        response = super().change_view(request, object_id, form_url, extra_context)
        return _refreshing(response) if wait else response

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for the address to be typed, then hand the deletion to a worker."""
        tenant = self.get_object(request, object_id)
        if tenant is None:
            raise Http404
        form = DeleteTenantForm(request.POST or None, tenant=tenant)
        if request.method == "POST" and form.is_valid():
            self._try(request, [tenant], lambda each: services.tenant_delete(tenant=each), "is being deleted")
            return HttpResponseRedirect(reverse("admin:tenants_tenant_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Delete {tenant.name}?",
            "opts": self.opts,
            "object": tenant,
            "form": form,
        }
        return TemplateResponse(request, "tenants/delete_tenant.html", context)

    @admin.action(description="Suspend")
    def suspend(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._try(request, queryset, lambda tenant: services.tenant_suspend(tenant=tenant), "is suspended")

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._try(request, queryset, lambda tenant: services.tenant_resume(tenant=tenant), "is open again")

    @admin.action(description="Hold: its work waits for its owner")
    def hold(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._try(request, queryset, lambda tenant: services.tenant_hold(tenant=tenant), "is held")

    @admin.action(description="Release what is held")
    def release(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._try(request, queryset, _release, "is released")

    @admin.action(description="Try again what was given up")
    def retry(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        self._try(request, queryset, lambda tenant: services.tenant_retry(tenant=tenant), "is tried again")

    @action(description="Suspend")  # type: ignore[untyped-decorator]
    def suspend_one(self, request: HttpRequest, tenant: Tenant) -> None:
        self._try(request, [tenant], lambda each: services.tenant_suspend(tenant=each), "is suspended")

    @action(description="Resume")  # type: ignore[untyped-decorator]
    def resume_one(self, request: HttpRequest, tenant: Tenant) -> None:
        self._try(request, [tenant], lambda each: services.tenant_resume(tenant=each), "is open again")

    @action(description="Hold")  # type: ignore[untyped-decorator]
    def hold_one(self, request: HttpRequest, tenant: Tenant) -> None:
        self._try(request, [tenant], lambda each: services.tenant_hold(tenant=each), "is held")

    @action(description="Release")  # type: ignore[untyped-decorator]
    def release_one(self, request: HttpRequest, tenant: Tenant) -> None:
        self._try(request, [tenant], _release, "is released")

    @action(description="Try again")  # type: ignore[untyped-decorator]
    def retry_one(self, request: HttpRequest, tenant: Tenant) -> None:
        self._try(request, [tenant], lambda each: services.tenant_retry(tenant=each), "is tried again")

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons that make sense for the tenant as it is."""
        tenant = self.get_object(request, str(object_id))
        if tenant is None or tenant.slug == services.OPERATORS:
            return []
        moves = {"ready": "suspend_one", "suspended": "resume_one"}
        wanted = {moves.get(tenant.status, "")}
        if tenant.status in moves:
            wanted.add("release_one" if tenant.held_at else "hold_one")
        if tenant.problem:
            wanted = {"retry_one"}
        return [
            each
            for each in super().get_actions_submit_line(request, object_id)
            if any(name and each.action_name.endswith(name) for name in wanted)
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        own = obj is not None and obj.slug == services.OPERATORS
        return not own and super().has_delete_permission(request, obj)

    def _try(
        self, request: HttpRequest, tenants: Iterable[Tenant], change: Callable[[Tenant], None], done: str
    ) -> None:
        """Change each tenant that can be; say of every one what became of it, and log what was changed."""
        for tenant in tenants:
            try:
                change(tenant)
            except Problem as problem:
                messages.error(request, f"{problem.detail} {problem.remedy}".strip())
            else:
                self.log_change(request, tenant, f"{tenant.name} {done}.")
                messages.success(request, f"{tenant.name} {done}.")

    @staticmethod
    def _unfinished(tenants: QuerySet[Tenant]) -> bool:
        """Whether a worker is making or deleting one of them just now."""
        moving = [Tenant.Status.CREATING, Tenant.Status.DELETING]
        return tenants.filter(status__in=moving, problem="").exists()


def _release(tenant: Tenant) -> None:
    services.tenant_release(who=Platform(), tenant=tenant)


def _refreshing(response: HttpResponse) -> HttpResponse:
    """Let the browser read the page again soon: a header needs no script."""
    response["Refresh"] = str(REFRESH_SECONDS)
    return response
