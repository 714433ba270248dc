"""Which numbers of a text were computed, and that no other is ever taken for one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from apps.ai.numbercheck import Figure, Verdict, check, figures_of
from tests.ai.wrong_numbers import WAYS, explanations

no_deadline = hypothesis_settings(deadline=None)
FORMS: dict[str, Any] = {
    "plain": lambda v: f"{v:.2f}",
    "thousands": lambda v: f"{v:,.2f}",
    "decimal comma": lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")),
    "narrow spaces": lambda v: f"{v:,.2f}".replace(",", "\u202f"),
    "apostrophes": lambda v: f"{v:,.2f}".replace(",", "’"),
    "euros": lambda v: f"€{v:,.2f}",
    "dollars below zero": lambda v: f"${v:,.2f}" if v >= 0 else f"-${-v:,.2f}",
    "minus sign": lambda v: f"{v:,.2f}".replace("-", "−"),
    "minus in words": lambda v: f"{v:,.2f}".replace("-", "minus "),
    "scientific": lambda v: f"{v:.5e}",
    "powers of ten": lambda v: f"{v:.5e}".replace("e", " × 10^"),
    "about": lambda v: f"about {v:,.1f}",
    "bold": lambda v: f"**{v:,.2f}**",
}
SCALES: dict[str, tuple[float, Any]] = {
    "k": (1e3, lambda v: f"{v / 1e3:.2f}k"),
    "thousand": (1e3, lambda v: f"{v / 1e3:.2f} thousand"),
    "million": (1e6, lambda v: f"{v / 1e6:.2f} million"),
    "m of euros": (1e6, lambda v: f"€{v / 1e6:.2f}m"),
    "bn": (1e9, lambda v: f"{v / 1e9:.2f}bn"),
}


def verdicts(text: str, data: Any, schema: Any = None) -> list[tuple[str, str]]:
    return [(each.text, str(each.verdict)) for each in check(text, figures_of(data, schema))]


@no_deadline
@given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from(sorted(FORMS)))
def test_a_figure_is_matched_however_it_is_written(value: Decimal, form: str) -> None:
    assume(abs(value) >= 10)
    (checked,) = check(f"It is {FORMS[form](value)} in all.", [Figure("output.x", value)])
    assert (checked.verdict, checked.source_path) == (Verdict.MATCHED, "output.x")


@no_deadline
@given(st.floats(1, 999), st.sampled_from(sorted(SCALES)), st.booleans())
def test_a_figure_is_matched_in_thousands_millions_and_billions(size: float, scale: str, negative: bool) -> None:
    factor, write = SCALES[scale]
    value = round(size * factor, 2)
    (checked,) = check(
        f"It is {'-' if negative else ''}{write(value)} in all.", figures_of({"x": -value if negative else value})
    )
    assert checked.verdict is Verdict.MATCHED


@no_deadline
@given(
    st.floats(0.1, 1),
    st.integers(0, 2),
    st.sampled_from(["%", " %", " percent", " per cent", " pp", " percentage points"]),
)
def test_a_share_is_matched_as_percent(share: float, places: int, sign: str) -> None:
    assert verdicts(f"It is {share * 100:.{places}f}{sign} of all.", {"x": share})[0][1] == "matched"


@no_deadline
@given(st.decimals(10, 10**7, places=3), st.sampled_from(sorted(FORMS)), st.floats(1.006, 20), st.booleans())
def test_a_number_that_is_off_by_more_than_its_rounding_is_marked(
    value: Decimal, form: str, factor: float, smaller: bool
) -> None:
    wrong = value / Decimal(factor) if smaller else value * Decimal(factor)
    (checked,) = check(f"It is {FORMS[form](wrong)} in all.", [Figure("x", value)])
    assert checked.verdict is Verdict.UNMATCHED


@no_deadline
@given(st.integers(13, 9_999), st.integers(13, 9_999))
def test_no_arithmetic_of_the_model_is_matched(first: int, second: int) -> None:
    data = {"a": first, "b": second}
    for made in (first + second, abs(first - second), first * second):
        assume(made not in (first, second) and made > 12)
        assert verdicts(f"Together {made:,} of it.", data)[0][1] == "unmatched"


@no_deadline
@given(st.integers(2, 999_999))
def test_a_number_in_words_is_read(number: int) -> None:
    assert verdicts(f"There are {in_words(number)} of them.", {"n": number}) == [(in_words(number), "matched")]
    other = number + max(2, number // 10)
    assert all(each == "unmatched" for _, each in verdicts(f"There are {in_words(other)} of them.", {"n": number}))


def in_words(number: int) -> str:
    """In English, as a book would have it."""
    small = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ]
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905  # reads better
    if number < 20:
        return small[number]
    if number < 100:
        rest = number % 10
        return tens[number // 10 - 2] + (f"-{small[rest]}" if rest else "")
    if number < 1000:
        rest = number % 100
        return f"{small[number // 100]} hundred" + (f" and {in_words(rest)}" if rest else "")
    rest = number % 1000
    return f"{in_words(number // 1000)} thousand" + (f" {'and ' if rest < 100 else ''}{in_words(rest)}" if rest else "")


DATA = {
    "mape": 0.1234,
    "change_pct": -12.34,
    "dose_mg": 5,
    "revenue": {"value": 1234567.891, "unit": "EUR"},
    "thirds": 1 / 3,
    "price": "1234.50",
    "rows": [
        {"day": "2026-11-25", "v": 0.5},
        {"day": "2026-11-26T10:30:00Z", "v": 7.25},
        {"day": "2026-12-01", "v": 61},
    ],
    "method": "ISO 2859-1",
    "ref": "R-48213",
}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("about 12 % of it", "matched"),
        ("a MAPE of 0.12", "matched"),
        ("demand fell by 12.3 %", "matched"),
        ("demand rose by 12.3 %", "matched"),  # the MAPE; as a rise alone it would not be
        ("a change of -12.34 percentage points", "matched"),
        ("give 5 mg", "matched"),
        ("give 5 g", "unmatched"),
        ("EUR 1.23 million", "matched"),
        ("USD 1.23 million", "unmatched"),
        ("$1.23m", "unmatched"),
        ("1.23m EUR", "matched"),
        ("1.24 million", "unmatched"),
        ("one third of it", "matched"),
        ("1/3 of it", "matched"),
        ("two thirds of it", "unmatched"),
        ("half of it", "matched"),
        ("a quarter of it", "unmatched"),
        ("¾ of it", "unmatched"),
        ("a price of 1,234.5", "matched"),
        ("sixty-one of them", "matched"),
        ("a hundred of them", "unmatched"),
        ("over 60 of them", "matched"),
        ("over 62 of them", "unmatched"),
        ("under 60 of them", "unmatched"),
        ("3 days", "unmatched"),
        ("3 rows", "plain"),
        ("4 rows", "unmatched"),
        ("the 3rd row", "plain"),
        ("the 7th row", "unmatched"),
        ("on 2026-11-25", "plain"),
        ("on 25 November 2026", "plain"),
        ("on November 26", "plain"),
        ("at 10:30", "unmatched"),
        ("in December 2026", "plain"),
        ("in October 2026", "unmatched"),
        ("on 2026-11-27", "unmatched"),
        ("on 25.11.2026", "plain"),
        ("in 2026", "plain"),
        ("in 2024", "unmatched"),
        ("see R-48213", "plain"),
        ("see R-48214", "unmatched"),
        ("item v1.2.3", "unmatched"),
        ("http://x.example/48213", "unmatched"),
    ],
)
def test_each_way_to_write_a_number_has_its_verdict(text: str, verdict: str) -> None:
    assert [each for _, each in verdicts(text, DATA)] == [verdict]


def test_numbers_in_a_name_are_part_of_it_and_elsewhere_are_not() -> None:
    assert [each for _, each in verdicts("by ISO 2859-1", DATA)] == ["plain", "plain"]
    assert verdicts("by ISO 2859-2", DATA)[1] == ("2", "unmatched")
    assert verdicts("2859 of them", DATA) == [("2859", "unmatched")]


def test_both_ends_of_a_range_are_looked_at_in_its_unit() -> None:
    data = {"low_pct": 10.5, "high_pct": 12.5, "rows": 10}
    assert verdicts("between 10.5 and 12.5 %", data) == [("10.5", "matched"), ("12.5 %", "matched")]
    assert verdicts("10.5–13.5 %", data) == [("10.5", "matched"), ("13.5 %", "unmatched")]
    assert verdicts("from 1.2 to 3.4 million", {"a": 1_200_000, "b": 3_400_000}) == [
        ("1.2", "matched"),
        ("3.4 million", "matched"),
    ]


def test_numbers_of_items_are_plain_while_they_count_up() -> None:
    text = "1. Sales fell.\n2. Stock is low.\n4. Order more."
    assert verdicts(text, {}) == [("1", "plain"), ("2", "plain"), ("4", "unmatched")]


@pytest.mark.parametrize(
    "text", ["one of them", "this one is fine", "No one knows.", "first, second and third", "at once"]
)
def test_words_that_count_nothing_are_left_alone(text: str) -> None:
    assert verdicts(text, {}) == []


def test_a_count_of_a_whole_is_no_share() -> None:
    assert verdicts("100 %", {"n": 1}) == [("100 %", "unmatched")]
    assert verdicts("100 %", {"share_sold": 1}) == [("100 %", "matched")]
    assert verdicts("12 %", {"n": 12}) == [("12 %", "unmatched")]


def test_units_come_from_the_schema_and_from_beside_the_figure() -> None:
    class Dose(BaseModel):
        amount: float = Field(json_schema_extra={"unit": "mg"})

    class Report(BaseModel):
        doses: list[Dose]

    report = Report(doses=[Dose(amount=7.5)])
    assert verdicts("7.5 mg or 7.5 g", report) == [("7.5", "matched"), ("7.5", "unmatched")]
    assert verdicts("7.5 g", report.model_dump(), Report) == [("7.5", "unmatched")]
    assert verdicts("7.5 kg", {"value": 7.5, "unit": "kg"}) == [("7.5", "matched")]


def test_a_coarse_number_is_off_by_no_more_than_five_percent() -> None:
    assert verdicts("3", {"x": 3.4}) == [("3", "unmatched")]
    assert verdicts("about 1,000", {"x": 1_400}) == [("1,000", "unmatched")]
    assert verdicts("about 1,400", {"x": 1_431.7}) == [("1,400", "matched")]
    assert verdicts("2 million", {"x": 1_600_000}) == [("2 million", "unmatched")]


def test_one_text_has_one_decimal_mark() -> None:
    assert verdicts("It is 1.234 and 12,5 of it.", {"a": 1234, "b": 12.5}) == [
        ("1.234", "matched"),
        ("12,5", "matched"),
    ]
    assert verdicts("It is 1.234 of it.", {"a": 1234}) == [("1.234", "unmatched")]


def test_places_are_told() -> None:
    checked = check("61 and 7.25", figures_of(DATA, path="output"))
    assert [each.source_path for each in checked] == ["output.rows[2].v", "output.rows[1].v"]
    assert [(each.start, each.end) for each in checked] == [(0, 2), (7, 11)]


@no_deadline
@given(st.text(max_size=120))
def test_any_text_can_be_read_and_places_are_in_order(text: str) -> None:
    checked = check(text, figures_of(DATA))
    assert all(text[each.start : each.end] for each in checked)
    assert [each.start for each in checked] == sorted(each.start for each in checked)


def test_a_hundred_explanations_with_a_wrong_number_have_it_marked_and_nothing_else() -> None:
    seen = 0
    for explanation in explanations("everyday"):
        checked = check(explanation.text, figures_of(explanation.result))
        start, end = explanation.wrong
        wrong = [each for each in checked if each.start < end and start < each.end]
        assert wrong, explanation
        assert all(each.verdict is Verdict.UNMATCHED for each in wrong), explanation
        assert not [each for each in checked if each not in wrong and each.verdict is Verdict.UNMATCHED], explanation
        seen += 1
    assert seen == 100 == 5 * len(WAYS)


@pytest.mark.parametrize("text", ["It has 12 series.", "It has 13 series.", "There are 12 of them.", "It has 12."])
def test_a_number_that_says_no_share_stands_for_no_percentage(text: str) -> None:
    ((_, verdict),) = verdicts(text, {"error_pct": 12.5, "series": [1, 2, 3]})
    assert verdict == "unmatched"


@pytest.mark.parametrize(
    "text", ["The error is 12.5 %.", "12.5 percent is off.", "The share is 12.5.", "In per cent: 12.5."]
)
def test_a_number_that_says_so_stands_for_a_percentage(text: str) -> None:
    ((_, verdict),) = verdicts(text, {"error_pct": 12.5})
    assert verdict == "matched"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("12 series", "unmatched"), ("13 series", "unmatched"), ("4 series", "matched"), ("3 series", "plain")],
)
def test_what_a_list_is_named_after_is_counted_and_never_rounded(text: str, verdict: str) -> None:
    data = {"mean": 12.5, "wanted": 4, "series": ["a", "b", "c"]}
    assert verdicts(f"It has {text}.", data) == [(text.split(maxsplit=1)[0], verdict)]
