"""Kidney function, by the formulas as they were published."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.healthcare.analytics import renal
from apps.healthcare.analytics.renal import Sex, ckd_epi_2021, cockcroft_gault, kidney


@pytest.mark.parametrize(
    ("creatinine", "age", "sex", "expected"),
    [
        # At the knots of the spline only age and sex count (Inker 2021, table 2): 142 x 0.9938^age, x 1.012 for women.
        (0.9, 50, "male", 104.05),
        (0.7, 50, "female", 105.30),
        # Above them -1.200 for both sexes: twice the knot is 2^-1.2 of it.
        (1.8, 50, "male", 45.29),
        (1.4, 50, "female", 45.84),
        # Below them -0.302 for men and -0.241 for women: half of the knot.
        (0.45, 50, "male", 128.28),
        (0.35, 50, "female", 124.44),
    ],
)
def test_filtration_is_that_of_the_equation_of_2021(creatinine: float, age: float, sex: Sex, expected: float) -> None:
    assert ckd_epi_2021(creatinine, age, sex) == pytest.approx(expected, abs=0.01)


@given(creatinine=st.floats(0.2, 15), age=st.floats(18, 100), sex=st.sampled_from(["female", "male"]))
def test_filtration_agrees_with_the_equation_in_logarithms(creatinine: float, age: float, sex: Sex) -> None:
    kappa, alpha, female = (0.7, -0.241, math.log(1.012)) if sex == "female" else (0.9, -0.302, 0.0)
    logged = math.log(creatinine / kappa)
    slope = alpha if logged < 0 else -1.2
    expected = math.exp(math.log(142) + slope * logged + age * math.log(0.9938) + female)
    assert ckd_epi_2021(creatinine, age, sex) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("creatinine", "age", "weight", "sex", "expected"),
    [
        (1.0, 60, 72, "male", 80.0),
        (1.0, 60, 72, "female", 68.0),
        (2.0, 80, 60, "male", 25.0),
        (1.0, 140, 70, "male", 0.0),
    ],
)
def test_clearance_is_that_of_cockcroft_and_gault(
    creatinine: float, age: float, weight: float, sex: Sex, expected: float
) -> None:
    assert cockcroft_gault(creatinine, age, weight, sex) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("egfr", "stage"),
    [(120, "G1"), (90, "G1"), (89.9, "G2"), (60, "G2"), (59, "G3a"), (44, "G3b"), (29, "G4"), (15, "G4"), (14, "G5")],
)
def test_stages_are_those_of_kdigo(egfr: float, stage: str) -> None:
    assert renal.stage(egfr) == stage


def test_micromoles_become_milligrams() -> None:
    assert renal.milligrams(88.4, "umol/L") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(105, "mg/dL", "it looks like umol/L"), (1.1, "umol/L", "it looks like mg/dL"), (2_900, "umol/L", "no unit")],
)
def test_a_creatinine_in_the_wrong_unit_is_told(value: float, unit: Any, told: str) -> None:
    with pytest.raises(renal.Unbelievable, match=told):
        renal.milligrams(value, unit)


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({}, "creatinine or eGFR"),
        ({"creatinine": 1.0}, "age and sex"),
        ({"creatinine": 1.0, "age": 50}, "sex"),
        ({"creatinine": 1.0, "age": 50, "sex": "male"}, "weight, for clearance"),
        ({"creatinine": 1.0, "age": 9, "sex": "male"}, "a formula for children"),
        ({"egfr": 50}, ""),
    ],
)
def test_what_is_missing_is_named(known: dict[str, Any], missing: str) -> None:
    nothing: dict[str, Any] = {"creatinine": None, "egfr": None, "age": None, "sex": None, "weight": None}
    assert kidney(**(nothing | known)).missing == missing


def test_clearance_goes_before_filtration_for_doses() -> None:
    found = kidney(creatinine=2.0, egfr=None, age=80, sex="male", weight=60)
    assert found.dosing == found.clearance
    assert kidney(creatinine=None, egfr=44, age=None, sex=None, weight=None).dosing == 44
