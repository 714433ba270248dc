"""Measures of forecasts and classes of demand, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.retail.analytics import metrics
from apps.retail.analytics.demand import ADI_CUT, CV2_CUT, classify

numbers = st.lists(st.floats(0, 1e6), min_size=2, max_size=40).map(np.asarray)
pairs = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=40).map(
    lambda rows: (np.array([a for a, _ in rows]), np.array([f for _, f in rows]))
)


@given(numbers, numbers)
def test_a_perfect_forecast_has_no_error(actual: metrics.Values, training: metrics.Values) -> None:
    assert metrics.smape(actual, actual) == 0
    assert metrics.bias(actual, actual) == 0
    assert metrics.pinball(actual, actual, 0.9) == 0
    if np.ptp(training) > 1e-3:
        assert metrics.mase(actual, actual, training) == 0
        assert metrics.rmsse(actual, actual, training) == 0


@given(pairs)
def test_smape_is_symmetric_and_within_its_bounds(pair: tuple[metrics.Values, metrics.Values]) -> None:
    actual, forecast = pair
    assert 0 <= metrics.smape(actual, forecast) <= 200 + 1e-9
    assert metrics.smape(actual, forecast) == pytest.approx(metrics.smape(forecast, actual))


@given(pairs)
def test_the_pinball_loss_of_the_median_is_half_the_absolute_error(pair: tuple[metrics.Values, metrics.Values]) -> None:
    actual, forecast = pair
    assert metrics.pinball(actual, forecast, 0.5) == pytest.approx(np.abs(actual - forecast).mean() / 2)


@given(pairs, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_pinball_loss_is_least_at_the_quantile_itself(
    pair: tuple[metrics.Values, metrics.Values], level: float
) -> None:
    actual, other = pair
    best = np.full(len(actual), np.quantile(actual, level, method="inverted_cdf"))
    assert metrics.pinball(actual, best, level) <= metrics.pinball(actual, np.full(len(actual), other[0]), level) + 1e-6


@given(pairs, numbers, st.floats(0.5, 100))
def test_scaled_errors_do_not_depend_on_the_unit(
    pair: tuple[metrics.Values, metrics.Values], training: metrics.Values, unit: float
) -> None:
    if np.ptp(training) < 1:
        return
    actual, forecast = pair
    for measure in (metrics.mase, metrics.rmsse):
        scaled = measure(unit * actual, unit * forecast, unit * training)
        assert scaled == pytest.approx(measure(actual, forecast, training), rel=1e-6)


def test_the_measures_of_a_worked_example() -> None:
    training, actual, forecast = (np.array(x, dtype=float) for x in ([10, 12, 9, 13], [10, 20], [12, 16]))
    assert metrics.step(training) == 3
    assert metrics.mase(actual, forecast, training) == 1
    assert metrics.rmsse(actual, forecast, training) == pytest.approx(np.sqrt(10 / (29 / 3)))
    assert metrics.smape(actual, forecast) == pytest.approx((400 / 22 + 800 / 36) / 2)
    assert metrics.bias(actual, forecast) == -1


def test_scaled_errors_are_undefined_after_a_constant_history() -> None:
    constant, actual = np.full(5, 3.0), np.array([4.0])
    assert np.isnan(metrics.mase(actual, actual, constant))
    assert np.isnan(metrics.rmsse(actual, actual, constant[:1]))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([5, 6, 5, 6], "smooth"),
        ([1, 90, 1, 1], "erratic"),
        ([0, 5, 0, 5], "intermittent"),
        ([0, 1, 0, 90], "lumpy"),
        ([0, 0, 0], "none"),
    ],
)
def test_demand_is_classed_by_interval_and_variation(values: list[float], name: str) -> None:
    assert classify(np.asarray(values, dtype=float)).name == name


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(2, 1000))
def test_a_class_follows_its_cuts_and_not_the_unit(sold: list[int], unit: int) -> None:
    found = classify(np.array(sold, dtype=float))
    assert found.name == classify(np.array(sold, dtype=float) * unit).name
    if any(sold):
        often, even = found.adi < ADI_CUT, found.cv2 < CV2_CUT
        expected = {
            (True, True): "smooth",
            (True, False): "erratic",
            (False, True): "intermittent",
            (False, False): "lumpy",
        }
        assert found.name == expected[often, even]
        assert found.adi >= 1
