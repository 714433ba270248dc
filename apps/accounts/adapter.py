"""How allauth behaves here: nobody signs up, mails speak for the tenant, and tries to prove who one is are counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from apps.accounts import limits
from apps.accounts.auditing import RESET_ASKED
from apps.accounts.factors import rules, stepping
from apps.accounts.hashers import SignInBusy
from apps.accounts.sso import only, sessions
from apps.accounts.tries import REFUSED, failure_note
from apps.audit.actors import NOBODY
from apps.audit.services import record
from apps.console.landing import landing_of
from apps.console.stepup import is_fresh
from apps.gateway.addresses import address_of, network_of
from apps.tenants.context import current_tenant


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Members arrive by invitation only."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody lands who asked for no page in particular."""
        return landing_of(request.user) or str(super().get_login_redirect_url(request))

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody who signs out is sent: by way of their provider, where one let them in."""
        return sessions.way_out(request) or str(super().get_logout_redirect_url(request))

    def require_way_in(self, user: Any) -> None:
        """For sign-in over the API by a password. Raises `NotAuthenticated` where only a provider lets members in."""
        only.require_way_in(user)

    def format_email_subject(self, subject: str) -> str:
        return f"[{current_tenant().name}] {subject}"

    @contextmanager
    def trying(self, request: HttpRequest, email: str) -> Iterator[limits.Try]:
        """Count a try to prove that one is the member with this address, before anything is compared.

        Raises `ValidationError` when there were too many: then nothing must be compared. Where the server is too
        busy to compare, which raises `SignInBusy`, the try does not count.
        """
        tried = limits.take(account=email.strip().lower(), place=network_of(address_of(request)))
        if isinstance(tried, limits.Refused):
            failure_note(account=email, why="too many tries", outcome=REFUSED)
            raise self.validation_error("too_many_login_attempts")
        try:
            yield tried
        except SignInBusy:  # nothing was looked at: a flood must not use up the tries of those who wait behind it
            tried.give_back()
            raise

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The member with this address and password, or None. Raises `ValidationError` when there were too many tries.

        A try that is refused, and one that fails, is recorded.
        """
        with self.trying(request, _account(credentials)) as tried:
            user = super().authenticate(request, **credentials)
            if user is not None:
                tried.give_back()
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: `authenticate` counts, whatever it is called by."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        failure_note(account=_account(credentials), why="wrong address or password")

    def reauthenticate(self, user: Any, password: str) -> bool:
        return not rules.refuses_password(user) and bool(super().reauthenticate(user, password))

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        self.way_in_refused(user, why="the member is deactivated")
        answer: HttpResponse = super().respond_user_inactive(request, user)
        return answer

    def way_in_refused(self, user: Any, why: str) -> None:
        """Record that somebody who proved to be this member is not let in."""
        failure_note(account=user.email, why=why, outcome=REFUSED)

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:
        with transaction.atomic():
            record(RESET_ASKED, who=NOBODY, subject=user)
            super().send_password_reset_mail(user, email, context)

    def factor_shown(self, request: HttpRequest, user: Any, code: str | None) -> str:
        """The kind of factor that a member shows besides their password where they can show no passkey: over the API.

        Empty for none, where none is asked for. Raises `FactorRequired`, `NotAuthenticated` for a wrong code, and
        `TooManyRequests`.
        """
        return rules.factor_shown(user, code, trying=lambda: self.trying(request, user.email))

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Refuse a password where the member's role signs in without one, and they can."""
        refusal = rules.password_refusal(request, user) or only.refusal(request, user, kwargs)
        return refusal if refusal is not None else super().pre_login(request, user, **kwargs)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Those of the library, and last the provider that let the member in."""
        return [*super().get_reauthentication_methods(user), *sessions.ways_again(context.request)]

    def step_up(self, request: HttpRequest) -> HttpResponse | None:
        """None where the request brings a proof of who its member is; else the page that asks for one."""
        return stepping.step_up(request)

    def is_reauthentication_required(self, app: str) -> bool:
        """Whether one has to prove again who one is: unless that was within the time that stepping up lasts.

        The library asks nobody who has no password and no factor. Who came by a provider can prove it there: so they
        are asked here.
        """
        if is_fresh(context.request.session):
            return False
        if not get_reauthentication_flows(context.request.user) and sessions.ways_again(context.request):
            raise ReauthenticationRequired
        return True


def _account(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", ""))
