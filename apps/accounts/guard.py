"""Between the session and every page: who is over time is signed out, who owes a factor goes to set it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from apps.accounts import door
from apps.accounts.door import Standing
from apps.common.errors import NotAuthenticated, PermissionDenied
from apps.console import errors
from apps.console.stepup import FactorRequired

# What somebody may open who owes a factor: the pages at which it is set up or shown, and the way out.
WAY_IN: Final = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
    }
)


class SignInGuard:
    """Runs for every view, and asks the database nothing for a member who may be inside."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not request.user.is_authenticated:
            return None
        standing = door.standing(request.user, request.session)
        if standing is Standing.ENDED:
            return _ended(request)
        if door.see(request.session):
            UserSession.objects.create_from_request(request)
        match = request.resolver_match
        if request.user.is_visitor and request.path_info.startswith("/accounts/"):  # nothing of an account is theirs
            return None if match is not None and match.url_name == "account_logout" else _no_account(request)
        if standing is Standing.IN or (match is not None and match.url_name in WAY_IN):
            return None
        return _demanded(request)


def _no_account(request: HttpRequest) -> HttpResponseBase:
    """A visitor has no password, address or factor here to look after, and makes none that would outlast the visit."""
    return errors.problem_page(request, PermissionDenied("A visiting operator has no account here. Nothing was done."))


def _ended(request: HttpRequest) -> HttpResponseBase | None:
    logout(request)
    match = request.resolver_match
    if match is not None and match.url_name == "account_login":
        return None
    if errors.wants_json(request):
        return errors.problem_page(request, NotAuthenticated("Your session has ended.", remedy="Sign in again."))
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = redirect_to_login(request.headers.get("HX-Current-URL", "/")).url
        return answer
    messages.info(request, "Your session has ended. Sign in again.")
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _demanded(request: HttpRequest) -> HttpResponseBase:
    if errors.wants_json(request):
        return errors.problem_page(request, FactorRequired())
    place = _where_to(request.user)
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=403)
        answer["HX-Redirect"] = place
        return answer
    return redirect(place)


def _where_to(user: Any) -> str:
    """Where the factor is shown, for a member who has it; else where it is set up."""
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if not user.sign_in_policy.is_met_by(user.role, kinds - {"recovery_codes"}):
        return reverse("mfa_index")
    name = "mfa_reauthenticate_webauthn" if "webauthn" in kinds else "mfa_reauthenticate"
    return f"{reverse(name)}?next=/"
