"""Sessions that a provider opened: which they are, and how they end here and there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import SsoConnection, SsoSession, User
from apps.accounts.sso import oidc, saml
from apps.accounts.sso.asserted import Asserted, digest_of
from apps.accounts.sso.auditing import SSO_ENDED
from apps.accounts.sso.problems import SsoRefused
from apps.audit.services import record
from apps.tenants.context import current_schema, current_tenant, tenant_url

KEY: Final = "sso"
"""Of the row in a session that a provider opened."""
_OUT_WITHIN: Final = 300
"""Seconds within which somebody who has signed out here is sent on to their provider."""


def opened(request: HttpRequest, connection: SsoConnection, user: User, person: Asserted) -> SsoSession:
    """Note that a provider opens a session. It has no key until the member is in."""
    SsoSession.objects.filter(created_at__lt=timezone.now() - timedelta(days=31)).delete()
    row = SsoSession.objects.create(
        connection=connection,
        user=user,
        sid=digest_of(connection, "sid", person.sid) if person.sid else "",
        hint=person.hint,
    )
    request.session[KEY] = str(row.pk)
    return row


def is_open(request: HttpRequest) -> bool:
    """Whether the sign-in that is under way, or the session, is one by a provider."""
    return KEY in request.session


def keep_key(request: HttpRequest) -> None:
    """Note the key of the session, now that the member is in."""
    if is_open(request):
        key = request.session.session_key or ""
        SsoSession.objects.filter(pk=request.session[KEY]).update(session_key=key)


def of_request(request: HttpRequest) -> SsoSession | None:
    """What a provider opened for whoever asks."""
    if not is_open(request):
        return None
    return SsoSession.objects.select_related("connection").filter(pk=request.session[KEY]).first()


def end(connection: SsoConnection, *, subject: str, sids: Iterable[str]) -> int:
    """End sessions that the provider says are over: of those names, or without any, all of the subject's. Returns how
    many there were."""
    digests = [digest_of(connection, "sid", sid) for sid in sids if sid]
    rows = SsoSession.objects.filter(connection=connection).select_related("user")
    if subject:
        accounts = SocialAccount.objects.filter(provider=str(connection.pk), uid=subject)
        rows = rows.filter(user__in=accounts.values("user"))
    if digests:
        rows = rows.filter(sid__in=digests)
    if not subject and not digests:
        return 0
    with transaction.atomic():
        found = list(rows.select_for_update(of=("self",)))
        for user in {row.user for row in found}:
            record(SSO_ENDED, who=connection, subject=user, sessions=sum(row.user == user for row in found))
        for row in found:
            drop(row.session_key)
        SsoSession.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def drop(session_key: str) -> None:
    """End a session, wherever it is kept."""
    if session_key:
        store: Any = import_module(settings.SESSION_ENGINE).SessionStore
        store(session_key).delete()


def way_out(request: HttpRequest) -> str:
    """Where somebody who signs out here is sent on to, so that they are signed out at the provider too; empty where
    there is nothing to do."""
    row = of_request(request)
    if row is None or not row.hint:
        return ""
    return reverse("sso:out", args=[_signer().sign(str(row.pk))])


def provider_end(ticket: str) -> tuple[SsoConnection, str]:
    """The provider, and the address at which it ends its session; empty where it has none or does not answer.

    Raises `SsoRefused` for a ticket that is not of this tenant, too old, or used.
    """
    try:
        id = _signer().unsign(ticket, max_age=_OUT_WITHIN)
    except BadSignature as error:
        raise SsoRefused("state") from error
    row = SsoSession.objects.select_related("connection").filter(pk=id).first()
    if row is None:
        raise SsoRefused("state")
    hint = row.hint or {}  # read while the row has its id: it is sealed for that
    row.delete()
    speaks = oidc if row.connection.kind == SsoConnection.Kind.OIDC else saml
    back = tenant_url(current_tenant(), reverse("account_login"))
    try:
        return row.connection, speaks.logout_url(row.connection, hint, back=back)
    except SsoRefused:
        return row.connection, ""  # they are signed out here, whatever the provider does


def _signer() -> TimestampSigner:
    return TimestampSigner(salt=f"accounts.sso.out:{current_schema()}")


def ways_again(request: HttpRequest) -> list[dict[str, str]]:
    """How whoever was let in by a provider proves anew who they are, as the library lists such ways: at that provider.

    None for anybody else. The address takes a `next`; without one it says what to do in a tab of its own.
    """
    row = of_request(request)
    if row is None or not row.connection.is_enabled:
        return []
    address = reverse("sso:again", args=[row.connection_id])
    return [{"id": "sso_again", "description": row.connection.name, "url": address}]
