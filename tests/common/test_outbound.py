"""The one way out: no hostile form of an address makes a connection, and what an answer may cost is limited."""

from __future__ import annotations

import gzip
import http.server
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from apps.common import outbound
from apps.common.outbound import OutboundFailed, OutboundRefused, may_call, request, resolve

HOSTILE = [
    # this machine
    "http://127.0.0.1/", "http://127.0.0.2/", "http://127.255.255.254/", "http://localhost/", "http://LOCALHOST/",
    "http://localhost./", "http://acme.localhost/", "http://0.0.0.0/", "http://0/", "http://[::1]/", "http://[::]/",
    "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://0177.0.0.1/", "http://0177.0x0.0.1/", "http://017700000001/", "http://[0:0:0:0:0:0:0:1]/",
    # hidden in IPv6
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:7f00:1::]/",
    "http://[2001::f5ff:fffe]/", "http://[::ffff:10.0.0.1]/",
    # private, shared, link-local and reserved networks
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://100.64.0.1/",
    "http://100.127.255.254/", "http://169.254.0.1/", "http://192.0.0.8/", "http://192.0.2.1/", "http://198.18.0.1/",
    "http://198.51.100.7/", "http://203.0.113.9/", "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/",
    "http://[fe80::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
    # services of clouds to their machines
    "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/", "http://192.0.0.192/",
    "http://168.63.129.16/", "http://0xa9fea9fe/", "http://2852039166/",
    # not the web, or not only an address
    "file:///etc/passwd", "ftp://example.org/", "gopher://127.0.0.1:6379/_INFO", "http://user:pw@example.org/",
    "http://127.0.0.1:80@example.org:x/", "http:///etc", "//127.0.0.1/", "http://example.org\r\nHost: x/", "",
    "unix:///var/run/docker.sock", "http://[::1/", "http://" + "a" * 3000 + ".example/",
]  # fmt: skip


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that were tried; none may be."""
    tried: list[Any] = []

    def refuse(self: socket.socket, address: Any) -> None:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", lambda address, *_, **__: refuse(None, address))  # type: ignore[arg-type]
    return tried


def test_there_are_enough_forms() -> None:
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_form_makes_no_connection(url: str, no_connection: list[Any]) -> None:
    with pytest.raises((OutboundRefused, OutboundFailed)):
        request("GET", url)
    assert no_connection == []


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_may_be_called(address: str) -> None:
    assert may_call(ipaddress.ip_address(address))


def test_a_name_with_one_inner_address_is_refused_whatever_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 1, 6, "", ("1.1.1.1", 80)), (socket.AF_INET, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(OutboundRefused):
        resolve("two.example", 80)


def test_a_name_is_looked_up_once_and_the_connection_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, tried = [], []

    def look_up(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("1.1.1.1" if len(asked) == 1 else "127.0.0.1", port))]

    def connect(address: Any, *_: Any, **__: Any) -> None:
        tried.append(address)
        raise OSError("no connection in this test")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OutboundFailed) as failed:
        request("GET", "http://rebinding.example/")
    assert asked == ["rebinding.example"]
    assert tried == [("1.1.1.1", 80)]
    assert not failed.value.sent


gone = threading.Event()
"""Set when the tests are over: nothing drips on."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()
        elif self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * (outbound.LARGEST + 10))
        elif self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x")
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while not gone.wait(0.02):
                    self.wfile.write(b"x")
        elif self.path == "/packed":
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(b"x" * 1_000_000))
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(self.headers.get("Host")).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    """A server on this machine, which the operator allows."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.1/32"]
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    gone.clear()
    yield f"http://127.0.0.1:{served.server_port}"
    gone.set()
    served.shutdown()
    served.server_close()


def test_an_allowed_network_is_reached_and_a_redirect_is_an_answer(server: str) -> None:
    assert request("GET", f"{server}/").text.startswith("127.0.0.1:")
    answer = request("GET", f"{server}/moved")
    assert answer.status == 302
    assert answer.headers["location"] == "http://169.254.169.254/"


def test_an_answer_is_cut_off_where_it_is_too_long(server: str) -> None:
    answer = request("GET", f"{server}/huge")
    assert answer.is_cut
    assert len(answer.body) == outbound.LARGEST


def test_an_answer_that_is_packed_all_the_same_is_not_unpacked(server: str) -> None:
    answer = request("GET", f"{server}/packed")
    assert len(answer.body) < 10_000
    assert gzip.decompress(answer.body) == b"x" * 1_000_000


def test_an_answer_that_breaks_off_may_have_been_taken_in(server: str) -> None:
    with pytest.raises(OutboundFailed) as failed:
        request("GET", f"{server}/broken")
    assert failed.value.sent


def test_a_client_of_ours_ends_in_its_time_however_slowly_it_drips(server: str) -> None:
    with outbound.client(seconds=0.2, largest=10_000) as client, pytest.raises(httpx.TimeoutException):
        client.get(f"{server}/drip")


def test_a_client_of_ours_reads_no_more_than_it_may(server: str) -> None:
    with (
        outbound.client(seconds=10, largest=10_000) as client,
        pytest.raises(httpx.RemoteProtocolError, match="longer than 10,000 bytes"),
    ):
        client.get(f"{server}/huge")


def test_a_client_of_ours_stops_when_it_is_told_to(server: str) -> None:
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with (
        outbound.client(seconds=60, largest=10_000, stopping=stop.is_set) as client,
        pytest.raises(outbound.OutboundStopped),
    ):
        client.get(f"{server}/drip")


def test_a_client_of_ours_unpacks_nothing(server: str) -> None:
    with outbound.client(seconds=10, largest=10_000) as client, pytest.raises(httpx.RemoteProtocolError, match="compr"):
        client.get(f"{server}/packed")


def test_a_client_of_ours_follows_nobody(server: str) -> None:
    with outbound.client(seconds=10, largest=10_000) as client:
        assert client.get(f"{server}/moved").status_code == 302


@pytest.mark.parametrize("url", HOSTILE)
def test_a_client_of_ours_makes_no_connection_to_a_hostile_form(url: str, no_connection: list[Any]) -> None:
    refused = (OutboundRefused, OutboundFailed, httpx.InvalidURL, httpx.TransportError)
    with outbound.client(seconds=1, largest=1_000) as client, pytest.raises(refused):
        client.get(url)
    assert no_connection == []
