"""Keys sort by the time they were made."""

from __future__ import annotations

from apps.common.ids import uuid7


def test_keys_are_version_7_unique_and_in_order() -> None:
    keys = [uuid7() for _ in range(1000)]
    assert {key.version for key in keys} == {7}
    assert len(set(keys)) == 1000
    assert keys == sorted(keys)
