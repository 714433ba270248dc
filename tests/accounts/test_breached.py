"""Passwords that were stolen somewhere: found in the operator's file, wherever it stands there, by few looks at it."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from apps.accounts.breached import BreachedPasswords, usable_file
from apps.accounts.models import User
from apps.tenants.models import Tenant
from tests.factories import PASSWORD

STOLEN = [f"lamp river number {each}" for each in range(5000)]


def line(password: str, count: int = 3) -> str:
    return f"{sha1(password.encode()).hexdigest().upper()}:{count}"  # noqa: S324  # the form of the file


def written(path: Path, lines: list[str], end: str = "\n") -> str:
    path.write_bytes("".join(each + end for each in lines).encode())
    return str(path)


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "breached.txt"
    lines = sorted(line(password, 10**index % 9_999_991) for index, password in enumerate(STOLEN))
    settings.BREACHED_PASSWORDS = written(path, lines)
    return path


def codes(password: str) -> list[str]:
    try:
        validate_password(password)
    except ValidationError as error:
        return [str(each.code) for each in error.error_list]
    return []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_stolen_one_is_found_and_no_other(tmp_path: Path, end: str) -> None:
    lines = sorted(line(password, index**3) for index, password in enumerate(STOLEN))
    for some in (lines, lines[:1], lines[:2], lines[:3]):
        with BreachedPasswords(written(tmp_path / "some", some, end)) as known:
            assert [each for each in STOLEN if known.holds(each)] == [each for each in STOLEN if _among(each, some)]
            assert not any(known.holds(f"{each}!") for each in STOLEN)


def _among(password: str, lines: list[str]) -> bool:
    return any(each.startswith(line(password)[:41]) for each in lines)


def test_the_last_line_needs_no_end_and_small_letters_are_read(tmp_path: Path) -> None:
    path = tmp_path / "breached.txt"
    path.write_text("\n".join(sorted(line(each).lower() for each in STOLEN)))
    with BreachedPasswords(str(path)) as known:
        assert all(known.holds(each) for each in STOLEN)


def test_a_stolen_password_is_refused(file: Path, acme: Tenant) -> None:
    assert codes(STOLEN[7]) == ["password_breached"]
    assert codes("lamp river and none of those") == []


def test_a_stolen_password_is_found_however_a_keyboard_makes_its_letters(settings: Any, tmp_path: Path) -> None:
    settings.BREACHED_PASSWORDS = written(tmp_path / "breached.txt", [line("café au lait à midi")])
    assert codes("cafe\u0301 au lait a\u0300 midi") == ["password_breached"]


def test_who_chooses_a_stolen_one_is_told_and_keeps_the_present_one(
    file: Path, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    user = member("viewer")
    page = client_for(user).post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": STOLEN[0], "password2": STOLEN[0]}
    )
    assert "was stolen somewhere" in page.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_look_up_reads_a_few_lines_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, count: int, offset: int) -> bytes:
        read.append(count)
        return pread(descriptor, count, offset)

    monkeypatch.setattr("apps.accounts.breached.os.pread", counted)
    with BreachedPasswords(str(file)) as known:
        assert known.holds(STOLEN[4321])
    assert sum(read) < 8192 < file.stat().st_size // 20


def test_without_a_file_the_shipped_list_is_looked_into(settings: Any, acme: Tenant) -> None:
    assert settings.BREACHED_PASSWORDS == ""
    assert usable_file() == []
    assert codes("1qaz2wsx3edc4rfv") == ["password_too_common"]
    assert codes(STOLEN[0]) == []


def test_where_the_file_is_gone_no_password_is_set_and_the_log_says_why(
    file: Path, acme: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    file.unlink()
    assert codes("lamp river and none of those") == ["password_not_compared"]
    assert "cannot be used" in caplog.text


def test_a_sound_file_passes_the_check_at_start(file: Path) -> None:
    assert usable_file() == []


def _shuffled(lines: list[str]) -> list[str]:
    return random.Random(5).sample(lines, len(lines))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "cannot be read"),
        (lambda lines: [], "is empty"),
        (_shuffled, "is not in the order of its hashes"),
        (lambda lines: lines[2500:] + lines[:2500], "is not in the order of its hashes"),
        (lambda lines: sorted(each[:32] for each in lines), "is not SHA1HEX:count"),  # as hashes of NTLM are long
        (lambda lines: [each.partition(":")[2] for each in lines], "is not SHA1HEX:count"),
        (lambda lines: ["".join(lines)], "is not SHA1HEX:count"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_start(
    file: Path, made: Callable[[list[str]], list[str]] | None, told: str
) -> None:
    lines = file.read_text().split()
    file.unlink()
    if made is not None:
        written(file, made(lines))
    (error,) = usable_file()
    assert error.id == "accounts.E001"
    assert told in error.msg
    assert str(file) in error.msg
    assert "ORCHESTRALL_BREACHED_PASSWORDS" in str(error.hint)


def test_a_folder_is_no_file(settings: Any, tmp_path: Path) -> None:
    settings.BREACHED_PASSWORDS = str(tmp_path)
    assert "cannot be read" in usable_file()[0].msg
