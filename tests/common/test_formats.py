"""How figures, spans and moments are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        (float("nan"), "–"),
        (0, "0"),
        (1284, "1,284"),
        (1284.0, "1,284"),
        (-8, "−8"),
        (0.9012, "0.901"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (0.00012345, "0.000123"),
        (-0.0, "0"),
        (True, "yes"),
        ("12.5", "12.5"),
        ("n/a", "n/a"),
    ],
)
def test_numbers_are_grouped_and_short(value: object, text: str) -> None:
    assert formats.number(value) == text


def test_digits_can_be_fixed() -> None:
    assert formats.number(0.9, 3) == "0.900"
    assert formats.number(-0.0001, 2) == "0.00"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_written_number_is_within_half_a_percent(value: float) -> None:
    text = formats.number(value).replace(",", "").replace("\N{MINUS SIGN}", "-")
    assert float(text) == pytest.approx(value, rel=0.005, abs=1e-12)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.82, "820 ms"),
        (3.21, "3.2 s"),
        (9.96, "10 s"),
        (19.4, "19 s"),
        (59.7, "1 m"),
        (94, "1 m 34 s"),
        (7500, "2 h 5 m"),
        (90000, "1 d 1 h"),
        (timedelta(minutes=2), "2 m"),
    ],
)
def test_spans_are_told_in_their_two_largest_units(seconds: float | timedelta | None, text: str) -> None:
    assert formats.duration(seconds) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_every_span_can_be_told(seconds: float) -> None:
    assert formats.duration(seconds)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (812, "812 B"), (3400, "3.4 kB"), (1_234_567, "1.2 MB"), (52_428_800, "52 MB"), (999_600, "1.0 MB")],
)
def test_sizes_are_told_in_thousands(value: float | None, text: str) -> None:
    assert formats.size(value) == text


def test_days_and_moments_are_written_for_people() -> None:
    assert formats.day(date(2026, 11, 2)) == "2 Nov 2026"
    assert formats.moment(datetime(2026, 11, 22, 14, 32, tzinfo=UTC)) == "22 Nov 2026, 14:32"
    assert formats.ago(timedelta(seconds=4)) == "4 s ago"
    assert formats.ago(timedelta(minutes=59, seconds=59)) == "59 min ago"
