"""Sampling plans against the master tables of the standard, and their curves against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from apps.manufacturing.analytics import sampling
from apps.manufacturing.analytics.sampling import (
    AQLS,
    LETTERS,
    NoPlan,
    Plan,
    code_letter,
    decide,
    plan_for,
    single_plan,
)

# MIL-STD-105E (1989, public domain), tables II-A and II-B, whose plans ISO 2859-1 has as well: sample size and
# acceptance number for AQLs of 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5 and 10, after the arrows.
NORMAL = {
    "A": "125/0 80/0 50/0 32/0 20/0 13/0 8/0 5/0 3/0 2/0 5/1",
    "D": "125/0 80/0 50/0 32/0 20/0 13/0 8/0 5/0 13/1 8/1 8/2",
    "F": "125/0 80/0 50/0 32/0 20/0 13/0 32/1 20/1 20/2 20/3 20/5",
    "J": "125/0 80/0 50/0 125/1 80/1 80/2 80/3 80/5 80/7 80/10 80/14",
    "L": "125/0 315/1 200/1 200/2 200/3 200/5 200/7 200/10 200/14 200/21 125/21",
    "N": "500/1 500/2 500/3 500/5 500/7 500/10 500/14 500/21 315/21 200/21 125/21",
    "R": "2000/5 2000/7 2000/10 2000/14 2000/21 1250/21 800/21 500/21 315/21 200/21 125/21",
}
TIGHTENED = {
    "A": "200/0 125/0 80/0 50/0 32/0 20/0 13/0 8/0 5/0 3/0 8/1",
    "F": "200/0 125/0 80/0 50/0 32/0 20/0 50/1 32/1 20/1 20/2 20/3",
    "J": "200/0 125/0 80/0 200/1 125/1 80/1 80/2 80/3 80/5 80/8 80/12",
    "L": "200/0 500/1 315/1 200/1 200/2 200/3 200/5 200/8 200/12 200/18 125/18",
    "R": "2000/3 2000/5 2000/8 2000/12 2000/18 1250/18 800/18 500/18 315/18 200/18 125/18",
}
COLUMNS = AQLS[5:16]


@pytest.mark.parametrize(("severity", "cells"), [("normal", NORMAL), ("tightened", TIGHTENED)])
def test_plans_are_those_of_the_master_tables(severity: sampling.Severity, cells: dict[str, str]) -> None:
    for letter, line in cells.items():
        made = [single_plan(letter, aql, severity) for aql in COLUMNS]
        assert [f"{plan.size}/{plan.accept}" for plan in made] == line.split(), letter


def test_the_plan_of_the_standards_example() -> None:
    plan = plan_for(1000, 1.0)
    assert (plan.letter, plan.size, plan.accept) == ("J", 80, 2)


@pytest.mark.parametrize(
    ("letter", "aql", "size", "accept"), [("J", 1.0, 32, 1), ("L", 0.65, 80, 2), ("M", 0.65, 125, 3), ("E", 1.0, 5, 0)]
)
def test_reduced_plans_take_fewer_items(letter: str, aql: float, size: int, accept: int) -> None:
    plan = single_plan(letter, aql, "reduced")
    assert (plan.size, plan.accept) == (size, accept)


# MIL-STD-105E, table II-C: acceptance and rejection number of plans, from the first that accepts one defect on. Between
# both a lot was accepted, and inspection went back to normal; ISO 2859-1:1999 has one number for both.
GAPS = ((1, 3), (1, 4), (2, 5), (3, 6), (5, 8), (7, 10), (10, 13))


def test_reduced_plans_accept_what_lies_between_both_numbers_of_the_older_standard() -> None:
    for accept, (least, rejected) in zip(sampling.STEPS["reduced"][4:], GAPS, strict=True):
        assert isinstance(accept, int)
        assert least <= accept < rejected


def test_reduced_inspection_looks_at_what_normal_inspection_looks_at_two_letters_before() -> None:
    assert (2, 2, *sampling.SIZES[: len(sampling.REDUCED_SIZES) - 2]) == sampling.REDUCED_SIZES


def test_reduced_inspection_takes_fewer_items_and_never_refuses_more_lots_of_the_limit() -> None:
    for letter in LETTERS[:-1]:
        for aql in (each for each in AQLS if each <= 10):
            normal, reduced = single_plan(letter, aql), single_plan(letter, aql, "reduced")
            assert reduced.size <= normal.size
            at = np.array([aql, 2 * aql, 4 * aql])
            assert (reduced.accepted(at) >= normal.accepted(at) - 0.005).all()


@pytest.mark.parametrize("severity", ["normal", "tightened", "reduced"])
def test_every_letter_and_aql_leads_to_a_plan(severity: sampling.Severity) -> None:
    for letter in LETTERS[:-1]:
        for aql in AQLS:
            if severity == "reduced" and aql > 10:
                continue
            plan = single_plan(letter, aql, severity)
            assert plan.size > plan.accept or aql > 10


def test_tightened_inspection_never_accepts_what_normal_inspection_rejects_more_often() -> None:
    for letter in LETTERS[3:-1]:
        for aql in COLUMNS:
            normal, tightened = single_plan(letter, aql), single_plan(letter, aql, "tightened")
            at = np.array([2 * aql])
            assert tightened.accepted(at)[0] <= normal.accepted(at)[0] + 1e-12


@pytest.mark.parametrize(
    ("lot", "level", "letter"),
    [(2, "II", "A"), (8, "III", "B"), (9, "II", "B"), (1200, "II", "J"), (1201, "II", "K"), (500_001, "II", "Q"),
     (500_001, "S-1", "D"), (35_000, "S-4", "H"), (10_000, "I", "J"), (280, "S-3", "D")],
)  # fmt: skip
def test_code_letters_are_those_of_table_1(lot: int, level: sampling.Level, letter: str) -> None:
    assert code_letter(lot, level) == letter


def test_what_the_standard_does_not_have_is_refused() -> None:
    with pytest.raises(NoPlan, match="2 items"):
        code_letter(1)
    with pytest.raises(NoPlan, match="none of the standard's"):
        single_plan("J", 1.1)
    with pytest.raises(NoPlan, match="up to an AQL of 10"):
        single_plan("J", 15.0, "reduced")


def test_a_sample_larger_than_the_lot_is_the_whole_lot() -> None:
    assert plan_for(20, 0.15).size == 20


def test_the_curve_is_the_sum_of_its_chances() -> None:
    plan = single_plan("J", 1.0)
    for percent in (0.5, 1.0, 4.0):
        p = percent / 100
        chance = sum(math.comb(80, k) * p**k * (1 - p) ** (80 - k) for k in range(3))
        assert plan.accepted(np.array([percent]))[0] == pytest.approx(chance)
    assert plan.producer_risk == pytest.approx(1 - plan.accepted(np.array([1.0]))[0])
    for chance in (0.95, 0.10):
        assert plan.accepted(np.array([plan.quality_at(chance)]))[0] == pytest.approx(chance)


def test_defects_per_100_items_follow_poisson() -> None:
    plan = single_plan("E", 15.0)
    mean = plan.size * 0.15
    chance = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(plan.accept + 1))
    assert plan.accepted(np.array([15.0]))[0] == pytest.approx(chance)
    assert plan.accepted(np.array([plan.quality_at(0.1)]))[0] == pytest.approx(0.1)


def test_the_outgoing_limit_is_the_highest_point_of_its_curve() -> None:
    plan, grid = single_plan("J", 1.0), np.linspace(0, 20, 200_001)
    assert plan.worst_outgoing(1000) == pytest.approx(plan.outgoing(grid, 1000).max(), rel=1e-7)
    assert Plan("A", 20, 0, 1.0).worst_outgoing(20) == 0


def test_two_rejected_lots_of_five_tighten_and_five_accepted_ones_loosen() -> None:
    found = [0, 9, 0, 9, 0, 0, 0, 0, 0, 0]
    made = decide([1000] * 10, found, 1.0, severity="switching")
    assert [one.plan.severity for one in made] == ["normal"] * 4 + ["tightened"] * 5 + ["normal"]
    assert "two of five" in made[3].switched
    assert "five lots in a row" in made[8].switched


def test_a_score_of_thirty_reduces_and_a_rejected_lot_ends_it() -> None:
    made = decide([1000] * 12, [0] * 11 + [9], 1.0, severity="switching")
    assert [one.plan.severity for one in made] == ["normal"] * 10 + ["reduced"] * 2
    assert made[9].switched.startswith("reduced")
    assert made[11].switched.startswith("normal")


def test_a_lot_that_a_stricter_plan_would_reject_sets_the_score_back() -> None:
    made = decide([1000] * 11, [0] * 5 + [2] + [0] * 5, 1.0, severity="switching")
    assert {one.plan.severity for one in made} == {"normal"}


def test_five_rejected_lots_in_tightened_inspection_stop_acceptance() -> None:
    made = decide([1000] * 8, [9, 9, 9, 9, 9, 9, 9, 0], 1.0, severity="switching")
    assert "stops" in made[6].switched
    assert made[7].switched == ""


def test_a_lot_that_nobody_looked_at_has_a_plan_and_no_decision() -> None:
    (made,) = decide([1000], [None], 1.0)
    assert (made.plan.size, made.accepted) == (80, None)
