"""Writes to single sign-on, by owners alone: whoever says who vouches for members could come in as any of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import ValidationError

from apps.accounts.models import SsoConnection, SsoDomain, SsoPolicy, SsoSession, User
from apps.accounts.permissions import SSO_MANAGE
from apps.accounts.sso import auditing, domains, findings, metadata, saml, selectors, sessions
from apps.accounts.sso.schemas import ACCESS, Rules, SamlAccess, certificate_of
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.common.permissions import Principal, demand
from apps.console.schemaforms import shape_of
from apps.console.schemaforms.secrets import MASK, dumped, kept, masked
from apps.gateway.models import RefreshToken

MOST_DOMAINS: Final = 50
"""Of a connection."""


def connection_create(
    *,
    who: Principal,
    user: User | None,
    kind: str,
    name: str,
    access: Mapping[str, Any],
    rules: Mapping[str, Any] | None = None,
) -> SsoConnection:
    """Connect an identity provider. It is turned off: test it, then turn it on.

    Metadata of SAML are fetched, where their address is given. Raises `InvalidInput` with an issue for each place, and
    `Conflict` for a name that is taken or one too many.
    """
    demand(who, SSO_MANAGE)
    if kind not in ACCESS:
        raise _wrong("kind", f"Choose one of {', '.join(ACCESS)}.")
    taken = _access(kind, access, {})
    made = SsoConnection(kind=kind, name=_name(name), access=taken, rules=_rules(rules or {}), created_by=user)
    if kind == SsoConnection.Kind.SAML:
        made.keys = saml.keys_made(made.name)
    with transaction.atomic():
        if SsoConnection.objects.count() >= SsoConnection.MOST:
            raise Conflict(
                f"{SsoConnection.MOST} identity providers are connected; nothing was stored.", remedy="Delete one."
            )
        with _once(made.name):
            made.save(force_insert=True)
        record(auditing.CONNECTION_MADE, who=who, subject=made, after=_content(made))
    return made


def connection_change(
    *,
    who: Principal,
    connection: SsoConnection,
    name: str | None = None,
    access: Mapping[str, Any] | None = None,
    rules: Mapping[str, Any] | None = None,
    is_enabled: bool | None = None,
    seen: int | None = None,
    check: Callable[[SsoConnection], None] = lambda connection: None,
) -> SsoConnection:
    """Change what is given. A secret that is sent as it was shown stays, but not for another issuer.

    `seen` is the `seq` that was looked at; `check` gets the connection as it is before, locked, and raises where it is
    not what the caller knows.

    With another issuer or entity id, people are known there by other names: those of before are forgotten. Turned off,
    nobody signs in by it, and who did goes on. Raises `InvalidInput`, and `Conflict` where somebody else has changed it
    in between, or single sign-on alone would be left without a way in.
    """
    demand(who, SSO_MANAGE)
    taken = _access(connection.kind, access, connection.access) if access is not None else None
    with transaction.atomic():
        row = selectors.connection_get(who=who, id=connection.pk, lock=True)
        if seen is not None and seen != row.seq:
            raise Conflict(
                f"Somebody else has changed {row.name} in the meantime; nothing was stored.",
                remedy="Look at how it is now, and make your change to that.",
            )
        check(row)
        before, secret, place = _content(row), _secret(row), selectors.place_of(row)
        if name is not None:
            row.name = _name(name)
        if taken is not None:
            row.access = taken
        if rules is not None:
            row.rules = _rules(rules)
        if is_enabled is not None:
            _require_ready(row, is_enabled)
            row.is_enabled = is_enabled
        row.seq += 1
        if selectors.place_of(row) != place:
            row.tested_at, row.findings = None, None
            SocialAccount.objects.filter(provider=str(row.pk)).delete()
        with _once(row.name):
            row.save()
        renewed = ["client secret"] if _secret(row) != secret else []
        record(auditing.CONNECTION_CHANGED, who=who, subject=row, before=before, after=_content(row), renewed=renewed)
    return row


def connection_delete(*, who: Principal, connection: SsoConnection) -> None:
    """Delete a connection with its secret and its domains. Its members stay; who it let in is signed out."""
    demand(who, SSO_MANAGE)
    with transaction.atomic():
        row = selectors.connection_get(who=who, id=connection.pk, lock=True)
        _require_other(row)
        for key in row.sessions.values_list("session_key", flat=True):
            sessions.drop(key)
        record(auditing.CONNECTION_DELETED, who=who, subject=row, before=_content(row))
        SocialAccount.objects.filter(provider=str(row.pk)).delete()
        row.delete()


def connection_test(*, who: Principal, connection: SsoConnection) -> SsoConnection:
    """Look at what the provider publishes, outside any transaction, and keep what was found."""
    demand(who, SSO_MANAGE)
    found = findings.found(connection)
    with transaction.atomic():
        row = selectors.connection_get(who=who, id=connection.pk, lock=True)
        row.tested_at, row.findings = timezone.now(), found
        row.save(update_fields=["tested_at", "findings"])
        told = {each["title"]: each["state"] for each in found}
        record(auditing.CONNECTION_TESTED, who=who, subject=row, found=findings.worst(found), findings=told)
    return row


def domain_add(*, who: Principal, connection: SsoConnection, name: str) -> SsoDomain:
    """Add a domain to a connection. It counts once it is shown to be the tenant's: `domain_verify`."""
    demand(who, SSO_MANAGE)
    name = domains.named(name)
    with transaction.atomic():
        row = selectors.connection_get(who=who, id=connection.pk, lock=True)
        if row.domains.count() >= MOST_DOMAINS:
            raise Conflict(f"{row} has {MOST_DOMAINS} domains; nothing was stored.", remedy="Remove one.")
        made = SsoDomain(connection=row, name=name, token=secrets.token_hex(20))
        with _once(name):
            made.save(force_insert=True)
        record(auditing.DOMAIN_ADDED, who=who, subject=made, connection=row.name)
    return made


def domain_verify(*, who: Principal, domain: SsoDomain, look: domains.Look | None = None) -> SsoDomain:
    """Look whether a domain is shown to be the tenant's. Raises `Conflict` with what to publish where it is not."""
    demand(who, SSO_MANAGE)
    method = domains.shown_by(domain, look=look)
    if not method:
        name, text = domains.record_of(domain)
        raise Conflict(
            f"{domain.name} is not shown to be yours yet; nothing was changed.",
            remedy=f"Publish the TXT record {name} with {text}, or that text at {domains.file_of(domain)}. A new "
            "record may take an hour to be seen everywhere.",
        )
    with transaction.atomic():
        row = SsoDomain.objects.select_for_update().get(pk=domain.pk)
        row.verified_at, row.method = timezone.now(), method
        row.save(update_fields=["verified_at", "method"])
        record(auditing.DOMAIN_VERIFIED, who=who, subject=row, method=row.get_method_display())
    return row


def domain_remove(*, who: Principal, domain: SsoDomain) -> None:
    """Remove a domain: its addresses do not come in by the connection any more."""
    demand(who, SSO_MANAGE)
    with transaction.atomic():
        selectors.policy(lock=True)
        if domain.verified_at and domain.connection.is_enabled:
            _require_other(domain.connection, without=domain.pk)
        record(auditing.DOMAIN_REMOVED, who=who, subject=domain)
        domain.delete()


def only_set(*, who: Principal, is_only: bool, break_glass: UUID | None = None, keep_session: str = "") -> SsoPolicy:
    """Have members sign in by single sign-on alone, or not. One named owner keeps the way past it.

    Sessions and tokens that were got otherwise end, but `keep_session` and those of that owner. Raises `InvalidInput`
    for somebody who is no owner with a password and a second factor, and `Conflict` where no connection could let
    anybody in.
    """
    demand(who, SSO_MANAGE)
    with transaction.atomic():
        row = selectors.policy_get(who=who, lock=True)
        before = _policy(row)
        row.is_only = is_only
        row.break_glass = _break_glass(break_glass) if break_glass or is_only else None
        row.seq += 1
        if is_only and not _ways_in().exists():
            raise Conflict(
                "No identity provider could let anybody in; nothing was changed.",
                remedy="Turn one on that has a verified domain.",
            )
        row.save()
        record(auditing.ONLY_SET, who=who, subject=row, before=before, after=_policy(row))
        if is_only and not before["is_only"]:
            _end_others(keep_session, row.break_glass)
    return row


def _break_glass(id: UUID | None) -> User:
    """The owner who keeps the way past single sign-on: with a password and a second factor, or not at all."""
    owners = User.objects.filter(role="owner", is_active=True, valid_until=None)
    owner = owners.filter(pk=id).first() if id else None
    if owner is None:
        raise _wrong("break_glass", "Name an active owner who can still come in when the provider is down.")
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    if not owner.has_usable_password() or not Authenticator.objects.filter(user=owner, type__in=kinds).exists():
        raise _wrong("break_glass", f"{owner} needs a password and a second factor first: they are the way in.")
    return owner


def _ways_in() -> QuerySet[SsoConnection]:
    return SsoConnection.objects.filter(is_enabled=True, domains__verified_at__isnull=False).distinct()


def _require_other(connection: SsoConnection, *, without: UUID | None = None) -> None:
    """Where members sign in by single sign-on alone, some connection has to let them in."""
    left = SsoDomain.objects.filter(verified_at__isnull=False, connection__is_enabled=True)
    left = left.exclude(pk=without) if without else left.exclude(connection=connection)
    if selectors.policy(lock=True).is_only and not left.exists():
        raise Conflict(
            "Members sign in by single sign-on alone, and nothing would be left to sign in with; nothing was changed.",
            remedy="Let passwords in again first, or turn on another identity provider.",
        )


def _require_ready(connection: SsoConnection, is_enabled: bool) -> None:
    if not is_enabled:
        _require_other(connection)
    elif findings.worst(connection.findings or [{"state": "failed"}]) == "failed":
        raise Conflict(
            f"{connection} has not passed its test; it stays off.", remedy="Test it, and mend what the test finds."
        )


def _end_others(keep: str, break_glass: User | None) -> None:
    """End the sessions that no provider opened, and the tokens of signing in over the API, which no provider opens: who
    is in by a password is asked for more from now on."""
    ours = SsoSession.objects.exclude(session_key="").values("session_key")
    others = UserSession.objects.exclude(session_key__in=ours).exclude(session_key=keep)
    tokens = RefreshToken.objects.filter(revoked_at=None)
    if break_glass is not None:
        others, tokens = others.exclude(user=break_glass), tokens.exclude(user=break_glass)
    tokens.update(revoked_at=timezone.now())
    for key in others.values_list("session_key", flat=True):
        sessions.drop(key)


def _access(kind: str, access: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    """How a provider is reached, checked, as it is stored. The secret does not go along to another issuer."""
    if held and access.get("client_secret") == MASK and access.get("issuer") != held.get("issuer"):
        raise _wrong("access.client_secret", "Enter it again: it does not go along to another issuer.")
    try:
        found = ACCESS[kind].model_validate(kept(shape_of(ACCESS[kind]), dict(access), held))
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="access") from error
    return dumped(metadata.filled(found) if isinstance(found, SamlAccess) else found)


def _rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return Rules.model_validate(dict(rules)).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput.from_pydantic(error, path="rules") from error


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 60 or not name.isprintable():
        raise _wrong("name", "Give a name of 1 to 60 characters: it stands on the button of the sign-in page.")
    return name


def _content(connection: SsoConnection) -> dict[str, Any]:
    """What is recorded of a connection: its secret as set or not."""
    access = masked(shape_of(ACCESS[connection.kind]), connection.access)
    prints = [certificate_of(text).fingerprint(SHA256()).hex() for text in access.pop("certificates", [])]
    access.pop("metadata_xml", None)
    access.pop("client_secret", None)
    content = {"name": connection.name, "is_enabled": connection.is_enabled, **access, "rules": connection.rules}
    return content | ({"certificates": prints} if prints else {})


def _secret(connection: SsoConnection) -> Any:
    return connection.access.get("client_secret")


def _policy(row: SsoPolicy) -> dict[str, Any]:
    return {"is_only": row.is_only, "break_glass": row.break_glass.email if row.break_glass else ""}


@contextmanager
def _once(name: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(f"{name} is there already; nothing was stored.", remedy="Choose another.") from error


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput("Nothing was stored.", issues=[Issue(path=path, message=message)])
