"""Names below `localhost` are this machine, as in browsers and curl (RFC 6761, 6.3), whatever its resolver says."""

from __future__ import annotations

import ssl
from ipaddress import ip_address

import httpx

HERE = "127.0.0.1"
PATTERNS = ("all://localhost", "all://*.localhost")
"""What goes this way, in the form of `httpx.Client(mounts=...)`."""


def is_here(host: str) -> bool:
    """Whether a host's name or address can only be this machine."""
    name = host.lower().strip("[]").rstrip(".")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


class LoopbackTransport(httpx.BaseTransport):
    """Connects to this machine, and keeps the name for the `Host` header and for TLS."""

    def __init__(self, verify: bool | ssl.SSLContext, onward: httpx.BaseTransport | None = None) -> None:
        self._onward = onward or httpx.HTTPTransport(verify=verify)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host
        request.url = request.url.copy_with(host=HERE)
        request.extensions = {**request.extensions, "sni_hostname": name}
        return self._onward.handle_request(request)

    def close(self) -> None:
        self._onward.close()
