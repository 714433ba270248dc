"""Centre lines and limits are those of the textbook's formulas, derived here a second time and in other ways."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from apps.manufacturing.analytics import charts, constants, shifts
from apps.manufacturing.analytics.charts import Known, Unusable
from apps.manufacturing.analytics.samples import Order, Samples
from tests.manufacturing.tables import lines_of, piston_rings, samples_of

CHANCE = np.random.default_rng(11)


def range_moments(n: int) -> tuple[float, float]:
    """Mean and deviation of the range of n normal values, by adaptive integration of its density."""

    def density(w: float) -> float:
        def inner(x: float) -> float:
            between = stats.norm.cdf(x + w) - stats.norm.cdf(x)
            return float(between ** (n - 2) * stats.norm.pdf(x) * stats.norm.pdf(x + w))

        return n * (n - 1) * float(integrate.quad(inner, -9, 9, limit=200)[0])

    mean = integrate.quad(lambda w: w * density(w), 0, 14, limit=200)[0]
    square = integrate.quad(lambda w: w * w * density(w), 0, 14, limit=200)[0]
    return float(mean), math.sqrt(square - mean**2)


@pytest.mark.parametrize("n", [2, 5])
def test_the_constants_of_ranges_are_their_moments(n: int) -> None:
    assert (constants.d2(n), constants.d3(n)) == pytest.approx(range_moments(n), abs=1e-6)


@pytest.mark.parametrize(
    ("n", "d2", "d3", "c4"),
    # Montgomery, Introduction to Statistical Quality Control, appendix VI.
    [(2, 1.128, 0.853, 0.7979), (3, 1.693, 0.888, 0.8862), (5, 2.326, 0.864, 0.9400), (10, 3.078, 0.797, 0.9727),
     (25, 3.931, 0.708, 0.9896)],
)  # fmt: skip
def test_the_constants_are_those_of_published_tables(n: int, d2: float, d3: float, c4: float) -> None:
    assert constants.d2(n) == pytest.approx(d2, abs=5.1e-4)
    assert constants.d3(n) == pytest.approx(d3, abs=6e-4)
    assert constants.c4(n) == pytest.approx(c4, abs=5.1e-5)


def test_the_constants_of_two_values_are_known_exactly() -> None:
    assert constants.d2(2) == pytest.approx(2 / math.sqrt(math.pi), abs=1e-12)
    assert constants.d3(2) == pytest.approx(math.sqrt(2 - 4 / math.pi), abs=1e-9)
    assert constants.c4(2) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-12)
    assert constants.c4(3) == pytest.approx(math.sqrt(math.pi) / 2, abs=1e-12)


@pytest.mark.parametrize("n", [1, 0, 101])
def test_a_range_of_too_few_or_too_many_values_has_no_constant(n: int) -> None:
    with pytest.raises(ValueError, match="range"):
        constants.d2(n)


def test_piston_rings_have_the_limits_of_means_and_ranges_that_are_published() -> None:
    level, spread = charts.xbar_r(piston_rings())
    # Montgomery, example 6.1; R package qcc, help page of qcc().
    assert level.centre[0] == pytest.approx(74.001176, abs=1e-5)
    assert (level.lower[0], level.upper[0]) == pytest.approx((73.98805, 74.01430), abs=1e-5)
    assert (spread.centre[0], spread.lower[0], spread.upper[0]) == pytest.approx((0.02276, 0, 0.04813), abs=1e-5)
    assert [int(at) + 1 for at in np.flatnonzero(level.points > level.upper)] == [37, 38, 39]


def test_piston_rings_have_the_limits_of_deviations_by_the_exact_formula() -> None:
    data = piston_rings()
    level, spread = charts.xbar_s(data)
    within = data.values.reshape(40, 5)[:25].std(axis=1, ddof=1).mean()
    c4 = math.gamma(2.5) / math.gamma(2) * math.sqrt(2 / 4)
    assert spread.centre[0] == pytest.approx(within, abs=1e-9)
    assert spread.upper[0] == pytest.approx(within * (1 + 3 * math.sqrt(1 - c4**2) / c4), abs=1e-5)
    assert level.upper[0] == pytest.approx(74.001176 + 3 * within / (c4 * math.sqrt(5)), abs=1e-5)


def test_orange_juice_has_the_limits_that_are_published() -> None:
    rows = lines_of("manufacturing", "qcc", "orangejuice.txt")
    found, sizes = (np.array([int(row[at]) for row in rows]) for at in (1, 2))
    order = Order([row[0] for row in rows], baseline=np.array([row[3] == "TRUE" for row in rows]))
    (chart,) = charts.p_chart(found, sizes, order)
    share = found[:30].sum() / sizes[:30].sum()
    assert chart.centre[0] == pytest.approx(0.2313333, abs=1e-6)  # Montgomery, example 7.1
    reach = 3 * math.sqrt(share * (1 - share) / 50)
    assert (chart.lower[0], chart.upper[0]) == pytest.approx((share - reach, share + reach), abs=1e-9)
    assert (chart.lower[0], chart.upper[0]) == pytest.approx((0.0524, 0.4102), abs=1e-4)
    assert [int(at) + 1 for at in np.flatnonzero((chart.points > chart.upper)[:30])] == [15, 23]
    (numbers,) = charts.np_chart(found, sizes, order)
    assert numbers.upper == pytest.approx(50 * chart.upper)


def test_single_values_have_limits_by_their_mean_moving_range() -> None:
    values = [10.0, 12.0, 11.0, 14.0, 10.0, 11.0]
    level, spread = charts.imr(samples_of([[value] for value in values]))
    moved = np.mean([abs(b - a) for a, b in pairwise(values)])
    # 2.66 and 3.267 are the textbook's 3 / d2(2) and D4(2), here from their closed forms.
    assert level.upper[0] == pytest.approx(np.mean(values) + 3 * moved * math.sqrt(math.pi) / 2, abs=1e-9)
    assert spread.upper[0] == pytest.approx(moved * (1 + 3 * math.sqrt(math.pi / 2 - 1)), abs=1e-9)
    assert math.isnan(spread.points[0])


def test_samples_of_different_size_have_limits_of_their_own() -> None:
    groups = [[1.0, 2.0, 4.0], [2.0, 3.0], [1.0, 2.0, 3.0, 5.0], [2.0, 2.5]]
    level, spread = charts.xbar_s(samples_of(groups))
    sigma = np.mean([np.std(g, ddof=1) / constants.c4(len(g)) for g in groups])
    mean = np.mean([value for group in groups for value in group])
    for at, group in enumerate(groups):
        assert level.upper[at] == pytest.approx(mean + 3 * sigma / math.sqrt(len(group)))
        assert spread.centre[at] == pytest.approx(constants.c4(len(group)) * sigma)


def test_a_sample_that_lost_all_but_one_value_has_a_mean_and_no_range() -> None:
    level, spread = charts.xbar_r(samples_of([[1.0, 2.0, 3.0], [2.0], [1.0, 3.0, 4.0]]))
    assert level.points[1] == 2.0
    assert math.isnan(spread.points[1])
    assert np.isfinite(spread.upper).all()


def test_defects_have_poisson_limits() -> None:
    found, sizes = np.array([4, 9, 0, 3]), np.array([1, 2, 1, 4])
    (rate,) = charts.u_chart(found, sizes, Order(list("abcd")))
    assert rate.centre[0] == 2.0
    assert rate.upper[1] == pytest.approx(2 + 3 * math.sqrt(2 / 2))
    assert rate.lower[1] == 0
    (number,) = charts.c_chart(found, np.ones(4, dtype=int), Order(list("abcd")))
    assert (number.centre[0], number.upper[0]) == (4.0, 10.0)


def test_np_and_c_charts_refuse_samples_of_different_size() -> None:
    for kind in (charts.np_chart, charts.c_chart):
        with pytest.raises(Unusable, match="1 to 2 items"):
            kind(np.array([1, 1]), np.array([1, 2]), Order(["a", "b"]))


def test_each_stage_has_limits_of_its_own_and_no_moving_range_reaches_over() -> None:
    values = [1.0, 2.0, 1.0, 2.0, 11.0, 13.0, 11.0, 13.0]
    level, spread = charts.imr(samples_of([[value] for value in values], stages=[0, 4], names=["old", "new"]))
    assert (level.centre[0], level.centre[7]) == (1.5, 12.0)
    assert level.sigma == pytest.approx((1 / constants.d2(2), 2 / constants.d2(2)))
    assert math.isnan(spread.points[4])


def test_limits_come_from_the_baseline_alone() -> None:
    based = np.array([True] * 4 + [False] * 2)
    level, _ = charts.imr(samples_of([[1.0], [2.0], [1.0], [2.0], [50.0], [90.0]], baseline=based))
    assert level.centre[0] == 1.5
    assert level.sigma[0] == pytest.approx(1 / constants.d2(2))


def test_known_mean_and_deviation_fix_the_limits() -> None:
    level, spread = charts.xbar_r(samples_of([[1.0, 2.0], [2.0, 4.0]]), 3.0, Known(10.0, 2.0))
    assert (level.centre[0], level.upper[0]) == pytest.approx((10.0, 10 + 6 / math.sqrt(2)))
    assert spread.centre[0] == pytest.approx(2 * constants.d2(2))


def test_values_that_are_all_the_same_cannot_be_charted() -> None:
    with pytest.raises(Unusable, match="too coarse"):
        charts.imr(samples_of([[1.0], [1.0], [1.0]]))


def test_a_stage_of_one_value_cannot_be_charted() -> None:
    with pytest.raises(Unusable, match="Stage “new” has too few"):
        charts.imr(samples_of([[1.0], [2.0], [3.0]], stages=[0, 2], names=["old", "new"]))


def test_ewma_is_its_recursion_with_the_exact_error() -> None:
    values = CHANCE.normal(10, 1, 30)
    chart = shifts.ewma(samples_of([[v] for v in values]), charts.sigma_by_moving_range, 0.2, 2.7, Known(10.0, 1.0))
    z, expected = 10.0, []
    for value in values:
        z = 0.2 * value + 0.8 * z
        expected.append(z)
    assert chart.points == pytest.approx(np.array(expected))
    t = np.arange(1, 31)
    assert chart.upper == pytest.approx(10 + 2.7 * np.sqrt(0.2 / 1.8 * (1 - 0.8 ** (2 * t))))


def test_cusum_is_its_recursion_and_begins_anew_with_each_stage() -> None:
    values = CHANCE.normal(0.4, 1, 50)
    data = samples_of([[value] for value in values], stages=[0, 20], names=["a", "b"])
    up, down = shifts.cusum(data, charts.sigma_by_moving_range, 1.0, 5.0, Known(0.0, 1.0))
    high = low = 0.0
    for at, value in enumerate(values):
        if at in {0, 20}:
            high = low = 0.0
        high, low = max(0.0, value - 0.5 + high), max(0.0, -value - 0.5 + low)
        assert (up.points[at], -down.points[at]) == pytest.approx((high, low), abs=1e-12)
    assert (up.upper[0], down.lower[0]) == (5.0, -5.0)


def test_t_squared_is_the_distance_of_mahalanobis_with_the_limits_of_both_phases() -> None:
    data = CHANCE.multivariate_normal([1, 2], [[1, 0.6], [0.6, 2]], 40)
    based = np.arange(40) < 30
    columns = [samples_of([[v] for v in data[:, at]], baseline=based) for at in (0, 1)]
    joint = shifts.hotelling(columns, ["a", "b"], 0.01)
    centre, inverse = data[:30].mean(axis=0), np.linalg.inv(np.cov(data[:30].T))
    for at in (0, 17, 39):
        away = data[at] - centre
        assert joint.chart.points[at] == pytest.approx(away @ inverse @ away)
        alone = away[1] ** 2 / np.var(data[:30, 1], ddof=1)
        assert joint.parts[at, 0] == pytest.approx(joint.chart.points[at] - alone)
    m, p = 30, 2
    assert joint.chart.upper[0] == pytest.approx((m - 1) ** 2 / m * stats.beta.ppf(0.99, p / 2, (m - p - 1) / 2))
    later = p * (m + 1) * (m - 1) / (m * m - m * p) * stats.f.ppf(0.99, p, m - p)
    assert joint.chart.upper[39] == pytest.approx(later)


def test_t_squared_of_samples_takes_the_covariance_within_them() -> None:
    data = CHANCE.normal(0, 1, (2, 25, 4))
    columns = [samples_of(data[at].tolist()) for at in (0, 1)]
    joint = shifts.hotelling(columns, ["a", "b"], 0.01)
    pooled = np.mean([np.cov(data[:, sample]) for sample in range(25)], axis=0)
    away = data[:, 3].mean(axis=1) - data.mean(axis=(1, 2))
    assert joint.chart.points[3] == pytest.approx(4 * away @ np.linalg.inv(pooled) @ away)


def test_characteristics_that_say_the_same_are_refused() -> None:
    values = CHANCE.normal(0, 1, 20)
    columns = [samples_of([[v] for v in values]), samples_of([[2 * v] for v in values])]
    with pytest.raises(Unusable, match="say the same"):
        shifts.hotelling(columns, ["a", "b"], 0.01)


def test_samples_know_their_sizes_means_ranges_and_deviations() -> None:
    data = Samples.of([[1.0, 3.0], [5.0], [2.0, 4.0, 9.0]])
    assert data.sizes.tolist() == [2, 1, 3]
    assert data.means.tolist() == [2, 5, 5]
    assert data.ranges.tolist() == [2, 0, 7]
    assert data.deviations[[0, 2]] == pytest.approx([math.sqrt(2), math.sqrt(13)])
