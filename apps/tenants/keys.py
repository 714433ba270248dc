"""Secrets of the installation and of tenants.

Envelope encryption: what is stored is sealed with the master key (AES-256-GCM), bound to a context, so that a sealed
value moved to another row or tenant does not open.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone

from apps.tenants.models import Tenant

FORMER_KEY_LIVES = timedelta(minutes=11)
"""How long the key before the last rotation still verifies: as long as a token of it may live, and a minute for clocks
and for processes that have not heard of the rotation yet."""

_VERSION = b"\x01"
_NONCE = 12


class SealBroken(ValueError):
    """A sealed value does not open: another master key, another context, or changed bytes."""


def master_key() -> bytes:
    """The installation's key, 32 bytes. Raises `ValueError` with what to do when it is not one."""
    try:
        key = base64.b64decode(settings.MASTER_KEY, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ValueError("ORCHESTRALL_MASTER_KEY must be 32 bytes in base64: make one with `openssl rand -base64 32`.")
    return key


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypt `plain` so that only the same `context` opens it: a version byte, a 96-bit nonce, the ciphertext."""
    nonce = secrets.token_bytes(_NONCE)
    return _VERSION + nonce + AESGCM(master_key()).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """What was sealed under `context`. Raises `SealBroken`."""
    body = bytes(sealed)
    if body[:1] != _VERSION:
        raise SealBroken("This value was not sealed by this version of the product.")
    try:
        nonce, ciphertext = body[1 : 1 + _NONCE], body[1 + _NONCE :]
        return AESGCM(master_key()).decrypt(nonce, ciphertext, context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBroken(f"The value sealed as {context!r} does not open with this master key.") from error


def signing_key(tenant: Tenant) -> Ed25519PrivateKey:
    """The key that a tenant's tokens are signed with."""
    return _private(tenant.signing_key, tenant)


def verification_keys(tenant: Tenant) -> list[Ed25519PublicKey]:
    """The keys that a token of the tenant may be signed with: the current one first, then the one before it while its
    last tokens live."""
    found = [signing_key(tenant).public_key()]
    changed = tenant.signing_key_changed_at
    if tenant.former_signing_key and changed and timezone.now() < changed + FORMER_KEY_LIVES:
        found.append(_private(tenant.former_signing_key, tenant).public_key())
    return found


def signing_key_make(tenant: Tenant) -> None:
    """Give a tenant a fresh signing key; the caller saves it."""
    tenant.signing_key = seal(Ed25519PrivateKey.generate().private_bytes_raw(), context=_signing(tenant))


def _private(sealed: bytes | memoryview, tenant: Tenant) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(unseal(bytes(sealed), context=_signing(tenant)))


def _signing(tenant: Tenant) -> str:
    return f"tenant:{tenant.pk}:signing_key"
