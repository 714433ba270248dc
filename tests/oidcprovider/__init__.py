"""A provider of OpenID Connect in a process of its own: the npm package oidc-provider, certified by the OpenID
Foundation, with people who sign in by naming themselves."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from orchestrall import embedded

ROOT = Path(__file__).resolve().parents[2]
CLIENT, SECRET = "orchestrall", "a secret of the tests: + and % and / are in it"


class NotThere(RuntimeError):
    """Node or the package is missing: `npm ci` installs it."""


@dataclass(frozen=True)
class OidcProvider:
    issuer: str

    def sign_in(self, address: str, *, person: str) -> dict[str, str]:
        """What a browser brings back that goes to `address`, where the provider sends it, as this person."""
        with requests.Session() as browser:
            browser.headers["X-Person"] = person
            answer = browser.get(address, allow_redirects=False)
            while answer.is_redirect:
                to = urljoin(answer.url, answer.headers["Location"])
                if not to.startswith(self.issuer):
                    return {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
                answer = browser.get(to, allow_redirects=False)
        raise AssertionError(f"The provider kept its visitor: {answer.status_code} {answer.text[:300]}")

    def sign_out(self, address: str) -> str:
        """Where a browser is sent that goes to `address` to be signed out, and says yes."""
        with requests.Session() as browser:
            page = browser.get(address).text
            action, xsrf = re.search(r'action="([^"]+)"', page), re.search(r'name="xsrf" value="([^"]+)"', page)
            assert action, page
            assert xsrf, page
            said = {"xsrf": xsrf[1], "logout": "yes"}
            return browser.post(action[1], said, allow_redirects=False).headers["Location"]


@contextmanager
def oidc_provider(
    *, redirect_uris: Sequence[str], people: Mapping[str, Mapping[str, Any]], signed_out: Sequence[str] = ()
) -> Iterator[OidcProvider]:
    """Start a provider that knows one client and these people, by their names, and stop it at the end."""
    if not (ROOT / "node_modules" / "oidc-provider").is_dir():
        raise NotThere("node_modules/oidc-provider is missing: run `npm ci`.")
    port = embedded.free_port()
    client = {"id": CLIENT, "secret": SECRET, "redirect_uris": list(redirect_uris)}
    client["post_logout_redirect_uris"] = list(signed_out)
    told = json.dumps({"port": port, "client": client, "people": people})
    program = subprocess.Popen(
        ["node", str(Path(__file__).with_name("server.mjs")), told],  # noqa: S607
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=embedded.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509
    )
    try:
        assert program.stdout is not None
        if b"ready" not in program.stdout.readline():
            raise NotThere("The provider did not start.")
        yield OidcProvider(f"http://127.0.0.1:{port}")
    finally:
        program.terminate()
        program.communicate(timeout=20)
