"""The page of API keys."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput
from apps.common.permissions import PERMISSIONS, Permission
from apps.console.views import ConsoleView
from apps.gateway import selectors, services
from apps.gateway.permissions import API_USE, KEYS_MANAGE, KEYS_VIEW
from apps.gateway.principals import Caller

LIFETIMES = ((7, "A week"), (30, "30 days"), (90, "90 days"), (365, "A year"))


class KeyList(ConsoleView):
    permission = KEYS_VIEW
    page_title = "API keys"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"keys": selectors.keys_list(who=self.who), "can_manage": self.who.can(KEYS_MANAGE)}
        return self.page("gateway/key_list.html", context)


class KeyCreate(ConsoleView):
    permission = KEYS_MANAGE
    page_title = "Make an API key"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form("", [], 90)

    def post(self, request: HttpRequest) -> HttpResponse:
        name, scopes = request.POST.get("name", ""), request.POST.getlist("scopes")
        given = request.POST.get("days", "")
        days = int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0
        try:
            key, text = services.key_create(who=Caller(self.user), name=name, scopes=scopes, days=days)
        except InvalidInput as problem:
            return self._form(name, scopes, days, problem)
        # Shown in this one answer, and kept nowhere: not in the session, not in a cache of the browser.
        response = self.page("gateway/key_made.html", {"key": key, "text": text}, status=201)
        response["Cache-Control"] = "no-store"
        return response

    def _form(self, name: str, chosen: list[str], days: int, problem: InvalidInput | None = None) -> HttpResponse:
        context = {
            "name": name,
            "days": days,
            "chosen": chosen,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "scopes": _grantable(Caller(self.user)),
            "lifetimes": LIFETIMES,
        }
        return self.page("gateway/key_form.html", context, status=problem.status if problem else 200)


class KeyRevoke(ConsoleView):
    """Ask, then revoke: it cannot be undone."""

    permission = KEYS_MANAGE
    page_title = "Revoke an API key"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self.page("gateway/key_revoke.html", {"key": selectors.key_get(who=self.who, id=id)})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        key = selectors.key_get(who=self.who, id=id)
        services.key_revoke(who=Caller(self.user), key=key)
        messages.success(request, f"{key.name} is revoked. Whatever used it is refused from now on.")
        return redirect("gateway:keys")


def _grantable(who: Caller) -> list[Permission]:
    """What a key of this person may be allowed; to call the API at all goes without saying."""
    return [item for item in PERMISSIONS if who.can(item.code) and item.code != API_USE]
