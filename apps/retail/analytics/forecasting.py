"""One series in, its forecast out: candidates, backtest over several origins, combination, quantiles, exceptions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import metrics, models
from .demand import Demand, classify
from .metrics import Values

SEASONS = {"hourly": 24, "daily": 7, "weekly": 52, "monthly": 12, "quarterly": 4, "yearly": 1, "index": 1}
HORIZONS = {"hourly": 48, "daily": 28, "weekly": 13, "monthly": 12, "quarterly": 8, "yearly": 4, "index": 13}
ORIGINS = 3
"""Backtest origins, one horizon apart."""
SHORTEST = 8
"""Fewer periods than this leave nothing to test a model on."""
CLOSE = 1.5
"""Models whose backtest error is within half of the best are combined by their median."""
WIDEN = 1.4
"""Residuals of few origins are narrower than the errors to come; the band is widened by this factor."""


@dataclass(frozen=True)
class Forecast:
    """`quantiles` holds the 10, 50 and 90 % quantiles; `backtest` the forecast of the latest origin."""

    point: Values
    quantiles: dict[int, Values]
    model: str
    why: str
    demand: Demand
    metrics: dict[str, float] = field(default_factory=dict)
    backtest: Values | None = None
    exceptions: list[str] = field(default_factory=list)


def candidates(demand: Demand, season: int, length: int) -> dict[str, models.Model]:
    """The models that suit a class of demand, by the name a person reads."""
    if demand.name in ("intermittent", "lumpy"):
        return {"Croston SBA": models.croston_sba, "TSB": models.tsb, "ADIDA": models.adida, "IMAPA": models.imapa}
    if season > 1 and length >= models.SEASON_CYCLES * season:
        return {"Seasonal CES": models.seasonal(models.ces, season), "Seasonal Theta": models.seasonal(models.theta, season)}
    return {"CES": models.ces, "Theta": models.theta}


def forecast(values: Values, horizon: int, frequency: str, filled: int = 0) -> Forecast:
    """Forecast `horizon` periods. Never raises for odd data: what is odd is told in `exceptions`."""
    demand = classify(values)
    odd = exceptions(values, filled)
    if len(values) < SHORTEST or np.ptp(values) == 0:
        short = len(values) < SHORTEST
        why = f"Periods: {len(values)}, too few to test a model" if short else "Every value is the same"
        return _flat(values, horizon, demand, odd, why)
    pool = candidates(demand, SEASONS[frequency], len(values))
    tested = _backtest(values, pool, horizon)
    errors = {name: float(np.mean([np.abs(a - f[name]).mean() for a, f, _ in tested])) for name in pool}
    best = min(errors.values())
    chosen = [name for name in pool if errors[name] <= CLOSE * best]
    point = np.median([_safe(pool[name], values, horizon) for name in chosen], axis=0)
    past = [(a, np.median([f[name] for name in chosen], axis=0), t) for a, f, t in tested]
    floor = 0.0 if values.min() >= 0 else -np.inf
    quantiles = {q: np.maximum(v, floor) for q, v in _quantiles(point, past, values).items()}
    why = f"smallest error over {len(past)} backtest origins among {', '.join(pool)}"
    name = chosen[0] if len(chosen) == 1 else "Median of " + ", ".join(chosen)
    return Forecast(np.maximum(point, floor), quantiles, name, why, demand, _measure(past), past[0][1], odd)


def exceptions(values: Values, filled: int) -> list[str]:
    """What a planner should know about a series before trusting its forecast."""
    found = []
    if len(values) < SHORTEST:
        found.append(f"Too short: {len(values)} period{'s' if len(values) != 1 else ''}")
    if filled:
        found.append(f"Gaps: {filled} missing period{'s' if filled != 1 else ''} taken as zero")
    if (values < 0).any():
        found.append(f"Negative: {int((values < 0).sum())} values below zero")
    if len(values) > 1 and np.ptp(values) == 0:
        found.append("Constant: every value is the same")
    return found


def _flat(values: Values, horizon: int, demand: Demand, odd: list[str], why: str) -> Forecast:
    point = models.naive(values, horizon)
    spread = 1.2816 * float(np.abs(np.diff(values)).mean()) if len(values) > 1 else 0.0
    reach = spread * np.sqrt(np.arange(1, horizon + 1))
    low = point - reach if values.min() < 0 else np.maximum(point - reach, 0)
    return Forecast(point, {10: low, 50: point, 90: point + reach}, "Last value", why, demand, exceptions=odd)


Tested = list[tuple[Values, dict[str, Values], Values]]


def _backtest(values: Values, pool: dict[str, models.Model], horizon: int) -> Tested:
    """Actual values, forecasts by model and training part, latest origin first. Models never see beyond the origin."""
    span = min(horizon, max(1, len(values) // 4))
    found: Tested = []
    for back in range(1, ORIGINS + 1):
        training = values[: len(values) - back * span]
        if len(training) < SHORTEST // 2:
            break
        actual = values[len(training) : len(training) + span]
        found.append((actual, {name: _safe(model, training, span) for name, model in pool.items()}, training))
    return found


def _safe(model: models.Model, values: Values, horizon: int) -> Values:
    """The model's forecast, or the last value repeated where the model cannot be fitted to this series."""
    try:
        made = model(values, horizon)
    except (ValueError, IndexError, ArithmeticError, NotImplementedError, np.linalg.LinAlgError):
        return models.naive(values, horizon)
    return made if np.isfinite(made).all() else models.naive(values, horizon)


def _quantiles(point: Values, past: list[tuple[Values, Values, Values]], values: Values) -> dict[int, Values]:
    """Conformal bands: errors of the backtest, pooled over the horizon after scaling by the square root of the step."""
    scaled = np.concatenate([np.abs(a - f) / np.sqrt(np.arange(1, len(a) + 1)) for a, f, _ in past])
    reach = WIDEN * float(np.quantile(scaled, 0.8)) * np.sqrt(np.arange(1, len(point) + 1))
    return {10: point - reach, 50: point, 90: point + reach}


def _measure(past: list[tuple[Values, Values, Values]]) -> dict[str, float]:
    each = [
        {
            "smape": metrics.smape(a, f),
            "mase": metrics.mase(a, f, t),
            "rmsse": metrics.rmsse(a, f, t),
            "pinball": metrics.pinball(a, f, 0.5),
            "bias": metrics.bias(a, f),
        }
        for a, f, t in past
    ]
    return {key: float(np.mean([one[key] for one in each])) for key in each[0]}
