"""Forecasts: ordered, repeatable, unable to see what comes after, and honest about odd data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.retail.analytics import models
from apps.retail.analytics.combining import SHORTEST, combine
from apps.retail.analytics.forecasting import Forecast, forecast
from apps.retail.analytics.metrics import Values
from apps.retail.analytics.periods import Frequency
from apps.retail.analytics.reading import Series

histories = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.just(0.0), st.integers(0, 9).map(float)), min_size=1, max_size=40
).map(np.array)


def series(values: Values | list[float], item: str = "a", filled: int = 0, early: int = 0) -> Series:
    return Series(item, "2024-01-01", np.asarray(values, dtype=float), filled, early)


def one(values: Values, horizon: int = 6, frequency: Frequency = "weekly") -> Forecast:
    return forecast([series(values)], horizon, frequency)[0]


def noise(length: int, seed: int = 7) -> Values:
    return np.random.default_rng(seed).normal(0, 3, length)


def wave(season: int, length: int, size: float = 40) -> Values:
    return size * np.sin(2 * np.pi * np.arange(length) / season)


@settings(max_examples=30, deadline=None)
@given(st.lists(histories, min_size=1, max_size=4), st.integers(1, 9))
def test_quantiles_never_cross_and_are_never_negative_where_history_is_not(panel: list[Values], horizon: int) -> None:
    for values, made in zip(panel, forecast([series(v) for v in panel], horizon, "monthly"), strict=True):
        assert len(made.point) == horizon
        assert np.isfinite(made.point).all()
        assert (made.quantiles[10] <= made.quantiles[50]).all()
        assert (made.quantiles[50] <= made.quantiles[90]).all()
        if values.min() >= 0:
            assert min(made.quantiles[10].min(), made.point.min()) >= 0


def test_a_second_run_gives_the_same() -> None:
    values = np.random.default_rng(7).poisson(20, 60).astype(float)
    first, second = one(values), one(values)
    assert first.point.tolist() == second.point.tolist()
    assert first.quantiles[90].tolist() == second.quantiles[90].tolist()
    assert set(first.metrics) == {"smape", "mase", "rmsse", "pinball", "bias"}


def test_a_backtest_does_not_see_what_comes_after_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    values, seen = 100 + noise(80), []

    def spy(y: Values, horizon: int) -> Values:
        seen.append(y)
        return models.naive(y, horizon)

    monkeypatch.setitem(models.REGULAR, "Level", spy)
    found = combine(values, 6, (52,))
    assert [len(y) for y in seen] == [74, 68, 62, 80]
    assert all(y.tolist() == values[: len(y)].tolist() for y in seen)
    assert [found.training(row).tolist() for row in range(3)] == [y.tolist() for y in seen[:3]]


def test_the_weights_of_a_backtest_come_from_the_other_origins() -> None:
    values = 100 + noise(80)
    changed = np.r_[values[:-6], values[-6:] + 50]
    assert combine(values, 6, (52,)).tested[0].tolist() == combine(changed, 6, (52,)).tested[0].tolist()


def test_the_weight_goes_to_the_models_that_did_better() -> None:
    found = combine(100 + noise(200) + wave(52, 200), 13, (52,))
    ranked = sorted(found.errors, key=lambda name: found.errors[name])
    assert next(iter(found.weights)) == ranked[0]
    assert sum(found.weights.values()) == pytest.approx(1)


@pytest.mark.parametrize(("frequency", "season"), [("weekly", 52), ("monthly", 12), ("quarterly", 4), ("daily", 7)])
def test_a_pattern_that_repeats_is_forecast_and_named(frequency: Frequency, season: int) -> None:
    values = 200 + wave(season, 5 * season + season) + noise(6 * season)
    past, ahead = values[: 5 * season], values[5 * season :]
    made = one(past, season, frequency)
    flat = np.abs(ahead - past[-season:].mean()).mean()
    assert np.abs(ahead - made.point).mean() < flat / 3
    assert "pattern that" in made.why


def test_a_pattern_that_grows_with_its_level_is_taken_as_a_ratio() -> None:
    level = np.linspace(100, 400, 72)
    shape = models.shape_of(level * (1 + wave(12, 72, 0.4)), 12)
    assert shape is not None
    assert shape.ratio
    assert shape.strength > 0.9


def test_pure_chance_has_hardly_a_pattern() -> None:
    shapes = [models.shape_of(50 + noise(208, seed), 52) for seed in range(20)]
    assert np.mean([0 if shape is None else shape.strength for shape in shapes]) < 0.15


def test_the_last_cycle_repeats_its_changes() -> None:
    values = np.arange(8.0) % 4
    assert models.last_cycle(4)(values, 6).tolist() == [0, 1, 2, 3, 0, 1]
    assert models.last_cycle(4)(values + np.arange(8), 2).tolist() == [8, 10]


def test_intermittent_demand_gets_intermittent_methods_and_the_mean_rate() -> None:
    made = one(np.tile([0.0, 0.0, 4.0], 20))
    assert made.demand.name == "intermittent"
    assert made.model.startswith(tuple(models.INTERMITTENT))
    assert made.point.mean() == pytest.approx(4 / 3, rel=0.25)
    assert [made.quantiles[level][0] for level in (10, 50, 90)] == [0, 0, 4]


def test_demand_that_fades_out_is_forecast_lower_than_it_was() -> None:
    random = np.random.default_rng(3)
    values = (random.random(96) < np.r_[np.full(60, 0.6), np.full(36, 0.08)]) * 5.0
    assert one(values).point.mean() < values[:60].mean() / 2


def test_bands_cover_about_eight_of_ten_random_walks() -> None:
    walks = 1_000 + np.random.default_rng(5).normal(0, 5, (60, 90)).cumsum(axis=1)
    made = forecast([series(walk[:80], f"s{n}") for n, walk in enumerate(walks)], 10, "index")
    inside = [
        ((walk[80:] >= each.quantiles[10]) & (walk[80:] <= each.quantiles[90])).mean()
        for walk, each in zip(walks, made, strict=True)
    ]
    assert 0.7 <= np.mean(inside) <= 0.9


def test_bands_grow_with_the_step() -> None:
    made = one(noise(80).cumsum() + 500, 10)
    width = made.quantiles[90] - made.quantiles[10]
    assert (np.diff(width) >= 0).all()
    assert width[-1] > 2 * width[0]


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (series([3.0]), "Too short: 1 period,"),
        (series([4.0] * 20), "Constant"),
        (series([0.0] * 20), "All zero"),
        (series([-1.0, 5.0] * 10), "Negative: 10 values"),
        (series([1.0, 5.0, 0.0] * 10, filled=3), "Gaps: 3 missing periods"),
        (series([1.0, 5.0, 2.0] * 10, early=2), "Ends early: 2 periods"),
    ],
)
def test_odd_series_are_forecast_and_told(odd: Series, note: str) -> None:
    made = forecast([odd], 4, "weekly")[0]
    assert len(made.point) == 4
    assert any(exception.startswith(note) for exception in made.exceptions)


@pytest.mark.parametrize("length", range(1, 30))
def test_a_series_of_any_length_is_forecast(length: int) -> None:
    made = one(10 + noise(length), 5, "monthly")
    assert len(made.quantiles[90]) == 5
    assert bool(made.metrics) == (length >= SHORTEST)


def test_a_short_series_repeats_its_last_value_within_a_band() -> None:
    made = one(np.array([4.0, 9.0]))
    assert made.point.tolist() == [9] * 6
    assert "too little history" in made.why
    assert made.quantiles[10][0] < 9 < made.quantiles[90][0]


def test_a_series_without_exceptions_has_none() -> None:
    assert one(50 + noise(60)).exceptions == []


def test_progress_is_told_for_each_series_and_may_end_the_work() -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int, note: str) -> None:
        told.append((done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forecast([series(50 + noise(30, n)) for n in range(5)], 3, "weekly", tell)
    assert told == [(0, 6), (1, 6), (2, 6)]


@pytest.mark.parametrize("huge", [1e15, 1e-12])
def test_very_large_and_very_small_numbers_are_forecast(huge: float) -> None:
    made = one(huge * (100 + noise(60)))
    assert made.point.mean() == pytest.approx(100 * huge, rel=0.1)


def test_a_library_that_is_missing_is_no_matter_of_the_series() -> None:
    def missing(y: Values, horizon: int) -> Values:
        raise ImportError("no such library")

    with pytest.raises(ImportError):
        models.safe(missing, 50 + noise(20), 3)


def test_a_model_that_cannot_be_fitted_gives_way_to_the_last_value() -> None:
    def broken(y: Values, horizon: int) -> Values:
        raise ZeroDivisionError

    def infinite(y: Values, horizon: int) -> Values:
        return np.full(horizon, np.inf)

    for model in (broken, infinite):
        assert models.safe(model, np.array([1.0, 2.0, 7.0]), 2).tolist() == [7, 7]
