"""System checks of tenancy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.datasets.models import Dataset
from apps.tenants import checks
from apps.tenants.context import public_context


def test_the_settings_give_every_table_one_home() -> None:
    assert checks.one_home_per_table() == []


@pytest.mark.parametrize("app", ["apps.accounts", "django.contrib.sessions", "django.contrib.auth"])
def test_an_app_of_tenants_that_is_shared_too_is_refused(settings: Any, app: str) -> None:
    settings.SHARED_APPS = [*settings.SHARED_APPS, app]
    found = checks.one_home_per_table()
    assert {error.id for error in found} == {"tenants.E001"}
    assert "public's rows would answer" in found[0].msg


def test_an_app_named_by_its_config_is_seen_too(settings: Any) -> None:
    settings.SHARED_APPS = [*settings.SHARED_APPS, "apps.accounts.apps.AccountsConfig"]
    assert checks.one_home_per_table()


@pytest.mark.django_db
def test_a_table_that_stands_in_both_schemas_is_found_in_the_database() -> None:
    assert checks.one_home_in_database(databases=["default"]) == []
    with public_context(), connection.cursor() as cursor:
        cursor.execute("create table public.accounts_user (id int)")
    assert [error.id for error in checks.one_home_in_database(databases=["default"])] == ["tenants.E002"]


def test_a_master_key_that_cannot_be_used_is_refused_at_start(settings: Any) -> None:
    assert checks.usable_master_key() == []
    settings.MASTER_KEY = "short"
    assert [error.id for error in checks.usable_master_key()] == ["tenants.E003"]


def test_a_key_store_that_cannot_be_used_is_refused_at_start(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for folder, flaw in ((file, "is no folder"), (file / "keys", "cannot be made")):
        settings.KEYS = folder
        assert [(error.id, flaw in error.msg) for error in checks.usable_key_store()] == [("tenants.E004", True)]
    settings.KEYS = tmp_path / "deep" / "keys"
    assert checks.usable_key_store() == []


def test_a_key_store_of_somebody_else_is_refused_at_start(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KEYS = tmp_path
    assert checks.usable_key_store() == []
    monkeypatch.setattr("apps.tenants.keystore.os.access", lambda *_: False)
    assert "cannot be read and written" in checks.usable_key_store()[0].msg


def test_a_text_beside_a_payload_is_plain_by_decision_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.plain_columns_declared() == []
    monkeypatch.setattr(Dataset, "PLAIN", ("name", "filename", "format", "read_as"))
    (error,) = checks.plain_columns_declared()
    assert (error.id, error.obj) == ("tenants.E006", Dataset)
    assert error.msg.startswith("sha256 ")
