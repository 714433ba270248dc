"""Forecasts of single series: ordered, repeatable, and honest about odd data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.retail.analytics import metrics
from apps.retail.analytics.demand import classify
from apps.retail.analytics.forecasting import forecast

numbers = st.lists(st.floats(0, 1e6), min_size=1, max_size=40).map(np.asarray)


@given(numbers)
def test_a_perfect_forecast_has_no_error(actual: metrics.Values) -> None:
    assert metrics.smape(actual, actual) == 0
    assert metrics.bias(actual, actual) == 0


@pytest.mark.parametrize(
    ("values", "name"),
    [([5, 6, 5, 6], "smooth"), ([1, 90, 1, 1], "erratic"), ([0, 5, 0, 5], "intermittent"), ([0, 1, 0, 90], "lumpy")],
)
def test_demand_is_classed_by_interval_and_variation(values: list[float], name: str) -> None:
    assert classify(np.asarray(values, dtype=float)).name == name


def test_quantiles_are_ordered_and_a_second_run_gives_the_same() -> None:
    values = np.random.default_rng(7).poisson(20, 60).astype(float)
    first, second = (forecast(values, 8, "weekly") for _ in range(2))
    assert (first.quantiles[10] <= first.quantiles[50]).all()
    assert (first.quantiles[50] <= first.quantiles[90]).all()
    assert first.point.tolist() == second.point.tolist()
    assert set(first.metrics) == {"smape", "mase", "rmsse", "pinball", "bias"}


def test_intermittent_demand_gets_an_intermittent_method() -> None:
    made = forecast(np.tile([0.0, 0.0, 4.0], 20), 6, "weekly")
    assert any(name in made.model for name in ("Croston", "TSB", "ADIDA", "IMAPA"))


@pytest.mark.parametrize(
    ("values", "note"), [([3.0], "Too short"), ([4.0] * 20, "Constant"), ([-1.0, 5.0] * 10, "Negative")]
)
def test_odd_series_are_forecast_and_told(values: list[float], note: str) -> None:
    made = forecast(np.asarray(values), 4, "weekly")
    assert len(made.point) == 4
    assert any(note in exception for exception in made.exceptions)
