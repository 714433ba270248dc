"""Certificates are verified by the name that was asked for, on this machine too."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from orchestrall_client import Client, Unreachable

from tests.client.conftest import KEY, RUN_ID, Clock, run


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a host of this name, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / f"{name}.pem"
    path.write_bytes(text + made.public_bytes(pem))
    return path


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(run(note=self.headers["Host"])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that trusts nobody hangs up."""


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    return certificate(tmp_path, "acme.localhost")


@pytest.fixture
def port(trusted: Path) -> Iterator[int]:
    """Where a server listens that shows the certificate of acme.localhost."""
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(trusted)
    with Quiet(("127.0.0.1", 0), Answering) as server:
        server.socket = shown.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(url: str, clock: Clock, **verify: Any) -> str:
    with Client(url, key=KEY, retries=clock.retries(), **verify) as client:
        return client.runs.get(RUN_ID).note


def test_a_host_is_trusted_by_its_name(port: int, trusted: Path, clock: Clock) -> None:
    trust = ssl.create_default_context(cafile=str(trusted))
    assert ask(f"https://acme.localhost:{port}", clock, verify=trust) == f"acme.localhost:{port}"


def test_certificates_of_an_authority_of_ones_own_are_named_in_the_environment(
    port: int, trusted: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    assert ask(f"https://acme.localhost:{port}", clock) == f"acme.localhost:{port}"


def test_a_certificate_of_another_name_is_refused_at_once(port: int, trusted: Path, clock: Clock) -> None:
    trust = ssl.create_default_context(cafile=str(trusted))
    with pytest.raises(Unreachable, match=r"not valid for|mismatch"):
        ask(f"https://globex.localhost:{port}", clock, verify=trust)
    assert clock.slept == []


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(port: int, clock: Clock) -> None:
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        ask(f"https://acme.localhost:{port}", clock)
    assert clock.slept == []
