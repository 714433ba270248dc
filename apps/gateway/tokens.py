"""Short-lived tokens: JWTs signed with a key of the tenant's own, good in that tenant only.

What a token is verified with is never read from the token: its head must be the three fields that we write, and the
key is one of the tenant's own, named by `kid`. So there is no algorithm, address or key of an attacker's to follow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from jwt.algorithms import OKPAlgorithm

from apps.common.ids import uuid7
from apps.tenants.context import current_tenant
from apps.tenants.keys import signing_key, verification_keys
from apps.tenants.models import Tenant

LIFETIME = timedelta(minutes=10)
TYPE = "at+jwt"  # RFC 9068
_HEAD = {"alg", "kid", "typ"}
_REQUIRED = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "pwd", "auth_time", "amr"]


@dataclass(frozen=True)
class SignIn:
    """The sign-in that tokens follow from."""

    at: float
    """When it was, in seconds since 1970."""
    factor: str = ""
    """The kind of the factor that was shown besides the password; empty for none."""


class TokenRefused(Exception):
    """The token is not one that this tenant accepts. The text says why, and may be told."""


def token_issue(*, user: Any, sign_in: SignIn | None = None) -> str:
    """A token that speaks for `user` in the current tenant for `LIFETIME`, or until their password changes.

    It says when they signed in, and with what (`auth_time` of OpenID Connect, `amr` of RFC 8176): now, by a password,
    where nothing else is said.
    """
    tenant, now = current_tenant(), timezone.now()
    key = signing_key(tenant)
    sign_in = sign_in or SignIn(now.timestamp())
    claims = {
        "iss": _issuer(tenant),
        "aud": _audience(tenant),
        "sub": str(user.pk),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "jti": str(uuid7()),
        "pwd": password_mark(user),
        "auth_time": round(sign_in.at, 3),
        "amr": ["pwd", *(["otp", "mfa"] if sign_in.factor else [])],
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": key_id(key.public_key()), "typ": TYPE})


def token_verify(token: str) -> tuple[Any, dict[str, Any]]:
    """The user and the claims of a token of the current tenant. Raises `TokenRefused`."""
    tenant = current_tenant()
    keys = {key_id(key): key for key in verification_keys(tenant)}
    try:
        head = jwt.get_unverified_header(token)
        if set(head) != _HEAD or head["typ"] != TYPE or head["kid"] not in keys:
            raise TokenRefused("This token was not made here.")
        claims: dict[str, Any] = jwt.decode(
            token,
            keys[head["kid"]],
            algorithms=["EdDSA"],
            issuer=_issuer(tenant),
            audience=_audience(tenant),
            options={"require": _REQUIRED, "strict_aud": True},
        )
        user = get_user_model().objects.with_policy().filter(pk=UUID(claims["sub"]), is_active=True).first()
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("This token has expired.") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenRefused("This token is not good yet: the clocks of our machines differ.") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused("This token was not made here.") from error
    if user is None or not constant_time_compare(str(claims["pwd"]), password_mark(user)):
        raise TokenRefused("This token is no longer valid: its member or their password changed.")
    if not user.is_in_by_token(signed_in_at=float(claims["auth_time"]), kinds=shown_in(claims)):
        raise TokenRefused("This token is no longer valid: its member was signed out, or a second factor is asked for.")
    return user, claims


def shown_in(claims: dict[str, Any]) -> list[str]:
    """The kinds of factors that were shown at the sign-in that a token comes of."""
    return ["totp"] if "otp" in claims["amr"] else []


def jwks() -> dict[str, Any]:
    """The current tenant's public keys as a JSON Web Key Set (RFC 7517, RFC 8037), for others to verify tokens with."""
    return {"keys": [_published(key) for key in verification_keys(current_tenant())]}


def key_id(key: Ed25519PublicKey) -> str:
    """The name of a signing key, in the head of its tokens and in the key set."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def password_mark(user: Any) -> str:
    """Changes with the user's password and with the schema, and tells nothing of either."""
    return str(user.get_session_auth_hash())[:16]


def _published(key: Ed25519PublicKey) -> dict[str, Any]:
    public: dict[str, Any] = OKPAlgorithm.to_jwk(key, as_dict=True)
    return {**public, "kid": key_id(key), "use": "sig", "alg": "EdDSA"}


def _issuer(tenant: Tenant) -> str:
    return f"urn:orchestrall:tenant:{tenant.pk}"


def _audience(tenant: Tenant) -> str:
    return f"urn:orchestrall:api:{tenant.schema_name}"
