"""A panel of series in, a forecast for each out: combination, band, backtest figures, exceptions and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from apps.common import formats

from . import bands, metrics, models
from .combining import SHORTEST, Combined, Pooled, combine
from .demand import Demand
from .metrics import Values
from .periods import Frequency
from .reading import Series

SEASONS: dict[Frequency, tuple[int, ...]] = {
    "hourly": (168, 24), "daily": (7,), "weekly": (52,), "monthly": (12,), "quarterly": (4,), "yearly": (1,),
    "index": (1,),
}  # fmt: skip
"""Periods of a cycle, longest first; the first with enough history is used."""
CYCLES = {168: "weekly", 24: "daily", 7: "weekly", 52: "yearly", 12: "yearly", 4: "yearly"}
HORIZONS: dict[Frequency, int] = {
    "hourly": 48, "daily": 28, "weekly": 13, "monthly": 12, "quarterly": 8, "yearly": 4, "index": 13,
}  # fmt: skip


@dataclass(frozen=True)
class Forecast:
    """`quantiles` holds the 10, 50 and 90 % quantiles; `backtest` the forecast of the latest origin, empty without one.

    `metrics` are means over the backtest origins: sMAPE in percent, MASE and RMSSE without unit, pinball and bias in
    units of the series.
    """

    point: Values
    quantiles: dict[int, Values]
    model: str
    why: str
    demand: Demand
    metrics: dict[str, float]
    backtest: Values
    exceptions: list[str]


def forecast(
    panel: list[Series],
    horizon: int,
    frequency: Frequency,
    tell: Callable[[int, int, str], None] = lambda d, t, n: None,
    learned: Mapping[str, Pooled] | None = None,
) -> list[Forecast]:
    """Forecast every series, `horizon` periods from its end. Never raises for odd data: it is told in `exceptions`.

    `tell(done, total, note)` is called for each series; what it raises ends the work. `learned` are weights of models
    by group of series (`pooling`).
    """
    combined, total = [], len(panel) + 1
    for done, series in enumerate(panel):
        tell(done, total, f"Forecasting {series.item}")
        combined.append(combine(series.values, horizon, SEASONS[frequency], learned))
    known = bands.scales(combined)
    reaches = bands.reaches(combined, known, horizon)
    made = []
    for series, one, scale in zip(panel, combined, known, strict=True):
        tell(len(panel), total, "Measuring how far the forecasts may be off")
        reach = reaches.get(one.demand.name, bands.NO_REACH)
        made.append(
            Forecast(
                point=one.point,
                quantiles=bands.quantiles(one, one.point, one.values, scale.whole, reach),
                model=_model(one),
                why=reasons(one, frequency),
                demand=one.demand,
                metrics=_measure(one, scale, reach),
                backtest=one.tested[0] if len(one.tested) else np.zeros(0),
                exceptions=exceptions(series),
            )
        )
    return made


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def exceptions(series: Series) -> list[str]:
    """What a planner should know about a series before trusting its forecast."""
    found, values = [], series.values
    if len(values) < SHORTEST:
        found.append(f"Too short: {_plural(len(values), 'period')}, at least {SHORTEST} are needed to test a model")
    if series.filled:
        found.append(f"Gaps: {_plural(series.filled, 'missing period')} taken as zero")
    if (values < 0).any():
        found.append(f"Negative: {_plural(int((values < 0).sum()), 'value')} below zero")
    if not values.any():
        found.append("All zero: nothing was ever sold")
    elif len(values) > 1 and np.ptp(values) == 0:
        found.append("Constant: every value is the same")
    if series.early:
        found.append(f"Ends early: {_plural(series.early, 'period')} before the table does; the forecast begins there")
    return found


def _model(one: Combined) -> str:
    first, weight = next(iter(one.weights.items()))
    return first if weight > 0.995 else f"{first} {weight:.0%} + {len(one.weights) - 1}"


def reasons(one: Combined, frequency: Frequency) -> str:
    """Why the forecast is made as it is, in sentences."""
    if not len(one.tested):
        cause = (
            "every value is the same" if len(one.values) >= SHORTEST else "there is too little history to test a model"
        )
        return f"The last value is repeated: {cause}."
    said = [*_weighing(one), _pattern(one, frequency)]
    if len(one.values) > models.LONGEST:
        said.append(
            f"Models see the last {models.LONGEST} periods, the damped trend {models.LONGEST // 2}, to stay quick."
        )
    return " ".join(filter(None, said))


def _weighing(one: Combined) -> list[str]:
    parts = [f"{name} {weight:.0%}" for name, weight in one.weights.items()]
    if len(parts) > 1:
        mean = f"A weighted mean of {', '.join(parts)}; the weights are the inverse of the squared backtest error"
        mean += f", drawn by {one.share:.0%} towards those learned from your own series." if one.share else "."
    else:
        mean = f"{next(iter(one.weights))} alone: the others did much worse in the backtest."
    kind = "root mean squared" if one.is_intermittent else "mean absolute"
    errors = ", ".join(f"{name} {formats.number(error)}" for name, error in one.errors.items())
    origins, span = one.actual.shape
    tested = f"The backtest made {_plural(origins, 'forecast')} of {_plural(span, 'period')} from earlier origins"
    return [mean, f"{tested}; {kind} errors: {errors}."]


def _pattern(one: Combined, frequency: Frequency) -> str:
    """What was found about demand classes and seasons."""
    season = SEASONS[frequency][-1]
    if one.is_intermittent:
        return (
            f"Demand comes every {formats.number(one.demand.adi)} periods on average, so methods for "
            f"{one.demand.name} demand are used; the quantiles are those of recent periods."
        )
    if one.shape is not None:
        way = "multiplies" if one.shape.ratio else "adds to"
        return (
            f"A {CYCLES[len(one.shape.values)]} pattern that {way} the level explains {one.shape.strength:.0%} of the "
            "movement around the trend; it is taken out before the models and put back after them."
        )
    if season == 1:
        return ""
    short = len(one.values) < models.SHAPE_CYCLES * season
    cause = "fewer than three cycles are known" if short else "none was found"
    return f"No {CYCLES[season]} pattern is taken out: {cause}."


def _measure(one: Combined, scale: bands.Scale, reach: bands.Reach) -> dict[str, float]:
    """Means over the backtest origins; empty without a backtest."""
    each = []
    for row, (actual, tested) in enumerate(zip(one.actual, one.tested, strict=True)):
        training = one.training(row)
        levels = bands.quantiles(one, tested, training, float(scale.without[row]), reach)
        each.append(
            {
                "smape": metrics.smape(actual, tested),
                "mase": metrics.mase(actual, tested, training),
                "rmsse": metrics.rmsse(actual, tested, training),
                "pinball": float(np.mean([metrics.pinball(actual, levels[q], q / 100) for q in bands.LEVELS])),
                "bias": metrics.bias(actual, tested),
            }
        )
    return {name: float(np.mean([one[name] for one in each])) for name in each[0]} if each else {}
