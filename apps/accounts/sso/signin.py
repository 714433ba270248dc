"""The addresses of signing in and out by providers. Anybody may ask them: what they bring decides who comes in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.sessions import LoginSession
from django.core.exceptions import PermissionDenied as Denied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import door
from apps.accounts.models import SsoConnection, User
from apps.accounts.sso import oidc, saml, selectors, sessions
from apps.accounts.sso.adapter import app_of
from apps.accounts.sso.admission import admit
from apps.accounts.sso.asserted import SKEW, Asserted
from apps.accounts.sso.auditing import SSO_PROVED, SSO_REFUSED, SSO_SIGNED_IN
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.tries import refusals_told
from apps.audit.actors import NOBODY
from apps.audit.models import AuditEntry
from apps.audit.services import record
from apps.console.context import request_id
from apps.gateway import limits
from apps.gateway.permissions import OPEN

logger = logging.getLogger(__name__)

AGAIN = "again"
"""The process of somebody who is signed in and proves anew who they are."""
View = Callable[..., HttpResponse]


def _open(view: View) -> View:
    """A view for anybody: what is refused is a page that says why, and an entry in the audit log where a connection of
    the tenant refused it."""

    def answer(request: HttpRequest, connection: UUID, **kwargs: Any) -> HttpResponse:
        found = SsoConnection.objects.filter(pk=connection, is_enabled=True).first()
        if found is None:
            raise Http404
        try:
            response = view(request, found, **kwargs)
        except SsoRefused as refused:
            response = _refusal(request, found, refused)
        add_never_cache_headers(response)
        return response

    answer.permission = OPEN  # type: ignore[attr-defined]
    answer.__doc__ = view.__doc__
    return answer


def _anybody(view: View) -> View:
    view.permission = OPEN  # type: ignore[attr-defined]
    return view


def provider_of(request: HttpRequest, connection: SsoConnection) -> Any:
    """A connection as the library speaks with it."""
    speaks = oidc.Oidc if connection.kind == SsoConnection.Kind.OIDC else saml.Saml
    return speaks(request, app=app_of(connection))


@require_safe
@_open
def login(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """To the provider."""
    to: HttpResponse = provider_of(request, connection).begin(
        request, process="login", next_url=get_next_redirect_url(request) or ""
    )
    return to


@require_safe
@_open
def again(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """To the provider, which is to have whoever is signed in prove anew who they are."""
    row = sessions.of_request(request)
    if not request.user.is_authenticated or row is None or row.connection_id != connection.pk:
        raise Http404
    to: HttpResponse = provider_of(request, connection).begin(
        request, process=AGAIN, next_url=get_next_redirect_url(request) or ""
    )
    return to


@require_safe
@_open
def callback(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """Back from a provider of OpenID Connect."""
    if connection.kind != SsoConnection.Kind.OIDC:
        raise Http404
    state = _state(request, connection, request.GET.get("state", ""))
    person, proved = oidc.asserted(connection, request.GET.dict(), state)
    return _in(request, connection, person, proved, state)


@csrf_exempt
@require_POST
@_open
def acs(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """Back from a provider of SAML: from another site, and so without the session's cookie. The answer is put aside for
    the next request, which brings it. Anybody can send one, and it is stored: they count for where they come from."""
    allowance = limits.take(limits.buckets_of(caller=None, request=request))
    if allowance is not None and not allowance.granted:
        return HttpResponse("Too many answers came from this address.\n", status=429, content_type="text/plain")
    answer = request.POST.get("SAMLResponse", "")
    if connection.kind != SsoConnection.Kind.SAML:
        raise Http404
    if not answer or len(answer) > saml.LARGEST:
        raise SsoRefused("structure", "It is empty, or longer than any answer.")
    response = HttpResponseRedirect(selectors.acs_finish(connection))
    aside = LoginSession(request, "sso_aside", "sso-aside")
    aside.store.update({"answer": answer})
    aside.store.set_expiry(60)
    aside.save(response)
    return response


@require_safe
@_open
def acs_finish(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """The answer of a provider of SAML, with the session that asked for it."""
    aside = LoginSession(request, "sso_aside", "sso-aside")
    answer = aside.store.get("answer", "")
    aside.delete()
    request_id = saml.request_named(answer) if answer else ""
    if not answer:
        raise SsoRefused("state")
    if not request_id:
        raise SsoRefused("request")
    state = _state(request, connection, request_id)
    person, proved = saml.asserted(connection, answer, request_id=request_id)
    return _in(request, connection, person, proved, state)


@require_safe
@_open
def sls(request: HttpRequest, connection: SsoConnection) -> HttpResponse:
    """A provider of SAML ends sessions, or answers that it has ended its own."""
    if connection.kind != SsoConnection.Kind.SAML:
        raise Http404
    to, subject, sids = saml.logged_out(connection, request.GET.dict(), request.META.get("QUERY_STRING", ""))
    if subject:
        sessions.end(connection, subject=subject, sids=sids)
    return HttpResponseRedirect(to or reverse("account_login"))


@csrf_exempt
@require_POST
@_anybody
def backchannel(request: HttpRequest, connection: UUID) -> HttpResponse:
    """A provider of OpenID Connect ends sessions, from server to server (Back-Channel Logout 1.0)."""
    found = SsoConnection.objects.filter(pk=connection, is_enabled=True, kind=SsoConnection.Kind.OIDC).first()
    if found is None:
        raise Http404
    try:
        subject, sid = oidc.logged_out(found, request.POST.get("logout_token", ""))
    except SsoRefused as refused:
        _noted(found, refused)
        response = HttpResponse(f"{refused.reason}\n", status=400, content_type="text/plain")
    else:
        sessions.end(found, subject=subject, sids=[sid])
        response = HttpResponse(status=200)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@_anybody
def metadata(request: HttpRequest, connection: UUID) -> HttpResponse:
    """What a provider of SAML has to know of us. It is public, and there before the connection is turned on."""
    found = SsoConnection.objects.filter(pk=connection, kind=SsoConnection.Kind.SAML).first()
    if found is None:
        raise Http404
    return HttpResponse(saml.metadata_of(found), content_type="application/samlmetadata+xml")


@require_safe
@_anybody
def find(request: HttpRequest) -> HttpResponse:
    """Which provider the addresses of a domain sign in with: a page with its button."""
    email = request.GET.get("email", "").strip().lower()[:254]
    found = selectors.connection_for(email)
    context = {
        "email": email,
        "connection": found,
        "next": get_next_redirect_url(request) or "",
        "several": selectors.buttons(),
    }
    return render(request, "accounts/sso/find.html", context)


@require_safe
@_anybody
def out(request: HttpRequest, ticket: str) -> HttpResponse:
    """Signed out here; on to the provider, so that its own session ends too."""
    try:
        connection, address = sessions.provider_end(ticket)
    except SsoRefused:
        return HttpResponseRedirect(reverse("account_login"))
    response = render(request, "accounts/sso/out.html", {"connection": connection, "address": address})
    if address:
        # A policy for forms would hold back a redirect to another host; what a page does by itself it does not.
        response["Refresh"] = f"0; url={address}"
    add_never_cache_headers(response)
    return response


def _state(request: HttpRequest, connection: SsoConnection, id: str) -> dict[str, Any]:
    """What was kept when this sign-in began in this browser at this connection. It is used once."""
    try:
        found = provider_of(request, connection).unstash_redirect_state(request, id)
    except Denied:
        found = None
    if not found:
        raise SsoRefused("state")
    return dict(found)


def _in(
    request: HttpRequest, connection: SsoConnection, person: Asserted, proved: float | None, state: dict[str, Any]
) -> HttpResponse:
    """Let in whom a provider speaks of, or note that they have proved it anew."""
    if state.get("process") == AGAIN:
        return _proved(request, connection, person, proved, state)
    with transaction.atomic():
        user = admit(connection, person)
        record(SSO_SIGNED_IN, who=user, subject=connection, connection=connection.name)
    if request.user.is_authenticated:
        account_adapter(request).logout(request)
    sessions.opened(request, connection, user, person)
    # Saved already: the library looks it up, and asks for a second factor where the member has one.
    login = SocialLogin(user=User(), account=SocialAccount(provider=str(connection.pk), uid=person.subject))
    login.account.extra_data = {}
    login.state = {"process": "login", "next": state.get("next"), "proved": proved}
    response: HttpResponse = complete_login(request, login)
    return response


def _proved(
    request: HttpRequest, connection: SsoConnection, person: Asserted, proved: float | None, state: dict[str, Any]
) -> HttpResponse:
    mine = request.user.is_authenticated and SocialAccount.objects.filter(
        provider=str(connection.pk), uid=person.subject, user=request.user
    )
    if not mine:
        raise SsoRefused("other-person")
    if proved is None or proved < state["began"] - SKEW.total_seconds():
        raise SsoRefused("stale")
    with transaction.atomic():
        record(SSO_PROVED, who=request.user, subject=connection, connection=connection.name)  # type: ignore[arg-type]
    record_authentication(
        request, request.user, "socialaccount", provider=str(connection.pk), uid=person.subject, reauthenticated=True
    )
    door.prove(request.session)
    if state.get("next"):
        return HttpResponseRedirect(state["next"])
    return render(request, "accounts/sso/proved.html", {"connection": connection})


def _refusal(request: HttpRequest, connection: SsoConnection, refused: SsoRefused) -> HttpResponse:
    _noted(connection, refused)
    context = {"problem": refused, "connection": connection, "request_id": request_id()}
    return render(request, "accounts/sso/refused.html", context, status=refused.status)


def _noted(connection: SsoConnection, refused: SsoRefused) -> None:
    """Record a refusal, and of a flood as many as its logarithm: anybody can send what is refused. What belongs to no
    sign-in that was begun is told by the log alone."""
    logger.warning("a sign-in by a provider was refused: %s", refused.reason, extra={"connection": str(connection.pk)})
    if refused.reason in {"state", "structure"}:
        return
    times = refusals_told(f"sso:{connection.pk}:{refused.reason}")
    if not times:
        return
    outcome = AuditEntry.Outcome.REFUSED
    with transaction.atomic():
        record(SSO_REFUSED, who=NOBODY, subject=connection, outcome=outcome, reason=refused.reason, times=times)
