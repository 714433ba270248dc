"""Where a client asks, and as whom."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
from orchestrall_client import Client
from orchestrall_client.loopback import LoopbackTransport, is_here

from tests.client.conftest import KEY, RUN_ID, URL, Server, answered, run

NAMES = ("ORCHESTRALL_URL", "ORCHESTRALL_KEY", "ORCHESTRALL_EMAIL", "ORCHESTRALL_PASSWORD")


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("ORCHESTRALL_URL", "https://acme.example/")
    monkeypatch.setenv("ORCHESTRALL_KEY", KEY)
    server.will(answered(run()))
    client = Client(transport=httpx.MockTransport(server))
    client.runs.get(RUN_ID)
    assert client.url == URL
    assert server.sent("Authorization") == [f"Bearer {KEY}"]
    assert str(server.requests[0].url) == f"{URL}/api/v1/runs/{RUN_ID}"


def test_who_is_given_is_not_mixed_with_who_is_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    monkeypatch.setenv("ORCHESTRALL_KEY", "ork_bbbbbbbb_other")
    server.will(answered({"access_token": "mine"}, 201), answered(run()))
    Client(URL, email="me@acme.example", password="secret", transport=httpx.MockTransport(server)).runs.get(RUN_ID)
    assert server.sent("Authorization") == [None, "Bearer mine"]


def test_without_a_host_or_somebody_who_asks_there_is_no_client() -> None:
    with pytest.raises(ValueError, match="Which host"):
        Client(key=KEY)
    with pytest.raises(ValueError, match="Who asks"):
        Client(URL)
    with pytest.raises(ValueError, match="Who asks"):
        Client(URL, email="me@acme.example")


@pytest.mark.parametrize(
    "url", ["acme.example", "ftp://acme.example", "https://", "https://acme.example/api", "https://me@acme.example"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(url, key=KEY)


@pytest.mark.parametrize("url", ["http://acme.example", "http://127.evil.example", "http://localhost.example"])
def test_a_key_does_not_go_over_a_network_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Client(url, key=KEY)
    Client(url, key=KEY, allow_http=True).close()


@pytest.mark.parametrize("host", ["localhost", "acme.localhost", "ACME.LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["localhost.example", "notlocalhost", "127.evil.example", "10.0.0.1", "acme.example"])
def test_no_other_machine_is_taken_for_it(host: str) -> None:
    assert not is_here(host)


def test_names_below_localhost_are_this_machine_and_stay_the_name_of_the_host(server: Server) -> None:
    server.will(answered({}))
    onward = httpx.MockTransport(server)
    with httpx.Client(transport=LoopbackTransport(verify=True, onward=onward)) as client:
        client.get("https://acme.localhost:8443/api/")
    request = server.requests[0]
    assert str(request.url) == "https://127.0.0.1:8443/api/"
    assert request.headers["Host"] == "acme.localhost:8443"
    assert request.extensions["sni_hostname"] == "acme.localhost"


def test_only_names_of_this_machine_go_that_way() -> None:
    client = Client("http://acme.localhost:8000", key=KEY)
    ways = client._connection._http
    for url, here in (
        ("http://acme.localhost:8000/", True),
        ("http://localhost/", True),
        ("https://a.example/", False),
    ):
        assert isinstance(ways._transport_for_url(httpx.URL(url)), LoopbackTransport) is here
    client.close()


def test_certificates_are_verified() -> None:
    client = Client("https://acme.localhost", key=KEY)
    ways: Any = client._connection._http
    here = ways._transport_for_url(httpx.URL("https://acme.localhost"))
    for transport in (ways._transport, here._onward):
        trusted = transport._pool._ssl_context
        assert (trusted.verify_mode, trusted.check_hostname) == (ssl.CERT_REQUIRED, True)
    client.close()
