"""The one way out: requests to addresses that people of a tenant typed, which reach the public network and no other.

A name is resolved once, and the connection goes to the address that was looked at: a name that means something else a
moment later is of no use. What an address hides (IPv4 mapped into IPv6, NAT64, 6to4, Teredo) is looked at as well.
Redirects are not followed, proxies of the environment not used, and answers are cut off at a size and at a time.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from apps.common.errors import Problem

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SECONDS: Final = 15.0
"""That a request may take, from the look-up of its name to the last byte of its answer."""
LARGEST: Final = 1024 * 1024
"""Bytes of an answer that are read."""
_PLAIN: Final = {"Accept-Encoding": "identity"}
_SLICE: Final = 0.1
"""Seconds of waiting after which it is asked whether to stop."""

_NAT64: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
# Special purposes by IANA's registries (RFC 6890 and later), which `is_global` of older Pythons does not know in full.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/127", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"),
        *("fec0::/10", "ff00::/8"),
    )
)
# Services of clouds to their machines, at addresses that look public. (Azure's; the others' are not global anyway.)
_METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})


class OutboundRefused(Problem):
    code, status, title = "outbound_refused", 422, "This address may not be called from here"
    cause = "The address is not on the public network, or is not one of http or https."
    effect = "No connection was made, and nothing was sent."
    remedy = "Give a public address, or ask the operator to allow the internal network that it is in."


class OutboundFailed(Problem):
    code, status, title = "outbound_failed", 502, "The other system did not answer as it should"
    cause = "The connection could not be made, broke off, or took too long."
    effect = "What was sent may or may not have been taken in by the other system."
    remedy = "Look there whether it was; try again when it is up."

    def __init__(self, detail: str = "", *, sent: bool = True) -> None:
        super().__init__(detail)
        self.sent = sent
        """Whether any of the request may have reached the other side."""


class OutboundStopped(Exception):
    """Raised out of a client of ours when it was told to stop; the connection is closed."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool
    """Whether the answer was longer than `LARGEST`."""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def request(method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None) -> Answer:
    """Send one request, and read its answer, whatever its status. Raises `OutboundRefused`, `OutboundFailed`."""
    require_web_address(url)
    until = time.monotonic() + SECONDS
    try:
        with (
            _client(_Bounds(until)) as client,
            client.stream(method, url, headers={**(headers or {}), **_PLAIN}, content=content) as answer,
        ):
            body, is_cut = _read(answer, until)
            return Answer(
                answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body, is_cut
            )
    except (httpx.InvalidURL, UnicodeError) as error:
        raise OutboundRefused(f"The address cannot be read: {error}.") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
        raise OutboundFailed(f"There is no connection to {_host(url)}: {error}.", sent=False) from error
    except httpx.HTTPError as error:
        raise OutboundFailed(f"{_host(url)} did not answer to its end: {type(error).__name__}.") from error


def client(
    *,
    seconds: float,
    largest: int,
    stopping: Callable[[], bool] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Client:
    """A client for libraries that send requests of their own; close it behind you.

    All that it does has to be over `seconds` from now, and it reads `largest` bytes at most in all, however slowly they
    come: then it raises `httpx.TimeoutException` or `httpx.RemoteProtocolError`. Once `stopping` says so, whatever it
    waits for ends by `OutboundStopped`. Answers come as they are, not compressed: a small one cannot become a large
    one. What may not be called is `OutboundRefused`, as everywhere.
    """
    made = _client(_Bounds(time.monotonic() + seconds, largest, stopping))
    made.headers.update({**(headers or {}), **_PLAIN})
    made.event_hooks = {"request": [_require_plain_request], "response": [_require_plain_answer]}
    return made


def _require_plain_request(request: httpx.Request) -> None:
    require_web_address(str(request.url))
    request.headers.update(_PLAIN)


def _require_plain_answer(answer: httpx.Response) -> None:
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise httpx.RemoteProtocolError("The answer is compressed, which was not asked for.")


def require_web_address(url: str) -> None:
    """Raise `OutboundRefused` for what is no address of a web server, before any name is looked up."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise OutboundRefused("The address cannot be read.") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > 2000 or not url.isprintable():
        raise OutboundRefused("The address is not one of http or https.")
    if parts.username is not None or parts.password is not None:
        raise OutboundRefused("The address holds a name or a password: send those as a header.")


def resolve(host: str, port: int) -> str:
    """The address to connect to. Raises `OutboundRefused` when any address of the name may not be called."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundFailed(f"There is no address of {host}.", sent=False) from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses or not all(map(may_call, addresses)):
        raise OutboundRefused(f"{host} is not on the public network.")
    return str(addresses[0])


def may_call(address: Address) -> bool:
    """Whether an address is public, or in a network that the operator allows; and what it hides as well."""
    if any(address in network for network in _allowed() if network.version == address.version):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        hidden = list(_hidden(address))
        if hidden:
            return all(map(may_call, hidden))
    special = any(address in network for network in _SPECIAL if network.version == address.version)
    return address.is_global and not special and address not in _METADATA


def _hidden(address: ipaddress.IPv6Address) -> Iterable[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _NAT64) or int(address) >> 32 == 0:  # the last: IPv4-compatible
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _allowed() -> tuple[Network, ...]:
    return _networks(tuple(settings.OUTBOUND_NETWORKS))


@cache
def _networks(told: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(each) for each in told)


@dataclass
class _Bounds:
    """What a client may take up, all its connections together."""

    until: float
    """Of `time.monotonic`."""
    largest: int | None = None
    stopping: Callable[[], bool] | None = None
    read: int = 0

    def left(self, timeout: float | None) -> float:
        """Seconds that the next step may take. Raises `OutboundStopped`, `httpcore.ReadTimeout`."""
        if self.stopping is not None and self.stopping():
            raise OutboundStopped
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The answer took too long.")
        return left if timeout is None else min(left, timeout)

    def count(self, number: int) -> None:
        self.read += number
        if self.largest is not None and self.read > self.largest:
            raise httpcore.RemoteProtocolError(f"The answer is longer than {self.largest:,} bytes.")


class _Bounded(httpcore.NetworkStream):
    """A connection that ends when its bounds are reached, however it is kept going."""

    def __init__(self, stream: httpcore.NetworkStream, bounds: _Bounds) -> None:
        self._stream, self._bounds = stream, bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        begun = time.monotonic()
        while True:
            left = self._bounds.left(None if timeout is None else timeout - (time.monotonic() - begun))
            if left <= 0:
                raise httpcore.ReadTimeout("Nothing came for too long.")
            try:
                data = self._stream.read(max_bytes, left if self._bounds.stopping is None else min(left, _SLICE))
            except httpcore.ReadTimeout:
                continue  # the next look says whether it is over
            self._bounds.count(len(data))
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._bounds.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._bounds.left(timeout))
        return _Bounded(secured, self._bounds)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Guarded(httpcore.SyncBackend):
    """Connects to the address that was looked at; TLS goes on asking for the name."""

    def __init__(self, bounds: _Bounds) -> None:
        self._bounds = bounds

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        address = resolve(host, port)
        stream = super().connect_tcp(address, port, self._bounds.left(timeout), *args, **options)
        return _Bounded(stream, self._bounds)

    def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        raise OutboundRefused("Sockets of this machine may not be called.")


class _Transport(httpx.HTTPTransport):
    def __init__(self, bounds: _Bounds) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=_Guarded(bounds), max_keepalive_connections=0
        )


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _client(bounds: _Bounds) -> httpx.Client:
    seconds = max(0.001, bounds.until - time.monotonic())
    return httpx.Client(transport=_Transport(bounds), timeout=seconds, follow_redirects=False, trust_env=False)


def _read(answer: httpx.Response, until: float) -> tuple[bytes, bool]:
    body = b""
    for block in answer.iter_raw():  # as it is, not unpacked: a small answer cannot become a large one
        body += block
        if len(body) > LARGEST:
            return body[:LARGEST], True
        if time.monotonic() > until:
            raise httpx.ReadTimeout("The answer took too long.")
    return body, False


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the other system"
