"""The keys of tenants: the data key that everything of a tenant is sealed with, and the key that signs its tokens.

Envelope encryption: the master key wraps data keys (`masterkeys`), which are kept apart from the database (`keystore`).
A process remembers an opened key and looks every `LOOK_AGAIN` seconds whether it is still there, so that a deleted key
opens nothing anywhere within seconds.
"""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils import timezone

from apps.tenants import keystore, masterkeys
from apps.tenants.keystore import WrappedKey
from apps.tenants.models import Tenant
from apps.tenants.sealing import KEY_BYTES, DataKey, KeyGone, KeysUnavailable, SealBroken

LOOK_AGAIN = 3.0
FORMER_KEY_LIVES = timedelta(minutes=11)
"""How long the key before the last rotation still verifies: as long as a token of it may live, and a minute for clocks
and for processes that have not heard of the rotation yet."""

_BY_MASTER, _BY_DATA_KEY = b"\x01", b"\x02"
_SIGNING = "tenants_tenant.signing_key"

_known: dict[UUID, tuple[float, WrappedKey | None, DataKey | None]] = {}


def data_key(tenant: Tenant) -> DataKey | None:
    """The key of a tenant; None for one from before data was sealed (see `manage.py keys seal`).

    Raises `KeyGone` where it had one, `KeysUnavailable` while the store or the master key cannot be used, `SealBroken`
    for a key that the master key does not open.
    """
    known = _known.get(tenant.pk)
    if known and known[0] > time.monotonic():
        key = known[2]
    else:
        stored = keystore.get(tenant.pk)
        # The same file as before needs no opening: a key management service is asked once.
        key = known[2] if known and known[1] == stored else _opened(tenant.pk, stored)
        _known[tenant.pk] = (time.monotonic() + LOOK_AGAIN, stored, key)
    if key is None and tenant.data_key_id:
        raise KeyGone if keystore.is_there() else KeysUnavailable("The folder of keys is not there.")
    if key is not None and tenant.data_key_id and key.id != tenant.data_key_id:
        raise KeysUnavailable(
            f"The key store holds the key {key.id} for {tenant.slug}, whose data is sealed with {tenant.data_key_id}.",
            remedy="The operator has to restore the key store that belongs to this database.",
        )
    return key


def require_data_key(tenant: Tenant) -> DataKey:
    """The key of a tenant whose data is sealed. Raises as `data_key` does, `KeyGone` where there is none at all."""
    key = data_key(tenant)
    if key is None:
        raise KeyGone
    return key


def data_key_make(tenant: Tenant) -> None:
    """Give a tenant its data key; the caller saves the tenant. One that is in the store already is taken."""
    stored = keystore.get(tenant.pk)
    if stored is None:
        id, master = secrets.token_hex(8), masterkeys.wrapper()
        wrapped = master.wrap(secrets.token_bytes(KEY_BYTES), context=_context(tenant.pk, id))
        stored = keystore.add(tenant.pk, WrappedKey(id, master.current, wrapped))
    _known.pop(tenant.pk, None)
    tenant.data_key_id = stored.id


def data_key_delete(tenant: Tenant) -> bool:
    """Delete a tenant's data key: what it sealed opens nowhere any more. False where there was none."""
    deleted = keystore.remove(tenant.pk)
    _known.pop(tenant.pk, None)
    return deleted


def data_key_rewrap(id: UUID) -> bool:
    """Wrap the key of the tenant with this id by the current master key. False where it was so already, or is gone."""
    stored, master = keystore.get(id), masterkeys.wrapper()
    if stored is None or stored.master == master.current:
        return False
    context = _context(id, stored.id)
    plain = masterkeys.opener(stored.master).unwrap(stored.wrapped, master=stored.master, context=context)
    fresh = WrappedKey(stored.id, master.current, master.wrap(plain, context=context))
    return keystore.replace(id, stored, fresh)


def forget() -> None:
    """Drop the opened keys of this process."""
    _known.clear()


def _opened(id: UUID, stored: WrappedKey | None) -> DataKey | None:
    if stored is None:
        return None
    master = masterkeys.opener(stored.master)
    return DataKey(stored.id, master.unwrap(stored.wrapped, master=stored.master, context=_context(id, stored.id)))


def _context(tenant: UUID, key: str) -> str:
    return f"tenant:{tenant}:data_key:{key}"


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
    """Give a tenant that has a data key a fresh signing key; the caller saves it."""
    tenant.signing_key = _sealed(Ed25519PrivateKey.generate(), tenant)


def signing_keys_reseal(tenant: Tenant) -> None:
    """Seal signing keys from before tenants had data keys with the tenant's; the caller saves them."""
    tenant.signing_key = _sealed(_private(tenant.signing_key, tenant), tenant)
    if tenant.former_signing_key:
        tenant.former_signing_key = _sealed(_private(tenant.former_signing_key, tenant), tenant)


def _sealed(key: Ed25519PrivateKey, tenant: Tenant) -> bytes:
    sealed = require_data_key(tenant).seal(key.private_bytes_raw(), purpose=_SIGNING, context=_signing(tenant))
    return _BY_DATA_KEY + sealed


def _private(stored: bytes | memoryview, tenant: Tenant) -> Ed25519PrivateKey:
    version, sealed = bytes(stored)[:1], bytes(stored)[1:]
    if version == _BY_DATA_KEY:
        plain = require_data_key(tenant).open(sealed, purpose=_SIGNING, context=_signing(tenant))
    elif version == _BY_MASTER:
        plain = masterkeys.local_keys().open_legacy(sealed, context=_signing(tenant))
    else:
        raise SealBroken
    return Ed25519PrivateKey.from_private_bytes(plain)


def _signing(tenant: Tenant) -> str:
    return f"tenant:{tenant.pk}:signing_key"
