"""Testing a connection: what can be looked at without anybody signing in, each with what to do where it is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal

from django.utils import timezone

from apps.accounts.models import SsoConnection
from apps.accounts.sso import oidc
from apps.accounts.sso.metadata import filled
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.sso.schemas import SamlAccess, certificate_of
from apps.common.errors import Problem

State = Literal["ok", "warning", "failed"]
EXPIRES_SOON: Final = timedelta(days=30)


def found(connection: SsoConnection) -> list[dict[str, str]]:
    """What was looked at, in order: title, state, and what is to be said of it."""
    return _oidc(connection) if connection.kind == SsoConnection.Kind.OIDC else _saml(connection)


def worst(findings: list[dict[str, str]]) -> State:
    """The state of the whole."""
    states = {each["state"] for each in findings}
    return "failed" if "failed" in states else "warning" if "warning" in states else "ok"


def _finding(title: str, state: State, detail: str) -> dict[str, str]:
    return {"title": title, "state": state, "detail": detail}


def _oidc(connection: SsoConnection) -> list[dict[str, str]]:
    provider, all_found = oidc.Provider(connection), []
    oidc.forget()
    try:
        about = provider.discovered()
    except SsoRefused as refused:
        return [_finding("Discovery document", "failed", refused.detail)]
    all_found.append(_finding("Discovery document", "ok", f"It names the issuer {about['issuer']}, as configured."))
    try:
        keys = provider.keys()
    except SsoRefused as refused:
        return [*all_found, _finding("Signing keys", "failed", refused.detail)]
    usable = [key for key in keys if key.get("kty") in set(oidc.ALGORITHMS.values())]
    told = f"{len(usable)} of {len(keys)} keys can be used."
    all_found.append(_finding("Signing keys", "ok" if usable else "failed", told))
    all_found.append(_algorithms(about))
    all_found.append(_pkce(about))
    plain = [
        name
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if not str(about[name]).startswith("https:")
    ]
    if plain:
        all_found.append(_finding("Encryption", "warning", f"Not encrypted on the way: {', '.join(plain)}."))
    ends = isinstance(about.get("end_session_endpoint"), str)
    words = "Whoever signs out here is signed out there." if ends else "It has none: its session stays when ours ends."
    return [*all_found, _finding("Single log-out", "ok" if ends else "warning", words)]


def _algorithms(about: dict[str, Any]) -> dict[str, str]:
    says = about.get("id_token_signing_alg_values_supported") or []
    taken = [each for each in says if each in oidc.ALGORITHMS]
    if not taken:
        return _finding("Signature of tokens", "failed", "It offers none by a public key (RS256, ES256, and so on).")
    return _finding("Signature of tokens", "ok", f"{', '.join(taken)}.")


def _pkce(about: dict[str, Any]) -> dict[str, str]:
    if "S256" in (about.get("code_challenge_methods_supported") or []):
        return _finding("PKCE", "ok", "It checks that the code is used by whoever asked for it.")
    return _finding("PKCE", "warning", "It does not say that it knows S256. It is sent all the same.")


def _saml(connection: SsoConnection) -> list[dict[str, str]]:
    access, all_found = SamlAccess.model_validate(connection.access), []
    if access.metadata_url:
        try:
            now = filled(access.model_copy(update={"metadata_xml": None}))
        except Problem as problem:
            told = " ".join([problem.detail, *(issue.message for issue in problem.issues)])
            all_found.append(_finding("Metadata", "failed", told))
        else:
            names = ("entity_id", "sso_url", "slo_url", "certificates")
            other = [name for name in names if getattr(now, name) != getattr(access, name)]
            told = (
                f"They have changed: {', '.join(other)}. Save the connection to take them over."
                if other
                else "As configured."
            )
            all_found.append(_finding("Metadata", "warning" if other else "ok", told))
    all_found.extend(_certificate(text, number) for number, text in enumerate(access.certificates, 1))
    secure = str(access.sso_url).startswith("https:")
    all_found.append(
        _finding("Sign-in", "ok" if secure else "warning", f"{access.sso_url}{'' if secure else ' is not encrypted.'}")
    )
    words = (
        "Whoever signs out here is signed out there."
        if access.slo_url
        else "It has none: its session stays when ours ends."
    )
    return [*all_found, _finding("Single log-out", "ok" if access.slo_url else "warning", words)]


def _certificate(text: str, number: int) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    title, certificate, now = f"Certificate {number}", certificate_of(text), timezone.now()
    ends = certificate.not_valid_after_utc
    day = f"{ends:%d %B %Y}"
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        return _finding(title, "failed", f"Its key has {key.key_size} bits: 2,048 are the least.")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return _finding(title, "failed", "Its key is of a kind that SAML does not sign with.")
    if ends <= now:
        return _finding(title, "failed", f"It expired on {day}. Take over the provider's next one.")
    if certificate.not_valid_before_utc > now:
        return _finding(title, "warning", "It is not valid yet.")
    if ends - now < EXPIRES_SOON:
        return _finding(title, "warning", f"It expires on {day}: take over the next one before.")
    return _finding(title, "ok", f"Valid until {day}.")
