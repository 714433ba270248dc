"""Short-lived tokens: JWTs signed with a key of the tenant's own, good in that tenant only."""

from __future__ import annotations

import hashlib
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
from apps.tenants.keys import signing_key
from apps.tenants.models import Tenant

LIFETIME = timedelta(minutes=10)
TYPE = "at+jwt"  # RFC 9068
_REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "pwd"]


class TokenRefused(Exception):
    """The token is not one that this tenant accepts. The text says why, and may be told."""


def token_issue(*, user: Any) -> str:
    """A token that speaks for `user` in the current tenant for `LIFETIME`, or until their password changes."""
    tenant, now = current_tenant(), timezone.now()
    key = signing_key(tenant)
    claims = {
        "iss": _issuer(tenant),
        "aud": _audience(tenant),
        "sub": str(user.pk),
        "iat": now,
        "exp": now + LIFETIME,
        "jti": str(uuid7()),
        "pwd": _password_mark(user),
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": _key_id(key.public_key()), "typ": TYPE})


def token_verify(token: str) -> tuple[Any, dict[str, Any]]:
    """The user and the claims of a token of the current tenant. Raises `TokenRefused`."""
    tenant = current_tenant()
    key = signing_key(tenant).public_key()
    try:
        head = jwt.get_unverified_header(token)
        if head.get("typ") != TYPE or head.get("kid") != _key_id(key):
            raise TokenRefused("This token was not made here.")
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer=_issuer(tenant),
            audience=_audience(tenant),
            options={"require": _REQUIRED, "strict_aud": True},
        )
        user = get_user_model().objects.filter(pk=UUID(claims["sub"]), is_active=True).first()
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("This token has expired.") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenRefused("This token was not made here.") from error
    if user is None or not constant_time_compare(str(claims["pwd"]), _password_mark(user)):
        raise TokenRefused("This token is no longer valid: its member or their password changed.")
    return user, claims


def jwks() -> dict[str, Any]:
    """The current tenant's public key as a JSON Web Key Set (RFC 7517, RFC 8037), for others to verify tokens with."""
    key = signing_key(current_tenant()).public_key()
    public: dict[str, Any] = OKPAlgorithm.to_jwk(key, as_dict=True)
    return {"keys": [{**public, "kid": _key_id(key), "use": "sig", "alg": "EdDSA"}]}


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _issuer(tenant: Tenant) -> str:
    return f"urn:orchestrall:tenant:{tenant.pk}"


def _audience(tenant: Tenant) -> str:
    return f"urn:orchestrall:api:{tenant.schema_name}"


def _password_mark(user: Any) -> str:
    """Changes with the password and with the schema, and tells nothing of either."""
    return str(user.get_session_auth_hash())[:16]
