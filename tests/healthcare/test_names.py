"""Names as people write them: read where they are certain, unknown where they are not."""

from __future__ import annotations

import pytest

from apps.healthcare.analytics import names
from apps.healthcare.analytics.knowledge import knowledge

KNOWN = knowledge()


@pytest.mark.parametrize(
    ("entered", "drugs", "how"),
    [
        ("Warfarin 3 mg tablets", ("warfarin",), "name"),
        ("Lipitor 20mg", ("atorvastatin",), "other name"),
        ("metoprolol succinate ER 50 mg", ("metoprolol",), "other name"),
        ("Tylenol 3 300 mg tablets", ("codeine", "paracetamol"), "combination"),
        ("bisoprolol fumarate 5 mg od", ("bisoprolol",), "name"),
        ("potassium chloride 8 mEq", ("potassium chloride",), "name"),
        ("penicillin G sodium", ("penicillin G",), "name"),
        ("5-FU", ("fluorouracil",), "other name"),
        ("insulin glargine 10 units at night", ("insulin glargine",), "name"),
        ("St John’s wort", ("st john's wort",), "name"),
        ("Augmentin 875/125", ("amoxicillin", "clavulanate"), "combination"),
        ("simvastatin/ezetimibe 20/10 mg", ("simvastatin", "ezetimibe"), "combination"),
        ("lisinopril-hctz", ("lisinopril", "hydrochlorothiazide"), "combination"),
        ("11289", ("warfarin",), "code"),
        ("RxNorm: 703", ("amiodarone",), "code"),
        ("warfrin", ("warfarin",), "spelling"),
        ("amoidarone", ("amiodarone",), "spelling"),
        ("levothyroxin 50 mcg", ("levothyroxine",), "spelling"),
    ],
)
def test_a_certain_name_is_read(entered: str, drugs: tuple[str, ...], how: str) -> None:
    found = names.read(entered, KNOWN)
    assert (found.drugs, found.how) == (drugs, how)


@pytest.mark.parametrize(
    "entered", ["foobarol", "x", "99999999", "warfarin-and-moonshine", "500 mg", "", "tablets", "🙂", "a" * 5_000]
)
def test_an_uncertain_name_stays_unknown(entered: str) -> None:
    found = names.read(entered, KNOWN)
    assert (found.drugs, found.how) == ((), "unknown")


def test_two_mistakes_are_offered_and_not_taken() -> None:
    found = names.read("clonipin", KNOWN)
    assert found.drugs == ()
    assert "klonopin" in found.offered


def test_every_name_of_the_base_is_read_as_its_own_drug() -> None:
    for name, stands_for in KNOWN.synonyms.items():
        expected = KNOWN.combinations.get(stands_for, (stands_for,))
        assert names.read(name, KNOWN).drugs == expected, name
        assert names.read(f"{name.upper()} 10 mg tablets", KNOWN).drugs == expected, name


def test_a_list_is_parted_where_people_part_it() -> None:
    text = "warfarin 1,000 mg, aspirin; co-trimoxazole 400/80\nfoo,bar;;"
    assert names.listed(text) == ["warfarin 1,000 mg", "aspirin", "co-trimoxazole 400/80", "foo", "bar"]


def test_help_while_typing_begins_with_names_that_begin_so() -> None:
    assert names.suggested("warf", KNOWN) == ["warfarin"]
    assert names.suggested("omep", KNOWN)[0] == "omeprazole"
    assert names.suggested("wafarin", KNOWN)[0] == "warfarin"
    assert names.suggested("", KNOWN) == []


@pytest.mark.parametrize(
    ("one", "other", "mistakes"),
    [
        ("warfarin", "warfarin", 0),
        ("warfrin", "warfarin", 1),
        ("wrafarin", "warfarin", 1),
        ("abc", "xyz", 3),
        ("abcdef", "uvwxyz", 4),
    ],
)
def test_distance_counts_letters(one: str, other: str, mistakes: int) -> None:
    assert names.distance(one, other, 3) == mistakes
