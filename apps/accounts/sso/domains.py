"""Showing that a domain is the tenant's: by a TXT record, or by a file at its web server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from apps.accounts.models import SsoDomain
from apps.common import outbound
from apps.common.errors import InvalidInput, Issue, Problem

RECORD: Final = "_orchestrall"
PREFIX: Final = "orchestrall-domain-verification="
PATH: Final = "/.well-known/orchestrall-domain-verification"
SECONDS: Final = 5.0
_NAME: Final = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
# Where anybody can have an address: whoever shows one of these to be theirs would speak for strangers.
_EVERYBODYS: Final = frozenset(
    (
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "aol.com"),
        *("icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "mail.ru"),
        *("yandex.ru", "qq.com", "163.com", "126.com", "zoho.com", "fastmail.com", "tutanota.com", "hey.com"),
    )
)

Look = Callable[[str], list[str]]
"""The texts of the TXT records at a name; none where there are none, or no answer."""


def named(text: str) -> str:
    """A domain as DNS writes it. Raises `InvalidInput`."""
    name = text.strip().rstrip(".").lower()
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise _wrong("Enter a domain of mail addresses, for example example.com.")
    if name in _EVERYBODYS:
        raise _wrong("Anybody can have an address there: it cannot be shown to be yours.")
    return name


def record_of(domain: SsoDomain) -> tuple[str, str]:
    """Name and text of the TXT record that shows a domain to be the tenant's."""
    return f"{RECORD}.{domain.name}", f"{PREFIX}{domain.token}"


def file_of(domain: SsoDomain) -> str:
    return f"https://{domain.name}{PATH}"


def shown_by(domain: SsoDomain, *, look: Look | None = None) -> str:
    """How a domain is shown to be the tenant's; empty where it is not."""
    name, text = record_of(domain)
    if text in (look or texts_at)(name):
        return SsoDomain.Method.DNS
    try:
        answer = outbound.request("GET", file_of(domain))
    except Problem:
        return ""
    lines = [line.strip() for line in answer.text.splitlines()[:100]] if answer.status == 200 else []
    return SsoDomain.Method.FILE if text in lines else ""


def texts_at(name: str) -> list[str]:
    """What the domain name system has at a name."""
    import dns.exception
    import dns.resolver

    try:
        found = dns.resolver.resolve(name, "TXT", lifetime=SECONDS)
    except (dns.exception.DNSException, OSError):
        return []
    return [b"".join(each.strings).decode("ascii", "replace") for each in found]


def _wrong(message: str) -> InvalidInput:
    return InvalidInput("Nothing was stored.", issues=[Issue(path="name", message=message)])
