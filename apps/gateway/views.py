"""The pages of API keys."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import PERMISSIONS, Permission
from apps.console.views import ConsoleView
from apps.gateway import selectors, services
from apps.gateway.models import ApiKey
from apps.gateway.overlaps import OVERLAPS
from apps.gateway.permissions import API_USE, KEYS_MANAGE, KEYS_VIEW
from apps.gateway.principals import Caller

LIFETIMES = ((7, "A week"), (30, "30 days"), (90, "90 days"), (365, "A year"))


STATES = (("active", "Active"), ("ended", "Ended"))


class KeyList(ConsoleView):
    permission = KEYS_VIEW
    page_title = "API keys"

    def get(self, request: HttpRequest) -> HttpResponse:
        search, state = request.GET.get("q", "")[:100], request.GET.get("state", "")
        keys = selectors.keys_list(who=self.who, search=search, state=state)
        context = {
            "rows": [{"key": key, "rotates": selectors.may_rotate(Caller(self.user), key)} for key in keys],
            "search": search,
            "state": state,
            "states": STATES,
            "filtered": search or state,
            "most": selectors.MOST_LISTED if len(keys) == selectors.MOST_LISTED else 0,
            "can_manage": self.who.can(KEYS_MANAGE),
        }
        return self.page("gateway/key_list.html", context)


class KeyCreate(ConsoleView):
    permission = KEYS_MANAGE
    step_up = {"POST"}
    page_title = "Make an API key"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form("", [], 90, request.GET.get("account", ""))

    def post(self, request: HttpRequest) -> HttpResponse:
        name, scopes = request.POST.get("name", ""), request.POST.getlist("scopes")
        given, chosen = request.POST.get("days", ""), request.POST.get("account", "")
        days = int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0
        try:
            account = selectors.account_get(who=self.who, id=_uuid(chosen)) if chosen else None
            made = services.key_create(who=Caller(self.user), name=name, scopes=scopes, days=days, account=account)
        except InvalidInput as problem:
            return self._form(name, scopes, days, chosen, problem)
        return _shown_once(self, *made)

    def _form(
        self, name: str, chosen: list[str], days: int, account: str, problem: InvalidInput | None = None
    ) -> HttpResponse:
        context = {
            "name": name,
            "days": days,
            "chosen": chosen,
            "account": account,
            "accounts": selectors.accounts_list(who=self.who),
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "scopes": _grantable(Caller(self.user)),
            "lifetimes": LIFETIMES,
        }
        return self.page("gateway/key_form.html", context, status=problem.status if problem else 200)


class KeyRotate(ConsoleView):
    """Ask how long the old key goes on, then make the one that takes over from it."""

    permission = KEYS_MANAGE
    step_up = {"POST"}
    page_title = "Rotate an API key"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        key = selectors.key_get(who=self.who, id=id)
        return self.page("gateway/key_rotate.html", {"key": key, "overlaps": OVERLAPS.values()})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        key, overlap = selectors.key_get(who=self.who, id=id), request.POST.get("overlap", "")
        return _shown_once(self, *services.key_rotate(who=Caller(self.user), key=key, overlap=overlap))


class KeyRevoke(ConsoleView):
    """Ask, then revoke: it cannot be undone."""

    permission = KEYS_MANAGE
    step_up = {"POST"}
    page_title = "Revoke an API key"

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self.page("gateway/key_revoke.html", {"key": selectors.key_get(who=self.who, id=id)})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        key = selectors.key_get(who=self.who, id=id)
        services.key_revoke(who=Caller(self.user), key=key)
        messages.success(request, f"{key.name} is revoked. Whatever used it is refused from now on.")
        return redirect("gateway:keys")


def _shown_once(page: ConsoleView, key: ApiKey, text: str) -> HttpResponse:
    """The text of a new key in this one answer: it is kept neither in the session nor in a cache of the browser."""
    response = page.page("gateway/key_made.html", {"key": key, "text": text}, status=201)
    response["Cache-Control"] = "no-store"
    return response


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(
            "The key was not made.", issues=[Issue(path="account", message="Choose one of the list.")]
        ) from error


def _grantable(who: Caller) -> list[Permission]:
    """What a key of this person may be allowed; to call the API at all goes without saying."""
    return [item for item in PERMISSIONS if who.can(item.code) and item.code != API_USE]
