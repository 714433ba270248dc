"""Secrets from the environment, or from files that it names."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from orchestrall.settings.env import given, kept_secret, required


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET", "SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_secret_is_given_as_it_is_or_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert given("SECRET") == ""
    monkeypatch.setenv("SECRET", "one")
    assert given("SECRET") == required("SECRET", "") == "one"
    monkeypatch.delenv("SECRET")
    (tmp_path / "secret").write_text("two\n")
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "secret"))
    assert given("SECRET") == required("SECRET", "") == kept_secret("SECRET", tmp_path / "kept") == "two"
    assert not (tmp_path / "kept").exists()


def test_a_secret_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SECRET is not set\. Give one"):
        required("SECRET", "Give one.")
    monkeypatch.setenv("SECRET_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read: No such file"):
        given("SECRET")
    monkeypatch.setenv("SECRET", "one")
    with pytest.raises(ImproperlyConfigured, match="keep one"):
        given("SECRET")


def test_a_secret_that_nobody_gives_is_made_once_and_kept(tmp_path: Path) -> None:
    made = kept_secret("SECRET", tmp_path / "deep" / "kept")
    assert kept_secret("SECRET", tmp_path / "deep" / "kept") == made
    assert stat.S_IMODE((tmp_path / "deep" / "kept").stat().st_mode) == 0o600
