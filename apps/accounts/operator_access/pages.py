"""The page on which owners let operators in and throw them out, and the door that operators come in by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views import View

from apps.accounts import door
from apps.accounts.models import OperatorGrant, User
from apps.accounts.models.grants import HOURS, VISITOR_ROLES
from apps.accounts.operator_access import selectors, services
from apps.accounts.permissions import IDENTITY_MANAGE, OPERATORS_ADMIT
from apps.common.errors import NotFound, Problem
from apps.console.stepup import KEY
from apps.console.views import SIGNED_IN, ConsoleView
from apps.gateway.permissions import OPEN

DURATIONS = (1, 4, 8, 24, 72)


class OperatorsPage(ConsoleView):
    permission = {"GET": IDENTITY_MANAGE, "POST": OPERATORS_ADMIT}
    step_up = {"POST"}
    page_title = "Operator access"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._shown({"role": "auditor", "hours": "4"})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Let an operator in whom nobody asked for."""
        values = {key: request.POST.get(key, "") for key in ("operator_email", "role", "reason", "ticket", "hours")}
        try:
            services.access_grant(
                actor=self.user,
                operator_email=values["operator_email"],
                role=values["role"],
                hours=number(values["hours"]),
                reason=values["reason"],
                ticket=values["ticket"],
            )
        except Problem as problem:
            return self._shown(values, problem)
        messages.success(request, "The operator may enter now. You can end it here at any time.")
        return redirect("identity:operators")

    def _shown(self, values: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        grants = selectors.grants_list(who=self.who)
        context = {
            "asked": [grant for grant in grants if grant.state == "asked"],
            "open": [grant for grant in grants if grant.state == "active"],
            "past": [grant for grant in grants if grant.state in {"declined", "revoked", "ended"}],
            "may_admit": self.who.can(OPERATORS_ADMIT),
            "roles": VISITOR_ROLES.values(),
            "durations": DURATIONS,
            "values": values,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
        }
        return self.page("accounts/identity/operators.html", context, status=problem.status if problem else 200)


class GrantAction(ConsoleView):
    """A button beside a grant: carry it out, and show what became of it."""

    permission = {"POST": OPERATORS_ADMIT}

    def post(self, request: HttpRequest, grant: UUID) -> HttpResponse:
        try:
            self.act(selectors.grant_get(who=self.who, id=grant))
        except Problem as problem:
            if isinstance(problem, NotFound):
                raise
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("identity:operators")

    def act(self, grant: OperatorGrant) -> None:
        raise NotImplementedError


class GrantApprove(GrantAction):
    step_up = {"POST"}

    def act(self, grant: OperatorGrant) -> None:
        role, hours = self.request.POST.get("role", ""), number(self.request.POST.get("hours", ""))
        services.access_approve(actor=self.user, grant=grant, role=role, hours=hours)
        messages.success(self.request, "The operator may enter now. You can end it here at any time.")


class GrantDecline(GrantAction):
    def act(self, grant: OperatorGrant) -> None:
        services.access_decline(actor=self.user, grant=grant)
        messages.success(self.request, "Declined. Nobody was let in.")


class GrantRevoke(GrantAction):
    def act(self, grant: OperatorGrant) -> None:
        services.access_revoke(actor=self.user, grant=grant)
        messages.success(self.request, "Ended. Whoever was inside is signed out.")


class Enter(View):
    """The door. A ticket is spent by the button, and not by whoever looks at the address."""

    permission = OPEN

    def get(self, request: HttpRequest) -> HttpResponse:
        return _door(request, {"ticket": request.GET.get("ticket", "")[:200]})

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            visitor = services.visit_begin(ticket=request.POST.get("ticket", "")[:200])
        except Problem as problem:
            return _door(request, {"problem": problem}, problem.status)
        if request.user.is_authenticated:
            logout(request)
        _session_begin(request, visitor)
        return redirect("console:home")


class Leave(ConsoleView):
    """The way out, which a banner has on every page of a visitor."""

    permission = {"POST": SIGNED_IN}

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.user.is_visitor:
            raise NotFound("You are no visitor here.")
        services.visit_leave(visitor=self.user)
        logout(request)
        return _door(request, {"left": True})


def number(text: str) -> int:
    """A whole number of hours; 0 for anything else, which none is."""
    return int(text) if text.isascii() and text.isdigit() and int(text[:4]) in HOURS else 0


def _session_begin(request: HttpRequest, visitor: User) -> None:
    """A session that ends with the grant. What needs to be proved anew is not for visitors: nothing was proved here."""
    login(request, visitor, backend=settings.AUTHENTICATION_BACKENDS[0])
    door.begin(request.session, visitor)
    request.session[KEY] = {**request.session[KEY], "proved": 0}
    request.session.set_expiry(visitor.valid_until)


def _door(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(
        request, "accounts/operator_door.html", {"page_title": "Operator access", **context}, status=status
    )
    add_never_cache_headers(response)
    response["Referrer-Policy"] = "no-referrer"  # the ticket stands in the address
    return response
