"""A stand-in for a provider of OpenID Connect, with real keys: for the tokens that a real one will not make."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "orchestrall", "a secret of the tests"
KID = "key-1"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key by name: the provider signs with ``its own``."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(claims: dict[str, Any], *, by: str = "its own", kid: str | None = KID, typ: str | None = "JWT") -> str:
    head = {"typ": typ, **({"kid": kid} if kid else {})}
    return jwt.encode(claims, key(by), algorithm="RS256", headers=head)


@dataclass
class Scripted:
    """What the provider says next. `claims` and `userinfo` change what an honest one would say; `token` makes the token
    of the claims; `query` changes what the browser brings back."""

    issuer: str = ""
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str | None] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str | None] = signed
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for, by the code that was given out."""

    def script(self, **says: Any) -> None:
        """Say this from now on, and the honest thing in everything else."""
        fresh = Scripted(self.issuer, **says)
        for name in ("discovery", "claims", "userinfo", "query", "token"):
            setattr(self, name, getattr(fresh, name))

    def sign_in(self, address: str, *, person: str = "ana") -> dict[str, str]:
        """What a browser brings back that goes to `address` as this person."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(12)
        self.asked[code] = asked | {"person": person}
        brought = {"code": code, "state": asked["state"], "iss": self.issuer, **self.query}
        return {name: value for name, value in brought.items() if value is not None}

    def honest(self, asked: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": asked["person"],
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked["nonce"],
        }

    def tokens(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.asked.get(form.get("code", ""))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if asked is None or base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return None
        claims = {name: value for name, value in {**self.honest(asked), **self.claims}.items() if value is not None}
        made = self.token(claims)
        return {"access_token": asked["person"], "token_type": "Bearer", **({"id_token": made} if made else {})}

    def person(self, name: str) -> dict[str, Any]:
        honest = {"sub": name, "email": f"{name}@acme.example", "email_verified": True, "groups": ["engineers"]}
        known = {**honest, "name": name.title(), **self.userinfo}
        return {key: value for key, value in known.items() if value is not None}


class _Handler(BaseHTTPRequestHandler):
    provider: Scripted

    def do_GET(self) -> None:
        says, path = self.provider, urlsplit(self.path).path
        if path.endswith("/openid-configuration"):
            at = {name: f"{says.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            also = {"userinfo_endpoint": f"{says.issuer}/userinfo", "end_session_endpoint": f"{says.issuer}/end"}
            kinds = {
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
            }
            self._answer(200, {"issuer": says.issuer, **at, **also, **kinds, **says.discovery})
        elif path.endswith("/jwks_uri"):
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key("its own").public_key()))
            self._answer(200, {"keys": [{**public, "kid": KID, "use": "sig", "alg": "RS256"}]})
        else:
            self._answer(200, says.person(self.headers["Authorization"].removeprefix("Bearer ")))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        made = self.provider.tokens({name: values[0] for name, values in parse_qs(body).items()})
        self._answer(200, made) if made else self._answer(400, {"error": "invalid_grant"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests look at what comes back."""


@contextmanager
def scripted_provider() -> Iterator[Scripted]:
    provider = Scripted()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
