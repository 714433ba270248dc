"""OpenID Connect: code flow with state, nonce and PKCE, and each check of an ID token that Core 3.1.3.7 asks for.

The library builds the request and keeps its state. It takes an ID token that came from the token endpoint without its
signature, and knows no nonce: so tokens are verified here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import jwt
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import SsoConnection
from apps.accounts.sso.asserted import SKEW, Asserted, address_of, line_of, seen_once, words_of
from apps.accounts.sso.fetching import document, fetched, posted
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.sso.schemas import OidcAccess, Rules
from apps.tenants.context import current_schema, current_tenant, tenant_url

ALGORITHMS: Final = {
    **{f"{family}{bits}": "RSA" for family in ("RS", "PS") for bits in (256, 384, 512)},
    **{f"ES{bits}": "EC" for bits in (256, 384, 512)},
    "EdDSA": "OKP",
}
"""Signatures by public keys, and the type of key that each has. A shared secret (HS256), or none, is not taken."""
REMEMBERED: Final = 300.0
"""Seconds for which what a provider publishes is remembered by a process."""
AGAIN_AFTER: Final = 10.0
"""Seconds until keys are fetched again for a token whose key is not among them."""
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN: Final = 120
"""Seconds for which a logout token is taken that does not say for how long it is one."""
_LOGOUT_TYPES: Final = frozenset({"", "jwt", "logout+jwt"})
"""As the header may say it: providers need not say it (2.4)."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")

_remembered: dict[tuple[str, str, str], tuple[float, dict[str, Any]]] = {}


def forget() -> None:
    """Drop what this process remembers of providers."""
    _remembered.clear()


class Provider:
    """A provider as a connection describes it, and as it describes itself."""

    def __init__(self, connection: SsoConnection) -> None:
        self.connection = connection
        self.access = OidcAccess.model_validate(connection.access)

    def discovered(self) -> dict[str, Any]:
        """Its discovery document. Raises `SsoRefused` where it names another issuer, or lacks an address."""
        at = f"{self.access.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = self._remembered("discovery", at)[1]
        if found.get("issuer") != self.access.issuer:
            other = line_of(found.get("issuer"), 200) or "none"
            raise SsoRefused("issuer", f"Its discovery document names {other}, and configured is {self.access.issuer}.")
        if missing := [name for name in _ENDPOINTS if not isinstance(found.get(name), str)]:
            raise SsoRefused("discovery", f"It names no {missing[0]}.")
        return found

    def keys(self, *, fresh: bool = False) -> list[dict[str, Any]]:
        """Its keys for signatures, as JWKs."""
        at = self.discovered()["jwks_uri"]
        until, found = self._remembered("keys", at)
        if fresh and until - time.monotonic() < REMEMBERED - AGAIN_AFTER:
            self._drop("keys")
            _, found = self._remembered("keys", at)
        keys = found.get("keys")
        if not isinstance(keys, list):
            raise SsoRefused("discovery", "Its jwks_uri holds no keys.")
        return [key for key in keys if isinstance(key, dict) and key.get("use") != "enc"]

    def tokens(self, *, code: str, verifier: str, callback: str) -> dict[str, Any]:
        """What the code is exchanged for. Raises `SsoRefused` with what the provider says."""
        endpoint, fields, headers = self.discovered(), {}, {}
        secret = self.access.client_secret.get_secret_value() if self.access.client_secret else ""
        ways = endpoint.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if not secret:
            fields = {"client_id": self.access.client_id}
        elif "client_secret_basic" in ways:
            pair = f"{quote_plus(self.access.client_id)}:{quote_plus(secret)}"
            headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        else:
            fields = {"client_id": self.access.client_id, "client_secret": secret}
        fields |= {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
        answer = posted(endpoint["token_endpoint"], fields | {"code_verifier": verifier}, headers=headers)
        if answer.status in {400, 401}:
            raise SsoRefused("exchange", f"It says: {_said(answer.body)}.")
        return document(answer, "Its token endpoint")

    def claims(self, token: str, *, leave: tuple[str, ...] = ()) -> dict[str, Any]:
        """The claims of a token that the provider signed for us. `leave` are claims that it may lack."""
        try:
            head = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise SsoRefused("token") from error
        algorithm = head.get("alg")
        if algorithm not in ALGORITHMS:
            raise SsoRefused("algorithm", f"It says {line_of(algorithm, 20) or 'nothing'}.")
        required = [name for name in ("iss", "sub", "aud", "exp", "iat") if name not in leave]
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(head.get("kid"), algorithm),
                algorithms=[algorithm],
                audience=self.access.client_id,
                issuer=self.access.issuer,
                leeway=SKEW,
                options={"require": required, "verify_jti": False, "verify_sub": False},
            )
        except jwt.InvalidIssuerError as error:
            raise SsoRefused("issuer") from error
        except jwt.InvalidAudienceError as error:
            raise SsoRefused("audience") from error
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
            raise SsoRefused("expired") from error
        except jwt.InvalidSignatureError as error:
            raise SsoRefused("signature") from error
        except jwt.MissingRequiredClaimError as error:
            raise SsoRefused("token", f"It lacks {error.claim}.") from error
        except jwt.PyJWTError as error:
            raise SsoRefused("token") from error
        self._check_party(claims)
        return claims

    def _check_party(self, claims: Mapping[str, Any]) -> None:
        """Who a token was made for, where it names several (Core 3.1.3.7, 4 and 5)."""
        party = claims.get("azp")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (party is not None or several) and party != self.access.client_id:
            raise SsoRefused("audience", "It was made for another client (azp).")

    def _key(self, kid: Any, algorithm: str) -> Any:
        """The key that a token says it is signed with, of the type that its algorithm has. A public key is never taken
        for a shared secret, as the algorithm decides the type and not the key."""

        def fitting(keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
            suits = [key for key in keys if key.get("kty") == ALGORITHMS[algorithm]]
            suits = [key for key in suits if key.get("alg", algorithm) == algorithm]
            return suits if kid is None else [key for key in suits if key.get("kid") == kid]

        found = fitting(self.keys()) or fitting(self.keys(fresh=True))
        if len(found) != 1:
            raise SsoRefused("signature", "No key of its jwks_uri is the one that it names.")
        try:
            return jwt.PyJWK(found[0], algorithm).key
        except jwt.PyJWTError as error:
            raise SsoRefused("signature", "The key that it names cannot be read.") from error

    def _remembered(self, what: str, at: str) -> tuple[float, dict[str, Any]]:
        name = (current_schema(), f"{self.connection.pk}:{self.connection.seq}", what)
        held = _remembered.get(name)
        if held is None or held[0] < time.monotonic():
            if len(_remembered) > 1_000:
                forget()
            held = _remembered[name] = (time.monotonic() + REMEMBERED, document(fetched(at), f"{what.capitalize()}"))
        return held

    def _drop(self, what: str) -> None:
        _remembered.pop((current_schema(), f"{self.connection.pk}:{self.connection.seq}", what), None)


class Oidc(OpenIDConnectProvider):
    """The library's provider, whose requests carry a nonce and PKCE, and where asked for, the wish to prove it anew."""

    pkce_enabled_default = True

    def get_oauth2_adapter(self, request: HttpRequest) -> OpenIDConnectOAuth2Adapter:
        return _Adapter(request, self.app.provider_id, self.connection)

    @cached_property
    def connection(self) -> SsoConnection:
        return SsoConnection.objects.get(pk=self.app.provider_id)

    def begin(self, request: HttpRequest, *, process: str, next_url: str) -> HttpResponse:
        """To the provider. What has to come back is kept in the session for ten minutes."""
        nonce = secrets.token_urlsafe(32)
        params = {"nonce": nonce} | ({"prompt": "login", "max_age": "0"} if process == "again" else {})
        answer: HttpResponse = self.redirect(
            request,
            process,
            next_url=next_url or None,
            auth_params=params,
            scope=OidcAccess.model_validate(self.connection.access).scopes.split(),
            nonce=nonce,
            began=time.time(),
        )
        return answer


class _Adapter(OpenIDConnectOAuth2Adapter):
    def __init__(self, request: HttpRequest, provider_id: str, connection: SsoConnection) -> None:
        super().__init__(request, provider_id)
        self._openid_config = Provider(connection).discovered()

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return callback_url(app.provider_id)


def callback_url(id: Any) -> str:
    """Where a provider sends people back to: to be registered there."""
    return tenant_url(current_tenant(), reverse("sso:callback", args=[id]))


def asserted(
    connection: SsoConnection, query: Mapping[str, str], state: Mapping[str, Any]
) -> tuple[Asserted, float | None]:
    """Who an answer to a sign-in speaks of, and when they proved it. Raises `SsoRefused`.

    `state` is what was kept when the sign-in began, and is not used twice.
    """
    provider = Provider(connection)
    _check_sender(provider, query)
    if "error" in query:
        raise SsoRefused("declined", f"It says: {line_of(query['error'], 60)}. {_told(query)}".strip())
    tokens = provider.tokens(
        code=query.get("code", ""),
        verifier=state.get("pkce_code_verifier") or "",
        callback=callback_url(connection.pk),
    )
    token, access_token = tokens.get("id_token"), tokens.get("access_token")
    if not isinstance(token, str):
        raise SsoRefused("token", "It sent no ID token: is openid among the scopes there?")
    claims = provider.claims(token)
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), str(state.get("nonce", "-")).encode()):
        raise SsoRefused("nonce")
    _check_hash(claims, jwt.get_unverified_header(token)["alg"], access_token)
    seen_once(connection, "id_token", token, until=datetime.fromtimestamp(claims["exp"], UTC))
    proved = claims.get("auth_time")
    known = {**_userinfo(provider, claims, access_token), **claims}
    return _person(provider, known, token), float(proved) if isinstance(proved, int | float) else None


def _check_sender(provider: Provider, query: Mapping[str, str]) -> None:
    """That the answer is of the provider that was asked, where it says so (RFC 9207)."""
    says = provider.discovered().get("authorization_response_iss_parameter_supported") is True
    if ("iss" in query or says) and query.get("iss") != provider.access.issuer:
        raise SsoRefused("issuer", "The answer was sent by another provider than the one that was asked.")


def _check_hash(claims: Mapping[str, Any], algorithm: str, access_token: Any) -> None:
    """That the access token is the one that the ID token was made with (Core 3.1.3.8)."""
    said = claims.get("at_hash")
    if said is None:
        return
    name = "sha512" if algorithm == "EdDSA" else f"sha{algorithm[2:]}"
    whole = hashlib.new(name, str(access_token).encode()).digest()
    half = base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=")
    if not hmac.compare_digest(half, str(said).encode()):
        raise SsoRefused("token", "The access token is another than the ID token speaks of (at_hash).")


def _userinfo(provider: Provider, claims: Mapping[str, Any], access_token: Any) -> dict[str, Any]:
    """What the provider says of the same person besides."""
    at = provider.discovered().get("userinfo_endpoint")
    if not isinstance(at, str) or not isinstance(access_token, str):
        return {}
    answer = fetched(at, headers={"Authorization": f"Bearer {access_token}"})
    found = document(answer, "Its userinfo endpoint")
    if found.get("sub") != claims["sub"]:
        raise SsoRefused("subject", "Its userinfo endpoint speaks of somebody else than its token.")
    return found


def _person(provider: Provider, known: Mapping[str, Any], token: str) -> Asserted:
    rules = Rules.model_validate(provider.connection.rules)
    # What it says is verified is `email` (Core 5.1): an address of another claim is one that somebody may have typed.
    verified = None if rules.email not in {"", "email"} else known.get("email_verified")
    return Asserted(
        subject=known["sub"] if isinstance(known["sub"], str) else "",
        email=address_of(known.get(rules.email or "email")),
        email_verified=verified in (True, "true") or (verified is None and provider.access.vouches),
        name=line_of(known.get(rules.name or "name") or known.get("preferred_username"), 150),
        groups=words_of(known.get(rules.groups)) if rules.groups else frozenset(),
        sid=line_of(known.get("sid"), 300),
        hint={"id_token": token},
    )


def logout_url(connection: SsoConnection, hint: Mapping[str, Any], *, back: str) -> str:
    """Where the provider ends its own session (RP-initiated logout); empty where it has no such place."""
    provider = Provider(connection)
    at = provider.discovered().get("end_session_endpoint")
    if not isinstance(at, str) or not at.startswith(("https://", "http://")):
        return ""
    query = {"id_token_hint": hint.get("id_token", ""), "client_id": provider.access.client_id}
    return f"{at}{'&' if '?' in at else '?'}{urlencode(query | {'post_logout_redirect_uri': back})}"


def logged_out(connection: SsoConnection, token: str) -> tuple[str, str]:
    """Whose sessions, or which of theirs, a logout token ends: subject and session, one of which may be empty.

    Raises `SsoRefused` (Back-Channel Logout 1.0, 2.6).
    """
    claims = Provider(connection).claims(token, leave=("sub", "exp"))
    kind = str(jwt.get_unverified_header(token).get("typ") or "").lower().removeprefix("application/")
    if kind not in _LOGOUT_TYPES:
        raise SsoRefused("token", "It is of another type than a logout token.")
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
        raise SsoRefused("token", "It is no logout token.")
    subject, sid = claims.get("sub"), claims.get("sid")
    if not (isinstance(subject, str) or isinstance(sid, str)) or not isinstance(claims.get("jti"), str):
        raise SsoRefused("token", "It names no session.")
    until = datetime.fromtimestamp(claims.get("exp") or claims["iat"] + LOGOUT_TOKEN, UTC)
    if until < timezone.now() - SKEW:
        raise SsoRefused("expired")
    seen_once(connection, "logout", claims["jti"], until=until)
    return (subject if isinstance(subject, str) else ""), (sid if isinstance(sid, str) else "")


def _said(body: bytes) -> str:
    """The error of an answer, as RFC 6749 has it: never anything else of it, as it may repeat what was sent."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    return line_of(found.get("error"), 60) if isinstance(found, dict) and found.get("error") else "nothing"


def _told(query: Mapping[str, str]) -> str:
    return line_of(query.get("error_description"), 200)
