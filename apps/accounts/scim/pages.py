"""The page of provisioning: tokens of the directory, and what role its groups give."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.models import ScimToken
from apps.accounts.models.scim import MAPPABLE
from apps.accounts.permissions import IDENTITY_MANAGE
from apps.accounts.selectors import rank
from apps.common.errors import InvalidInput, Problem
from apps.console.views import ConsoleView
from apps.gateway.overlaps import OVERLAPS

LIFETIMES = ((30, "30 days"), (90, "90 days"), (180, "Half a year"), (365, "A year"))


class ProvisioningPage(ConsoleView):
    permission = IDENTITY_MANAGE
    step_up = {"POST"}
    page_title = "Provisioning"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a token."""
        from apps.accounts.scim import directory

        given, name = request.POST.get("days", ""), request.POST.get("name", "")
        days = int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0
        try:
            return _shown_once(self, *directory.token_create(actor=self.user, name=name, days=days))
        except InvalidInput as problem:
            return self._shown(name, days, problem)

    def _shown(self, name: str = "", days: int = 365, problem: InvalidInput | None = None) -> HttpResponse:
        from apps.accounts.scim import directory, selectors  # the protocol's library takes half a second

        own = rank(self.user.role)
        context = {
            "address": self.request.build_absolute_uri("/scim/v2"),
            "tokens": directory.tokens_list(who=self.who),
            "groups": selectors.groups_list(who=self.who),
            "counts": selectors.provisioned_count(who=self.who),
            "roles": [(key, title) for key, title in MAPPABLE.items() if rank(key) >= own],
            "lifetimes": LIFETIMES,
            "name": name,
            "days": days,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
        }
        return self.page("accounts/identity/provisioning.html", context, status=problem.status if problem else 200)


class TokenRotate(ConsoleView):
    """Ask how long the old token goes on, then make the one that takes over from it."""

    permission = IDENTITY_MANAGE
    step_up = {"POST"}
    page_title = "Rotate a provisioning token"

    def get(self, request: HttpRequest, token: UUID) -> HttpResponse:
        from apps.accounts.scim import directory

        found = directory.token_get(who=self.who, id=token)
        return self.page("accounts/identity/token_rotate.html", {"token": found, "overlaps": OVERLAPS.values()})

    def post(self, request: HttpRequest, token: UUID) -> HttpResponse:
        from apps.accounts.scim import directory

        found, overlap = directory.token_get(who=self.who, id=token), request.POST.get("overlap", "")
        return _shown_once(self, *directory.token_rotate(actor=self.user, token=found, overlap=overlap))


class TokenRevoke(ConsoleView):
    """Ask, then revoke: it cannot be undone."""

    permission = IDENTITY_MANAGE
    page_title = "Revoke a provisioning token"

    def get(self, request: HttpRequest, token: UUID) -> HttpResponse:
        from apps.accounts.scim import directory

        found = directory.token_get(who=self.who, id=token)
        return self.page("accounts/identity/token_revoke.html", {"token": found})

    def post(self, request: HttpRequest, token: UUID) -> HttpResponse:
        from apps.accounts.scim import directory

        found = directory.token_revoke(actor=self.user, token=directory.token_get(who=self.who, id=token))
        messages.success(request, f"{found.name} is revoked. The directory is refused from now on.")
        return redirect("identity:provisioning")


class GroupRole(ConsoleView):
    """Say what role a group gives."""

    permission = {"POST": IDENTITY_MANAGE}
    step_up = {"POST"}

    def post(self, request: HttpRequest, group: UUID) -> HttpResponse:
        from apps.accounts.scim import selectors, services

        found = selectors.group_of(who=self.who, id=group)
        try:
            found = services.group_map(actor=self.user, group=found, role=request.POST.get("role", ""))
            given = f"gives the role {MAPPABLE[found.role].lower()}" if found.role else "gives no role"
            messages.success(request, f"{found} {given} now.")
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("identity:provisioning")


def _shown_once(page: ConsoleView, token: ScimToken, text: str) -> HttpResponse:
    """The text of a new token in this one answer: it is kept neither in the session nor in a cache of the browser."""
    context = {"token": token, "text": text, "address": page.request.build_absolute_uri("/scim/v2")}
    response = page.page("accounts/identity/token_made.html", context, status=201)
    response["Cache-Control"] = "no-store"
    return response
