"""What is recognised as a secret or a person's, and what stays as it is."""

from __future__ import annotations

import random
import string
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.common.detectors.checkdigits import luhn_holds, mod_11_holds, mod_97_holds
from apps.common.ids import uuid7
from apps.common.redaction import REDACTED, is_secret_name, redacted
from tests.planted import Planted, secrets_make

no_deadline = hypothesis_settings(deadline=None)
WORDS = st.text(string.ascii_letters + " ,.;()", max_size=20)
DIGITS = st.text(string.digits, min_size=1, max_size=24)


@no_deadline
@given(st.integers(0, 10**9), st.integers(0, 49), WORDS, WORDS)
def test_each_of_the_fifty_is_recognised_between_words(seed: int, number: int, before: str, behind: str) -> None:
    secret = secrets_make(seed)[number]
    clean = redacted(f"{before} {secret.text} {behind}")
    assert not secret.is_in(clean), clean
    assert REDACTED in clean


@no_deadline
@given(st.integers(0, 10**9), st.integers(0, 49))
def test_what_stands_beside_a_secret_is_kept(seed: int, number: int) -> None:
    secret = secrets_make(seed)[number]
    clean = redacted(f"R-48213 failed at once:\n{secret.text}\nand was tried again")
    assert clean.startswith("R-48213 failed at once:")
    assert clean.endswith("and was tried again")


@no_deadline
@given(st.lists(st.integers(0, 49), min_size=1, max_size=6), st.integers(0, 10**6))
def test_many_in_one_text_are_all_recognised(numbers: list[int], seed: int) -> None:
    secrets: list[Planted] = [secrets_make(seed)[number] for number in numbers]
    clean = redacted("\n".join(f"{secret.name}: {secret.text}" for secret in secrets))
    assert [secret.name for secret in secrets if secret.is_in(clean)] == []


@no_deadline
@given(st.text(max_size=200))
def test_any_text_can_be_looked_through_and_again_with_the_same_result(text: str) -> None:
    clean = redacted(text)
    assert redacted(clean) == clean


# Ordinary figures


@no_deadline
@given(st.uuids(), WORDS)
def test_a_uuid_stays(value: uuid.UUID, before: str) -> None:
    for text in (
        str(value),
        f"{before} {value}",
        f"run={value};",
        f"/api/v1/runs/{value}/cancel",
        f"[{value}, {value}]",
    ):
        assert redacted(text) == text


def test_an_id_that_ends_like_an_account_of_a_bank_stays() -> None:
    made_here = "01a21611-2e17-7646-be51-ea27608d8f46"
    assert mod_97_holds("BE51EA27608D8F46")
    assert redacted(f"run {made_here} ended") == f"run {made_here} ended"
    assert redacted("to BE51 EA27 608D 8F46 now") == f"to {REDACTED} now"


def test_the_ids_that_are_made_here_stay() -> None:
    for _ in range(2000):
        for text in (str(uuid7()), uuid7().hex):
            assert redacted(text) == text


@no_deadline
@given(st.integers(0, 2**128))
def test_a_uuid_of_digits_alone_stays(number: int) -> None:
    digits = f"{number:032}"[-32:]
    text = "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])
    assert redacted(f"run {text} ended") == f"run {text} ended"


@no_deadline
@given(st.integers(1, 10**8), st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_runs_counts_and_measures_stay(number: int, measure: float) -> None:
    for text in (f"run R-{number} is done", f"{number} rows", f"took {measure} ms", f"rate {measure:.16f}"):
        assert redacted(text) == text


@no_deadline
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_times_stay(when: datetime) -> None:
    aware = when.replace(tzinfo=UTC)
    for text in (when.isoformat(), aware.isoformat(), str(aware), when.strftime("%Y%m%dT%H%M%SZ"), str(when.date())):
        assert redacted(f"at {text} it began") == f"at {text} it began"


@no_deadline
@given(st.integers(1_600_000_000, 2_099_999_999), st.integers(0, 999_999_999))
def test_clocks_of_machines_stay(seconds: int, nanoseconds: int) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds since 1970: they begin as no card and no patient's number."""
    for text in (str(seconds), f"{seconds}{nanoseconds:09}"[:13], f"{seconds}{nanoseconds:09}"[:16]):
        assert redacted(f"t={text}") == f"t={text}"


@no_deadline
@given(DIGITS)
def test_digits_whose_check_fails_stay(digits: str) -> None:
    assume(len(digits) < 14 or not luhn_holds(digits))
    assume(len(digits) != 10 or not mod_11_holds(digits))
    assert redacted(f"item {digits} is new") == f"item {digits} is new"


@pytest.mark.parametrize(
    "text",
    [
        "10.250.17.3:5432 does not answer",
        "version 18.0.1 (build 20251125)",
        "the key figure is 17",
        "a token of respect",
        "patient 12 of 30",
        "Basic",
        "1,234,567.89 EUR",
        "GB 82 rows, DE 44 rows",
        "0.4539578763621486",
        "4111 1111 1111 1112",  # its check digit is wrong
        "9434765918",
        "GB82 WEST 1234 5698 7654 33",
        "000-12-3456",  # no such area
        "https://acme.example.com/data/",
        "ana at example dot com",
        "shape (412, 7), dtype float64",
        "work was done",
        "t_acme",
        "/api/v1/runs/<uuid:id>",
        "celery@worker-1 ready",
        "ork_ is a mark",
        "sk-learn",
        "CHI e3e70682-c209-4cac-629f-6fbed82c07cd",
        "1804396796",
        "",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert redacted(text) == text


# The checks, against numbers that their makers publish as examples


@pytest.mark.parametrize("number", ["4111111111111111", "5555555555554444", "378282246310005", "30569309025904"])
def test_published_test_cards_hold(number: str) -> None:
    assert luhn_holds(number)
    assert redacted(f"card {number}") == f"card {REDACTED}"


@pytest.mark.parametrize(
    "number",
    [
        "GB82 WEST 1234 5698 7654 32",
        "DE89370400440532013000",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NL91ABNA0417164300",
        "NO93 8601 1117 947",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "KZ86 125K ZT50 0410 0100",
    ],
)
def test_published_accounts_hold(number: str) -> None:
    assert mod_97_holds(number.replace(" ", ""))
    assert redacted(f"paid to {number}, at once") == f"paid to {REDACTED}, at once"


@pytest.mark.parametrize("number", ["943 476 5919", "9434765919", "450 557 7104", "4010232137"])
def test_published_patients_numbers_hold(number: str) -> None:
    assert mod_11_holds(number.replace(" ", ""))
    assert redacted(f"seen: {number}.") == f"seen: {REDACTED}."


def test_one_wrong_digit_is_noticed() -> None:
    chance = random.Random(1)
    for number, check in (("4111111111111111", luhn_holds), ("9434765919", mod_11_holds)):
        place = chance.randrange(len(number))
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert check(number)
        assert not check(wrong)


@pytest.mark.parametrize(
    "name",
    ["password", "apiKey", "X-Api-Key", "card_number", "email", "iban", "ssn", "patient_id", "Set-Cookie", "otp"],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["user", "rows", "note", "patients_seen", "cards", "emails_sent", "keys", "monkey", "panel"]
)
def test_other_names_are_not(name: str) -> None:
    assert not is_secret_name(name)
