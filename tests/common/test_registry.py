"""Registries refuse what would surprise: duplicates, and latecomers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.common.errors import PermissionDenied
from apps.common.permissions import PERMISSIONS, ROLES, codes_of, demand, permission
from apps.common.registry import Registry


def test_a_second_thing_under_a_key_is_refused() -> None:
    registry: Registry[int] = Registry("Number")
    registry.register("one", 1)
    with pytest.raises(ImproperlyConfigured, match="Number 'one' is registered twice"):
        registry.register("one", 2)
    assert registry["one"] == 1


def test_nothing_can_be_registered_after_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="registered after start"):
        PERMISSIONS.register("late.code", next(iter(PERMISSIONS)))


def test_the_owner_holds_every_permission_and_an_unknown_role_none() -> None:
    assert codes_of("owner") == {item.code for item in PERMISSIONS}
    assert codes_of("intruder") == frozenset()


def test_reading_roles_hold_no_permission_that_changes_something() -> None:
    changing = {"agents.run", "runs.cancel", "members.manage", "keys.manage", "datasets.upload"}
    for role in ("auditor", "viewer", "approver"):
        assert not codes_of(role) & changing, role


def test_a_permission_for_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="roles that do not exist: janitor"):
        permission("floors.sweep", "Sweep the floors", "janitor")


def test_a_demand_that_is_not_met_says_what_is_missing() -> None:
    class Nobody:
        def can(self, code: str) -> bool:
            return False

    with pytest.raises(PermissionDenied) as refused:
        demand(Nobody(), "agents.run")
    assert "run agents" in refused.value.detail
    assert refused.value.remedy


def test_every_role_has_words_for_people() -> None:
    assert list(ROLES) == ["owner", "administrator", "builder", "analyst", "approver", "auditor", "viewer"]
    assert all(role.title and role.summary for role in ROLES.values())
