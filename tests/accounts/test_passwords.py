"""What a password must be, and what hashing costs at most."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.hashers import CappedArgon2, Gate, SignInBusy
from apps.accounts.models import User
from apps.accounts.passwords import LONGEST
from apps.tenants.models import Tenant

Make = Callable[..., User]


def codes(password: str, user: User | None = None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [str(each.code) for each in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "lamp river seventeen",
        "пятнадцать знаков",
        "한국어로된비밀번호를쓰는사람입니다",
        "🦊🐢🌵🎲🧭🪁🎻🧊🪐🌋🦜🍉🛶🔭🧶",
        "no digits or capitals at all",
        "x7 " * 20 + "qwertz!",
    ],
)
def test_length_is_enough_in_any_script(acme: Tenant, password: str) -> None:
    assert codes(password) == []


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("14 characters!", "password_too_short"),
        ("abc def " * 40, "password_too_long"),
        ("1qaz2wsx3edc4rfv", "password_too_common"),
        ("aaaaaaaaaaaaaaaa", "password_repeated"),
        ("abababababababab", "password_repeated"),
        ("abcdefghijklmnop", "password_repeated"),
        ("acme-orchestrall-2026", "password_about_us"),
        ("OrchestrallAcme!!", "password_about_us"),
        ("ana.lopez@bank.example", "password_about_us"),
    ],
)
def test_what_anybody_would_try_is_refused(member: Make, password: str, code: str) -> None:
    user = member("viewer", email="ana.lopez@bank.example", name="Ana López")
    assert code in codes(password, user)


def test_a_name_within_a_longer_phrase_is_no_harm(member: Make) -> None:
    assert codes("acme has forty blue kettles", member("viewer")) == []


def test_at_least_64_characters_are_taken(acme: Tenant) -> None:
    assert LONGEST >= 64


def test_it_does_not_matter_how_a_keyboard_makes_a_letter(member: Make) -> None:
    user = member("viewer", password="café au lait à midi")
    assert user.check_password("cafe\u0301 au lait a\u0300 midi")
    assert not user.check_password("cafe au lait a midi")


def test_so_many_hashes_are_made_at_once_and_so_many_wait(acme: Tenant) -> None:
    gate, inside, leave = Gate(at_once=1, waiting=1), threading.Event(), threading.Event()
    got: list[str] = []

    def hold() -> None:
        with gate.passing():
            inside.set()
            leave.wait(10)

    def wait() -> None:
        with gate.passing():
            got.append("in")

    first, second = threading.Thread(target=hold), threading.Thread(target=wait)
    first.start()
    assert inside.wait(10)
    second.start()
    while gate._inside < 2:
        pass
    with pytest.raises(SignInBusy), gate.passing():
        pass
    assert got == []
    leave.set()
    first.join(10)
    second.join(10)
    assert got == ["in"]
    with gate.passing():
        pass


def test_who_waits_too_long_is_told_to_come_again() -> None:
    gate, inside, leave = Gate(at_once=1, waiting=5, patience=0.01), threading.Event(), threading.Event()

    def hold() -> None:
        with gate.passing():
            inside.set()
            leave.wait(10)

    first = threading.Thread(target=hold)
    first.start()
    assert inside.wait(10)
    with pytest.raises(SignInBusy), gate.passing():
        pass
    leave.set()
    first.join(10)


def test_what_is_stored_is_what_djangos_hasher_stores() -> None:
    hasher = CappedArgon2()
    stored = hasher.encode("lamp river seventeen", hasher.salt())
    assert stored.startswith("argon2$argon2id$")
    assert hasher.verify("lamp river seventeen", stored)
    assert not hasher.verify("lamp river eighteen", stored)
