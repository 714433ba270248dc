"""Who a directory is here, and the tokens that it comes with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from apps.accounts.auditing import SCIM_TOKEN_MADE, SCIM_TOKEN_REVOKED, SCIM_TOKEN_ROTATED
from apps.accounts.models import ScimToken, User
from apps.accounts.permissions import IDENTITY_MANAGE, MEMBERS_MANAGE, MEMBERS_VIEW
from apps.audit.actors import Actor
from apps.audit.services import record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.gateway.marks import SCIM, digest_of, is_whole, mint
from apps.gateway.overlaps import overlap_time
from apps.gateway.permissions import API_USE

PREFIX: Final = 8
LONGEST_DAYS: Final = 366
MOST_LISTED: Final = 50
_HELD: Final = frozenset({API_USE, MEMBERS_VIEW, MEMBERS_MANAGE})


@dataclass(frozen=True)
class Directory:
    """Who asks with a token: a program of the organisation's directory, which is no account."""

    token: ScimToken
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> UUID:
        return self.token.pk

    def can(self, code: str) -> bool:
        """It sees members and changes them, at the addresses that take its token, and nothing else."""
        return code in _HELD

    def as_actor(self) -> Actor:
        return Actor("program", self.token.pk, self.token.name, via="scim")


def directory_verify(text: str) -> Directory | None:
    """The directory whose usable token `text` is; None for any other text. Notes the use, to the minute."""
    prefix = text.removeprefix(SCIM)[:PREFIX]
    if not is_whole(text, f"{SCIM}{prefix}_"):
        return None
    token = ScimToken.objects.filter(prefix=prefix).first()
    if token is None or not constant_time_compare(bytes(token.digest), digest_of(text)) or token.state != "active":
        return None
    minute = timezone.now().replace(second=0, microsecond=0)
    if token.last_used_at is None or token.last_used_at < minute:
        ScimToken.objects.filter(pk=token.pk).update(last_used_at=minute)
    return Directory(token)


def tokens_list(*, who: Principal) -> list[ScimToken]:
    """The newest tokens, with what takes over from them."""
    demand(who, IDENTITY_MANAGE)
    following = Prefetch("replaced_by", ScimToken.objects.filter(revoked_at=None))
    return list(ScimToken.objects.prefetch_related(following)[:MOST_LISTED])


def token_get(*, who: Principal, id: UUID) -> ScimToken:
    """One token. Raises `NotFound` where there is none in this tenant."""
    demand(who, IDENTITY_MANAGE)
    token = ScimToken.objects.filter(pk=id).first()
    if token is None:
        raise NotFound("There is no such token here.", remedy="See the list of tokens.")
    return token


@transaction.atomic
def token_create(*, actor: User, name: str, days: int) -> tuple[ScimToken, str]:
    """Make a token and return it with its text, which is shown now and never again. Raises `InvalidInput`."""
    demand(actor, IDENTITY_MANAGE)
    name, issues = name.strip(), []
    if not name or len(name) > 100 or not name.isprintable():
        issues.append(Issue(path="name", message="Give a name of 1 to 100 characters that says which directory it is."))
    if not 1 <= days <= LONGEST_DAYS:
        issues.append(Issue(path="days", message=f"A token lives for 1 to {LONGEST_DAYS} days."))
    if issues:
        raise InvalidInput("The token was not made.", issues=issues)
    token, text = _store(name=name, days=timedelta(days=days), actor=actor)
    record(SCIM_TOKEN_MADE, who=actor, subject=token, after={"expires_at": token.expires_at})
    return token, text


@transaction.atomic
def token_rotate(*, actor: User, token: ScimToken, overlap: str) -> tuple[ScimToken, str]:
    """Make the token that takes over, as long-lived as the old one, which goes on for the `overlap`.

    Raises `InvalidInput`, and `Conflict` for one that has ended or that another has taken over from.
    """
    demand(actor, IDENTITY_MANAGE)
    time = overlap_time(overlap)
    token = ScimToken.objects.select_for_update().get(pk=token.pk)
    if token.state != "active":
        raise Conflict(f"{token.name} has ended; nothing was made.", remedy="Make a new token.")
    if token.replaced_by.filter(revoked_at=None).exists():
        raise Conflict(f"Another takes over from {token} already; nothing was made.", remedy="Rotate that one.")
    made, text = _store(name=token.name, days=token.expires_at - token.created_at, actor=actor, replaces=token)
    token.expires_at = min(token.expires_at, timezone.now() + time)
    token.save(update_fields=["expires_at"])
    record(SCIM_TOKEN_ROTATED, who=actor, subject=token, by=str(made), after={"expires_at": token.expires_at})
    return made, text


@transaction.atomic
def token_revoke(*, actor: User, token: ScimToken) -> ScimToken:
    """End a token at once and for good. Revoking one that has ended changes nothing."""
    demand(actor, IDENTITY_MANAGE)
    token = ScimToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record(SCIM_TOKEN_REVOKED, who=actor, subject=token)
    return token


def _store(*, name: str, days: timedelta, actor: User, replaces: ScimToken | None = None) -> tuple[ScimToken, str]:
    prefix = secrets.token_hex(PREFIX // 2)
    text = mint(f"{SCIM}{prefix}_")
    token = ScimToken.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(text),
        created_by=actor,
        expires_at=timezone.now() + days,
        replaces=replaces,
    )
    return token, text
