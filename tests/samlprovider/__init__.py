"""A provider of SAML 2.0 in a process of its own: pysaml2, with people who sign in by naming themselves."""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from orchestrall import embedded

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SamlProvider:
    base: str
    folder: Path

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/metadata"

    @property
    def metadata(self) -> str:
        return requests.get(self.metadata_url, timeout=20).text

    @property
    def key_file(self) -> Path:
        """The provider's private key: for answers that it would not give."""
        return self.folder / "key.pem"

    def sign_in(self, address: str, *, person: str) -> bytes:
        """The response, as XML, that a browser is to post which goes to `address` as this person."""
        answer = requests.get(address, headers={"X-Person": person}, timeout=20)
        assert answer.status_code == 200, answer.text
        found = re.search(r'name="SAMLResponse" value="([^"]*)"', answer.text)
        assert found, answer.text
        return base64.b64decode(html.unescape(found[1]))

    def sign_out(self, address: str) -> str:
        """Where a browser is sent that brings a request to sign out."""
        return self._sent(address)

    def end(self, *, person: str, index: str, program: str) -> str:
        """Where a browser is sent whose session ends at the provider: to the program, by its entity id."""
        return self._sent(f"{self.base}/end?{urlencode({'person': person, 'index': index, 'program': program})}")

    def _sent(self, address: str) -> str:
        answer = requests.get(address, allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


def certificate_made(folder: Path, *, name: str = "", days: int = 365) -> None:
    """A key and its certificate, as files key.pem and certificate.pem."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or "Identity provider of the tests")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=800)).not_valid_after(now + timedelta(days=days))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "key.pem").write_bytes(private)
    public = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "certificate.pem").write_bytes(public)


@contextmanager
def saml_provider(folder: Path, *, people: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[SamlProvider]:
    """Start a provider that knows these people, by their names, and stop it at the end.

    It takes up whatever program's metadata lie in `folder` as ``*.sp.xml``.
    """
    certificate_made(folder)
    (folder / "people.json").write_text(json.dumps(people))
    port = embedded.free_port()
    with (folder / "errors.log").open("wb") as errors:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.samlprovider", str(port), str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=embedded.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509
        )
    try:
        assert program.stdout is not None
        if b"ready" not in program.stdout.readline():
            raise RuntimeError((folder / "errors.log").read_text()[-2000:])
        yield SamlProvider(f"http://127.0.0.1:{port}", folder)
    finally:
        program.terminate()
        program.communicate(timeout=20)
