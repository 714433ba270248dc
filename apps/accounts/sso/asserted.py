"""What a provider has said of a person, once it is shown to be its word."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import SsoConnection, SsoSeen
from apps.accounts.sso.problems import SsoRefused

SKEW: Final = timedelta(seconds=60)
"""By how much a provider's clock and ours may differ."""
LONGEST_EMAIL: Final = 254
LONGEST_SUBJECT: Final = 191  # of SocialAccount.uid


@dataclass(frozen=True)
class Asserted:
    """A person, as a provider knows them."""

    subject: str
    """Names them at this provider for good."""
    email: str
    email_verified: bool
    name: str
    groups: frozenset[str]
    sid: str = ""
    """The provider's name for its own session."""
    hint: Any = None
    """What the provider wants to be told when its session is to end; kept sealed."""

    def __post_init__(self) -> None:
        if not self.subject or len(self.subject) > LONGEST_SUBJECT:
            raise SsoRefused("subject", f"Its name for you has to be of 1 to {LONGEST_SUBJECT} characters.")


def seen_once(at: SsoConnection, kind: str, id: str, *, until: datetime) -> None:
    """Take note that an assertion or token was used, for as long as it could be used again.

    Raises `SsoRefused` where it was used before: of two that come at the same time one is refused.
    """
    digest = digest_of(at, kind, id)
    table = SsoSeen._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        SsoSeen.objects.filter(expires_at__lt=timezone.now()).delete()
        cursor.execute(
            f"insert into {table} (digest, expires_at) values (%s, %s) on conflict do nothing",  # noqa: S608  # ours
            [digest, until + 2 * SKEW],
        )
        if not cursor.rowcount:
            raise SsoRefused("replayed")


def digest_of(at: SsoConnection, kind: str, id: str) -> str:
    """A name of a provider's for something, of one length, bound to the connection."""
    return hashlib.sha256(f"{at.pk}:{kind}:{id}".encode()).hexdigest()


def words_of(value: Any) -> frozenset[str]:
    """Groups as providers write them: a list of texts, or one text."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, list | tuple):
        return frozenset(each for each in value if isinstance(each, str))
    return frozenset()


def address_of(value: Any) -> str:
    """An address as members are known by, in small letters; empty for what is none.

    It is taken as it was sent: made into a line, or small, a sign that nobody sees or that of Kelvin would go, and
    somebody else's address be left.
    """
    email = value.strip() if isinstance(value, str) else ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email.lower() if email.isascii() and len(email) <= LONGEST_EMAIL else ""


def line_of(value: Any, longest: int) -> str:
    """A text of others as one printable line."""
    text = unicodedata.normalize("NFC", value) if isinstance(value, str) else ""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:longest]
