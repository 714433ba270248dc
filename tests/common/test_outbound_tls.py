"""The one way out believes no server whose certificate nobody vouches for, or that was made for another name."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from apps.common import outbound
from tests.client.test_tls import certificate, port, trusted  # noqa: F401  # fixtures


@pytest.fixture(autouse=True)
def here(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names lead to this machine, which the operator allows."""
    settings.OUTBOUND_NETWORKS = ["127.0.0.1/32"]
    monkeypatch.setattr(outbound, "resolve", lambda *_: "127.0.0.1")


def trust(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(outbound, "_tls", lambda: ssl.create_default_context(cafile=str(path)))


def test_a_server_that_an_authority_vouches_for_is_spoken_to(
    port: int,  # noqa: F811
    trusted: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust(monkeypatch, trusted)
    assert outbound.request("GET", f"https://acme.localhost:{port}/").status == 200


def test_a_certificate_that_nobody_vouches_for_is_refused(port: int) -> None:  # noqa: F811
    with pytest.raises(outbound.OutboundFailed) as failed:
        outbound.request("GET", f"https://acme.localhost:{port}/")
    assert not failed.value.sent


def test_a_certificate_of_another_name_is_refused(
    port: int,  # noqa: F811
    trusted: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trust(monkeypatch, trusted)
    with pytest.raises(outbound.OutboundFailed) as failed:
        outbound.request("GET", f"https://globex.localhost:{port}/")
    assert not failed.value.sent


def test_old_versions_of_tls_are_not_spoken() -> None:
    assert outbound._tls().minimum_version >= ssl.TLSVersion.TLSv1_2
    assert outbound._tls().verify_mode is ssl.CERT_REQUIRED
    assert outbound._tls().check_hostname
