"""Origins of web pages, as browsers write them (RFC 6454): scheme, host, and a port that is not the scheme's own."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from apps.common.errors import InvalidInput, Issue

MOST: Final = 50
"""Origins that a tenant may list."""
_PORTS: Final = {"https": 443, "http": 80}
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")


def origins_of(texts: Iterable[str]) -> list[str]:
    """The origins that `texts` name, each once, as browsers write them. Raises `InvalidInput` with all flaws."""
    found: dict[str, None] = {}
    issues: list[Issue] = []
    for place, text in enumerate(texts):
        try:
            found[origin_of(text)] = None
        except ValueError as error:
            issues.append(Issue(path=f"cors_origins.{place}", message=f"{text.strip()[:100]!r}: {error}"))
    if len(found) > MOST:
        issues.append(Issue(path="cors_origins", message=f"{MOST} origins may be listed; these are {len(found)}."))
    if issues:
        raise InvalidInput(" ".join(issue.message for issue in issues) + " Nothing was changed.", issues=issues)
    return list(found)


def origin_of(text: str) -> str:
    """The origin that `text` names, as browsers write it. Raises `ValueError` that says what to write instead."""
    text = text.strip()
    if "*" in text:
        raise ValueError("write each origin in full. A wildcard lets in pages that nobody has thought of.")
    if text.lower() == "null":
        raise ValueError("leave it out. Any file and any sandboxed frame, whoever made it, calls itself null.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("this is no address. Write it like https://app.example.com or https://[::1]:8443.") from None
    if parts.scheme not in _PORTS or not text.lower().startswith(f"{parts.scheme}://"):
        raise ValueError("begin with https://, for example https://app.example.com.")
    host = _host_of(parts)
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"write https://{host}. What comes over http may have been changed on its way.")
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, _PORTS[parts.scheme]} else "")
    if parts.path or parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError(f"write {origin}. An origin ends after the host and port.")
    return origin


def _host_of(parts: SplitResult) -> str:
    """The host in lower case; an IPv6 address in its brackets and its shortest form."""
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise ValueError("leave out the name and the password before the host.")
    if not host.isascii():
        raise ValueError("write the host as browsers send it, in the ASCII form that begins with xn--.")
    if "[" in parts.netloc and "%" not in host:
        return f"[{ipaddress.IPv6Address(host)}]"
    if not _NAME.match(host) or parts.netloc.endswith(":") or parts.port == 0:
        raise ValueError("this names no host. Write it like https://app.example.com or https://app.example.com:8443.")
    return host


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "127.0.0.1", "[::1]"} or host.endswith(".localhost")
