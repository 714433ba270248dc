"""The candidate models. Each takes a series and a horizon and answers a point forecast of that length.

statsforecast (Nixtla) supplies the models; it is imported on first use, as the import takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .metrics import Values

LONGEST = 520
"""Only the most recent periods feed a model: older ones cost time and say little about the next weeks."""
SEASON_CYCLES = 3
"""Whole cycles that must have been seen before a seasonal shape is estimated."""

Model = Callable[[Values, int], Values]


def naive(y: Values, horizon: int) -> Values:
    """The last value, repeated."""
    return np.repeat(y[-1:], horizon)


def _fitted(name: str, **options: object) -> Model:
    def forecast(y: Values, horizon: int) -> Values:
        from statsforecast import models

        mean = getattr(models, name)(**options).forecast(y=y[-LONGEST:].astype(float), h=horizon)["mean"]
        return np.asarray(mean, dtype=float)

    return forecast


ces = _fitted("AutoCES", season_length=1)
theta = _fitted("DynamicOptimizedTheta", season_length=1)
croston_sba = _fitted("CrostonSBA")
tsb = _fitted("TSB", alpha_d=0.1, alpha_p=0.1)
adida = _fitted("ADIDA")
imapa = _fitted("IMAPA")


def seasonal_shape(y: Values, season: int) -> Values | None:
    """The additive shape of one cycle, aligned so that entry 0 belongs to the period after the last of `y`.

    Classical decomposition: deviations from a centred moving average over one cycle, the median per position, smoothed
    over three positions, shrunk by the share of variance it explains. None when fewer than three cycles were seen.
    """
    if season < 2 or len(y) < SEASON_CYCLES * season:
        return None
    recent = y[-10 * season :]
    weights = np.r_[0.5, np.ones(season - 1), 0.5] / season if season % 2 == 0 else np.ones(season) / season
    half = len(weights) // 2
    deviation = recent[half : len(recent) - half] - np.convolve(recent, weights, mode="valid")
    position = (np.arange(half, len(recent) - half) - len(recent)) % season
    shape = np.array([np.median(deviation[position == p]) for p in range(season)])
    if season > 12:
        shape = (np.roll(shape, 1) + shape + np.roll(shape, -1)) / 3
    shape -= shape.mean()
    total = float(deviation.var())
    strength = 1 - float((deviation - shape[position]).var()) / total if total > 0 else 0.0
    return shape * max(0.0, strength)


def seasonal(model: Model, season: int) -> Model:
    """`model` on the series less its seasonal shape, with the shape put back; plain `model` when there is none."""

    def forecast(y: Values, horizon: int) -> Values:
        shape = seasonal_shape(y, season)
        if shape is None:
            return model(y, horizon)
        past = shape[(np.arange(len(y)) - len(y)) % season]
        return model(y - past, horizon) + shape[np.arange(horizon) % season]

    return forecast
