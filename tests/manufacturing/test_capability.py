"""Indices, intervals and normality against their definitions and published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from apps.manufacturing.analytics import charts
from apps.manufacturing.analytics.capability import Spec, capability, histogram, normality, p_value
from tests.manufacturing.tables import piston_rings

CHANCE = np.random.default_rng(5)


def test_piston_rings_have_the_indices_and_intervals_that_are_published() -> None:
    data = piston_rings()
    sigma = charts.sigma_by_range(data, np.arange(40) < 25)
    made = capability(data.values[:125], sigma, Spec(73.95, 74.05, 74.0))
    # R package qcc, vignette "A quick tour of qcc", process.capability(), to its three digits.
    published = {"Cp": (1.703, 1.491, 1.915), "Cpk": (1.663, 1.448, 1.878), "Cpm": (1.691, 1.480, 1.902)}
    for name, figures in published.items():
        index = made[name]
        assert (index.value, index.low, index.high) == pytest.approx(figures, abs=2e-3), name
    mean = data.values[:125].mean()
    assert made["Cp"].value == pytest.approx(0.1 / (6 * sigma), abs=1e-9)
    assert made["Cpk"].value == pytest.approx((74.05 - mean) / (3 * sigma), abs=1e-9)
    assert made["Cpm"].value == pytest.approx(0.1 / (6 * math.sqrt(sigma**2 + (mean - 74) ** 2)), abs=1e-9)


def test_overall_indices_use_the_deviation_of_all_values() -> None:
    values = CHANCE.normal(10, 1, 200)
    made = capability(values, 0.5, Spec(5, 16))
    sigma = values.std(ddof=1)
    assert made["Pp"].value == pytest.approx(11 / (6 * sigma))
    assert made["Ppk"].value == pytest.approx(min(values.mean() - 5, 16 - values.mean()) / (3 * sigma))
    low = made["Pp"].value * math.sqrt(stats.chi2.ppf(0.025, 199) / 199)
    assert made["Pp"].low == pytest.approx(low)


def test_the_interval_of_the_overall_index_holds_as_often_as_it_says() -> None:
    true, held = 10 / 6, 0
    for _ in range(600):
        made = capability(CHANCE.normal(0, 1, 40), 1.0, Spec(-5, 5))
        index = made["Pp"]
        held += (index.low or 0) <= true <= (index.high or 0)
    assert 0.92 <= held / 600 <= 0.98


def test_one_limit_gives_one_sided_indices_only() -> None:
    made = capability(CHANCE.normal(10, 1, 50), 1.0, Spec(upper=13))
    assert [index.name for index in made.indices] == ["Cpk", "Ppk"]


def test_values_outside_are_counted_and_expected() -> None:
    values = np.array([1.0] * 98 + [9.0, -9.0])
    made = capability(values, 1.0, Spec(-5, 5))
    assert made.seen_ppm == 20_000
    inside = stats.norm.cdf(5, values.mean(), made.overall) - stats.norm.cdf(-5, values.mean(), made.overall)
    assert made.expected_ppm == pytest.approx(1e6 * (1 - inside))


@pytest.mark.parametrize(
    ("statistic", "p"),
    # D'Agostino and Stephens 1986, table 4.7: upper tail points of the adjusted statistic.
    [(0.470, 0.25), (0.631, 0.10), (0.752, 0.05), (0.873, 0.025), (1.035, 0.01)],
)
def test_the_p_value_meets_the_published_points(statistic: float, p: float) -> None:
    assert p_value(statistic) == pytest.approx(p, rel=0.03)


def test_the_statistic_is_that_of_another_implementation() -> None:
    values = CHANCE.normal(3, 2, 60)
    found = normality(values)
    assert found is not None
    z = np.sort((values - values.mean()) / values.std(ddof=1))
    i = np.arange(1, 61)
    raw = -60 - np.sum((2 * i - 1) / 60 * (np.log(stats.norm.cdf(z)) + np.log(1 - stats.norm.cdf(z[::-1]))))
    assert found.statistic == pytest.approx(raw * (1 + 0.75 / 60 + 2.25 / 3600), abs=1e-9)


def test_skewed_values_are_not_normal_and_few_values_say_nothing() -> None:
    skewed = normality(CHANCE.exponential(1, 300))
    assert skewed is not None
    assert skewed.p < 1e-6
    assert normality(np.arange(7.0)) is None


def test_the_p_value_is_uniform_where_values_are_normal() -> None:
    found = [made.p for made in (normality(CHANCE.normal(0, 1, 50)) for _ in range(400)) if made]
    assert 0.02 <= np.mean(np.array(found) < 0.05) <= 0.09


def test_a_histogram_holds_every_value_and_parts_at_the_limits() -> None:
    values = CHANCE.normal(0, 1, 500)
    bounds, counts, where = histogram(values, Spec(-1.0, 1.5))
    assert counts.sum() == 500
    assert {-1.0, 1.5} <= set(bounds.tolist())
    out = sum(count for count, place in zip(counts, where, strict=True) if place != "within")
    assert out == int(((values < -1) | (values > 1.5)).sum())
