"""The operators' side: which organisations let one in, asking to be let in, and going there. On the operators' host."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from apps.accounts.models.grants import VISITOR_ROLES
from apps.accounts.operator_access import selectors, services
from apps.accounts.operator_access.pages import DURATIONS, number
from apps.accounts.operator_access.services import Operator
from apps.common.errors import NotFound, Problem
from apps.console import errors
from apps.console.views import SIGNED_IN, ConsoleView
from apps.tenants.context import tenant_context, tenant_url
from apps.tenants.models import Tenant


class OfficeView(ConsoleView):
    """A page for operators: nobody else is told that it is there."""

    permission = SIGNED_IN
    page_title = "Enter an organisation"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.is_operator:
            return errors.problem_page(request, NotFound("There is nothing at this address that you may see."))
        return super().dispatch(request, *args, **kwargs)

    @property
    def operator(self) -> Operator:
        return Operator.of(self.user)

    def tenant(self, slug: str) -> Tenant:
        """A tenant that can be entered. Raises `NotFound`."""
        found = next((each for each in selectors.organisations() if each.slug == slug), None)
        if found is None:
            raise NotFound("There is no such organisation, or it is not open.", remedy="See the list.")
        return found


class Organisations(OfficeView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("accounts/office/organisations.html", {"tenants": selectors.organisations()})


class Organisation(OfficeView):
    """What lets this operator into one organisation, and what they asked of it."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._shown(slug, {"role": "auditor", "hours": "4"})

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Ask to be let in."""
        values = {key: request.POST.get(key, "") for key in ("role", "reason", "ticket", "hours")}
        tenant = self.tenant(slug)
        try:
            with tenant_context(tenant):
                services.access_ask(
                    operator=self.operator,
                    role=values["role"],
                    hours=number(values["hours"]),
                    reason=values["reason"],
                    ticket=values["ticket"],
                )
        except Problem as problem:
            return self._shown(slug, values, problem)
        messages.success(request, f"Asked. The owners of {tenant.name} see it on their dashboard.")
        return redirect("office:organisation", slug)

    def _shown(self, slug: str, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        tenant = self.tenant(slug)
        with tenant_context(tenant):
            grants = list(selectors.grants_of(operator_email=self.user.email))
        context = {
            "organisation": tenant,
            "open": [grant for grant in grants if grant.state == "active"],
            "others": [grant for grant in grants if grant.state != "active"],
            "roles": VISITOR_ROLES.values(),
            "durations": DURATIONS,
            "values": values,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
        }
        return self.page("accounts/office/organisation.html", context, status=problem.status if problem else 200)


class Entering(OfficeView):
    """Go to an organisation's host with a ticket, which is good once and for a minute."""

    step_up = {"POST"}

    def post(self, request: HttpRequest, slug: str, grant: Any) -> HttpResponse:
        tenant = self.tenant(slug)
        try:
            with tenant_context(tenant):
                ticket = services.entry_open(
                    operator=self.operator, grant=grant, reference=request.POST.get("reference", "")
                )
        except Problem as problem:
            told = [issue.message for issue in problem.issues]
            messages.error(request, " ".join([problem.detail, *told, problem.remedy]).strip())
            return redirect("office:organisation", slug)
        # A link and no redirect: the pages' policy lets no form lead to another host.
        place = f"{tenant_url(tenant, reverse('visit'))}?{urlencode({'ticket': ticket})}"
        return self.page("accounts/office/way.html", {"organisation": tenant, "place": place})
