"""Sealed values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants import keys
from apps.tenants.context import tenant_by_schema
from apps.tenants.models import Tenant
from apps.tenants.services import signing_key_rotate


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_a_sealed_value_opens_under_its_own_context(plain: bytes, context: str) -> None:
    assert keys.unseal(keys.seal(plain, context=context), context=context) == plain


def test_a_sealed_value_opens_under_no_other_context() -> None:
    with pytest.raises(keys.SealBroken):
        keys.unseal(keys.seal(b"secret", context="tenant:1"), context="tenant:2")


@given(st.integers(min_value=0, max_value=28), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, by: int) -> None:
    sealed = bytearray(keys.seal(b"", context="x"))
    sealed[place] ^= by
    with pytest.raises(keys.SealBroken):
        keys.unseal(bytes(sealed), context="x")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"0" * 11, b"\x02" + b"0" * 40])
def test_what_was_never_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(keys.SealBroken):
        keys.unseal(sealed, context="x")


def test_equal_values_are_sealed_differently() -> None:
    assert keys.seal(b"same", context="x") != keys.seal(b"same", context="x")


def test_another_master_key_opens_nothing(settings: Any) -> None:
    sealed = keys.seal(b"secret", context="x")
    settings.MASTER_KEY = "b3RoZXIga2V5OiAzMiBieXRlcyBvZiBhIGtleSEhISE="
    with pytest.raises(keys.SealBroken):
        keys.unseal(sealed, context="x")


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "not base64 at all!"])
def test_a_key_that_is_none_is_refused_with_what_to_do(settings: Any, key: str) -> None:
    settings.MASTER_KEY = key
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        keys.master_key()


def test_each_tenant_signs_with_a_key_of_its_own_which_the_other_cannot_open(acme: Tenant, globex: Tenant) -> None:
    ours, theirs = keys.signing_key(acme), keys.signing_key(globex)
    assert ours.public_key().public_bytes_raw() != theirs.public_key().public_bytes_raw()
    acme.signing_key = globex.signing_key
    with pytest.raises(keys.SealBroken):
        keys.signing_key(acme)


def _verifies_with(tenant: Tenant) -> list[bytes]:
    return [key.public_bytes_raw() for key in keys.verification_keys(tenant)]


def test_the_former_signing_key_verifies_until_its_last_token_has_expired(acme: Tenant) -> None:
    before = keys.signing_key(acme).public_key().public_bytes_raw()
    assert _verifies_with(acme) == [before]
    signing_key_rotate(tenant=acme)
    fresh = tenant_by_schema(acme.schema_name)
    assert fresh is not None
    now = keys.signing_key(fresh).public_key().public_bytes_raw()
    assert now != before
    assert _verifies_with(fresh) == [now, before]
    assert fresh.signing_key_changed_at is not None
    fresh.signing_key_changed_at -= timedelta(minutes=10)
    assert _verifies_with(fresh) == [now, before]
    fresh.signing_key_changed_at -= timedelta(minutes=1)
    assert _verifies_with(fresh) == [now]


def test_a_signing_key_that_was_seen_is_refused_at_once(acme: Tenant) -> None:
    before = keys.signing_key(acme).public_key().public_bytes_raw()
    signing_key_rotate(tenant=acme, at_once=True)
    assert before not in _verifies_with(acme)
    assert len(_verifies_with(acme)) == 1
