"""The page that asks who somebody is before a sensitive act, with what they typed still in it.

It is a form that sends the same again, and the proof beside it. Nothing of what was typed is kept here meanwhile, so
that no secret of a form lies in a session.
"""

from __future__ import annotations

import json
from typing import Any, Final

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from apps.accounts.factors.codes import code_take
from apps.accounts.models import User
from apps.accounts.tries import failure_note
from apps.console.stepup import is_fresh

PASSWORD: Final = "step_up_password"  # noqa: S105  # the name of a field
CODE: Final = "step_up_code"
CREDENTIAL: Final = "step_up_credential"
ELSEWHERE: Final = "step_up_elsewhere"
"""Says that it was proved in another tab: at the provider that let the member in."""
FIELDS: Final = frozenset({PASSWORD, CODE, CREDENTIAL, ELSEWHERE})


def step_up(request: HttpRequest) -> HttpResponse | None:
    """As `AccountAdapter.step_up` says."""
    user: Any = request.user
    if is_fresh(request.session):
        _strip(request)
        return None
    if request.method != "POST" or request.headers.get("HX-Request"):
        return _elsewhere(request)
    problem = ""
    if FIELDS & set(request.POST):
        problem = _problem_of(request, user)
        _strip(request)
        if not problem:
            return None
    ways = get_adapter(request).get_reauthentication_methods(user)
    kinds = {way["id"] for way in ways}
    by_passkey = "mfa_reauthenticate:webauthn" in kinds
    context = {
        "page_title": "Prove it is you",
        "problem": problem,
        "typed": [(name, value) for name, values in request.POST.lists() for value in values if name != _CSRF],
        "by_password": "reauthenticate" in kinds,
        "by_code": "mfa_reauthenticate" in kinds,
        "by_passkey": by_passkey,
        "elsewhere": [way for way in ways if way["id"] not in _OURS],
        "has_files": bool(request.FILES),
        "js_data": {"request_options": auth.begin_authentication(user)} if by_passkey else None,
        "back": _back(request),
    }
    return render(request, "accounts/step_up.html", context, status=403)


_CSRF: Final = "csrfmiddlewaretoken"
_OURS: Final = frozenset({"reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate:webauthn"})


def _back(request: HttpRequest) -> str:
    """The page that the form is on."""
    place = request.headers.get("Referer", "")
    return place if url_has_allowed_host_and_scheme(place, {request.get_host()}) else "/"


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """To the page that asks for a proof alone, and back: for what a page reads, and for what a script sends."""
    ways = get_adapter(request).get_reauthentication_methods(request.user)
    back = request.headers.get("HX-Current-URL") or (request.get_full_path() if request.method == "GET" else "/")
    place = ways[0]["url"] if ways else reverse("account_reauthenticate")
    place += f"?{urlencode({'next': back})}"
    if not request.headers.get("HX-Request"):
        return redirect(place)
    answer = HttpResponse(status=403)
    answer["HX-Redirect"] = place
    return answer


def _problem_of(request: HttpRequest, user: User) -> str:
    """What is wrong with the proof that a request brings; empty where it is right, which is noted."""
    try:
        if request.POST.get(ELSEWHERE):
            return "It is not proved yet. Sign in again in the other tab first."
        if credential := request.POST.get(CREDENTIAL):
            return _passkey(user, credential)
        adapter = get_adapter(request)
        if code := request.POST.get(CODE):
            with adapter.trying(request, user.email) as tried:
                factor = code_take(user=user, code=code)
                if factor is None:
                    failure_note(account=user.email, why="wrong code")
                    return "This code is not right, or was used already."
                tried.give_back()
                post_authentication(request, factor, reauthenticated=True)
                return ""
        if not adapter.reauthenticate(user, request.POST.get(PASSWORD, "")):
            return "This is not your password."
        record_authentication(request, user, "password", reauthenticated=True)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _passkey(user: User, credential: str) -> str:
    try:
        form = ReauthenticateWebAuthnForm({"credential": json.loads(credential)}, user=user)
    except ValueError:
        return "No passkey was given."
    if not form.is_valid():
        return "This passkey is not one of yours."
    form.save()
    return ""


def _strip(request: HttpRequest) -> None:
    """Take the proof out of what was typed: no view is to see it."""
    if not FIELDS & set(request.POST):
        return
    posted = request.POST.copy()
    for name in FIELDS:
        posted.pop(name, None)
    request.POST = posted  # type: ignore[assignment]  # Django lets middleware do so
