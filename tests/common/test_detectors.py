"""What is found in a text, with its kind, and what stays. Numbers are those that their makers publish as examples."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.common.detectors import Kind, checkdigits, find
from apps.common.detectors.national import NATIONAL

no_deadline = hypothesis_settings(deadline=None)


def found(text: str, label: str = "") -> list[tuple[str, str]]:
    return [(text[each.start : each.end], str(each.kind)) for each in find(text, label=label)]


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("86095742719", "Germany"),
        ("65 929 970 489", "Germany"),
        ("2 55 08 14 168 025 38", "France"),
        ("12345678Z", "Spain"),
        ("X1234567L", "Spain"),
        ("RSSMRA85T10A562S", "Italy"),
        ("44051401359", "Poland"),
        ("811218-9876", "Sweden"),
        ("131052-308T", "Finland"),
        ("01010750160", "Norway"),
        ("85.07.30-033.28", "Belgium"),
        ("756.9217.0769.85", "Switzerland"),
        ("529.982.247-25", "Brazil"),
        ("2341 2341 2346", "India"),
        ("10000000146", "Turkey"),
        ("11010519491231002X", "China"),
        ("800101 5009 087", "South Africa"),
        ("AB123456C", "United Kingdom"),
        ("078-05-1120", "United States"),
    ],
)
def test_a_national_number_is_known_by_its_form_and_check(number: str, country: str) -> None:
    assert found(f"of {number}, at once") == [(number, "national_id")], country


@pytest.mark.parametrize(
    ("number", "label"),
    [
        ("111222333", "bsn"),
        ("130 692 544", "SIN"),
        ("1234567893", "npi"),
        ("078051120", "ssn"),
        ("8112189876", "personnummer"),
    ],
)
def test_one_that_a_figure_may_look_like_needs_a_word(number: str, label: str) -> None:
    assert found(f"in all {number} of them") == []
    assert found(f"{label} {number}")
    assert found(number, label=label) == [(number, "national_id")]


def test_one_wrong_digit_is_noticed_in_every_country() -> None:
    wrong = [
        "86095742718",
        "255081416802539",
        "12345678A",
        "RSSMRA85T10A562T",
        "44051401358",
        "811218-9877",
        "131052-308U",
    ]
    wrong += ["01010750161", "85.07.30-033.29", "756.9217.0769.86", "529.982.247-26", "2341 2341 2347"]
    for number in [*wrong, "10000000148", "110105194912310021", "800101 5009 088"]:
        assert not any(kind == "national_id" for _, kind in found(f"of {number}, at once")), number


def test_every_country_names_where_its_check_comes_from() -> None:
    assert len({each.name for each in NATIONAL}) >= 19
    for each in NATIONAL:
        assert each.holds.__doc__, each.name


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 901820",
        "+1 (415) 555-2671",
        "+44 20 7946 0958",
        "+33.6.12.34.56.78",
        "00 49 171 1234567",
        "(415) 555-2671",
        "212-555-2673",
        "06 12 34 56 78",
        "030/901820-55",
        "07911 123456",
        "(11) 98765-4321",
        "612 34 56 78",
    ],
)
def test_a_phone_number_is_known_in_international_and_national_forms(number: str) -> None:
    assert found(f"Reach us: {number} today.") == [(number, "phone")]


def test_any_digits_behind_a_word_for_phones_are_a_phone_number() -> None:
    assert found("Call me on 98765 43210 tonight") == [("98765 43210", "phone")]
    assert found("601234567", label="mobile") == [("601234567", "phone")]


@no_deadline
@given(st.integers(1, 10**8), st.floats(-1e9, 1e9), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_figures_ids_and_times_stay(number: int, measure: float, when: datetime) -> None:
    for text in (
        f"run R-{number} is done",
        f"{number:,} rows",
        f"{measure:+.4f} mm, {measure:,.2f} EUR",
        f"at {when.isoformat()} and {when:%d.%m.%Y} and {when.replace(tzinfo=UTC)}",
        f"from {number} to {number + 7}",
    ):
        assert found(text) == [], text


@pytest.mark.parametrize(
    "text",
    [
        "12 345 678 units at 1,234.50",
        "version 18.0.1, 192.168.100.200:8080",
        "at -33.868820, +151.209290",
        "EAN 4006381333931",
        "ISO 2859-1, lot 0012-34",
        "01/02/2026 10:30 and 05-11-2025 12",
        "Item 415 555 in 2026",
    ],
)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mail ana.müller+x@bücher.example now", Kind.EMAIL, "ana.müller+x@bücher.example"),
        ("?to=ana%40acme.example", Kind.EMAIL, "?to=ana%40acme.example"),
        ('{"password": "tw0 words"}', Kind.CREDENTIAL, "tw0 words"),
        ("dob: 1980-02-03", Kind.BIRTH_DATE, "1980-02-03"),
        ("MRN 0012345", Kind.PATIENT_ID, "0012345"),
        ("card 4111 1111 1111 1111", Kind.CARD, "4111 1111 1111 1111"),
        ("to DE89 3704 0044 0532 0130 00", Kind.IBAN, "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_each_kind_is_told_apart(text: str, kind: Kind, value: str) -> None:
    assert found(text) == [(value, str(kind))]


@no_deadline
@given(st.text(string.printable, max_size=200))
def test_what_is_found_is_in_order_and_apart(text: str) -> None:
    spans = find(text)
    assert all(0 <= each.start < each.end <= len(text) for each in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))


def test_what_overlaps_is_found_as_one() -> None:
    assert found("https://ana:pw@acme.example/x") == [("ana:pw@acme.example", "email")]


def test_verhoeff_notices_every_neighbour_that_was_swapped() -> None:
    chance = random.Random(7)
    for _ in range(50):
        body = "".join(chance.choice(string.digits) for _ in range(11))
        number = next(body + each for each in string.digits if checkdigits.verhoeff_holds(body + each))
        place = chance.randrange(11)
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert swapped == number or not checkdigits.verhoeff_holds(swapped)


def test_long_gaps_and_long_runs_of_digits_take_no_time_by_their_square() -> None:
    """In a child, which is ended: the matching of a pattern cannot be broken off from outside."""
    code = (
        "from apps.common.detectors.credentials import PATIENT\n"
        "for gap in (' ', '+', chr(92), 'patient-'):\n"
        "    assert not list(PATIENT.find('patient' + gap * 200_000 + '!'))\n"
        "from apps.common.detectors import find\n"
        "assert not find(('+49' + '1' * 100 + 'x ') * 300)\n"
        "print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "done\n"
