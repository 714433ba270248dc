"""Sealed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.tenants.sealing import DataKey, SealBroken

KEY = DataKey("a", bytes(range(32)))


@given(st.binary(max_size=2000), st.text(max_size=50), st.text(max_size=50))
def test_a_sealed_value_opens_for_its_own_purpose_and_context(plain: bytes, purpose: str, context: str) -> None:
    sealed = KEY.seal(plain, purpose=purpose, context=context)
    assert KEY.open(sealed, purpose=purpose, context=context) == plain


@pytest.mark.parametrize(
    ("key", "purpose", "context"),
    [(KEY, "other", "c"), (KEY, "p", "other"), (DataKey("a", bytes(32)), "p", "c")],
    ids=["purpose", "context", "key"],
)
def test_a_sealed_value_opens_for_nothing_else(key: DataKey, purpose: str, context: str) -> None:
    sealed = KEY.seal(b"secret", purpose="p", context="c")
    with pytest.raises(SealBroken) as told:
        key.open(sealed, purpose=purpose, context=context)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


@given(st.integers(min_value=0, max_value=33), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, by: int) -> None:
    sealed = bytearray(KEY.seal(b"secret", purpose="p", context="c"))
    sealed[place] ^= by
    with pytest.raises(SealBroken):
        KEY.open(bytes(sealed), purpose="p", context="c")


@given(st.integers(min_value=0, max_value=33))
def test_a_value_that_was_cut_off_is_noticed(length: int) -> None:
    with pytest.raises(SealBroken):
        KEY.open(KEY.seal(b"secret", purpose="p", context="c")[:length], purpose="p", context="c")


def test_equal_values_are_sealed_differently() -> None:
    assert KEY.seal(b"same", purpose="p", context="c") != KEY.seal(b"same", purpose="p", context="c")
