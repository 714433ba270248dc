"""One series: the candidates that suit it, how they did at earlier origins, and their weighted mean.

Weights are the inverse of the squared backtest error, after Bates and Granger (1969), "The combination of forecasts",
Operational Research Quarterly 20: nothing at or after an origin ever decides about a forecast made there. They may be
drawn towards weights that were learned from many series (`pooling`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from . import models
from .demand import Demand, classify
from .metrics import Values

ORIGINS = 3
"""Backtest origins, one horizon apart."""
SHORTEST = 8
"""Fewer periods than this leave nothing to test a model on."""
LEAST_TRAINING = 4
"""Periods that a model must be given at a backtest origin."""
INTERMITTENT, SEASONAL, PLAIN = "intermittent", "seasonal", "plain"
"""Groups of series that have the same candidates."""
LEAST_WEIGHT = 0.05
"""Candidates below this weight are left out: they change little and make the choice hard to explain."""


@dataclass(frozen=True)
class Combined:
    """The forecast of one series before its band, and its backtest: latest origin first, one row per origin.

    The backtest at an origin is weighted by the errors at the other origins, so that it is as honest as the forecast.
    """

    values: Values
    demand: Demand
    point: Values
    weights: dict[str, float]
    shape: models.Shape | None = None
    actual: Values = field(default_factory=lambda: np.zeros((0, 0)))
    tested: Values = field(default_factory=lambda: np.zeros((0, 0)))
    errors: dict[str, float] = field(default_factory=dict)
    share: float = 0.0
    """How far the weights were drawn towards learned ones."""

    @property
    def is_intermittent(self) -> bool:
        return next(iter(self.weights)) in models.INTERMITTENT

    def training(self, origin: int) -> Values:
        """What was known at the backtest origin of this row."""
        return self.values[: len(self.values) - (origin + 1) * self.actual.shape[1]]


@dataclass(frozen=True)
class Pooled:
    """Weights learned for a group of series, by candidate, and how far a series' own are drawn towards them, 0 to 1."""

    weights: Mapping[str, float]
    share: float

    def drawn(self, names: list[str], own: Values) -> Values:
        """The weights of a series between its own and the learned ones."""
        learned = np.array([self.weights.get(name, 0.0) for name in names])
        return np.asarray((1 - self.share) * own + self.share * learned / learned.sum() if learned.sum() > 0 else own)


@dataclass(frozen=True)
class Trials:
    """What the candidates of a series forecast from earlier origins, latest first, and what came.

    `actual` has a row for each origin, `made` (origins, candidates, periods), `errors` (origins, candidates).
    """

    group: str
    """`intermittent`, `seasonal` or `plain`: series of a group have the same candidates."""
    names: list[str]
    season: int
    shape: models.Shape | None
    actual: Values
    made: Values
    errors: Values

    @property
    def is_intermittent(self) -> bool:
        return self.group == INTERMITTENT


def trials_of(values: Values, horizon: int, seasons: tuple[int, ...], origins: int = ORIGINS) -> Trials | None:
    """Try the candidates that suit a series, at most at so many `origins`; None where it is too short to, or never
    changes."""
    demand = classify(values)
    if len(values) < SHORTEST or np.ptp(values) == 0:
        return None
    season = next((s for s in seasons if len(values) >= models.SHAPE_CYCLES * s), seasons[-1])
    intermittent = demand.name in ("intermittent", "lumpy") and values.min() >= 0
    span = min(horizon, max(1, len(values) // 4))
    lengths = [n for n in (len(values) - back * span for back in range(1, origins + 1)) if n >= LEAST_TRAINING]
    names = _candidates(intermittent, season, min(lengths[:ORIGINS]))
    if models.LAST_CYCLE in names:
        lengths = [n for n in lengths if n > season]  # a further origin may lie before the first cycle's end
    actual = np.array([values[n : n + span] for n in lengths])
    made = np.array([_trial(names, values[:n], span, season, intermittent) for n in lengths])
    return Trials(
        group=INTERMITTENT if intermittent else SEASONAL if models.LAST_CYCLE in names else PLAIN,
        names=names,
        season=season,
        shape=None if intermittent else models.shape_of(values, season),
        actual=actual,
        made=made,
        errors=_errors(actual, made, intermittent),
    )


def combine(
    values: Values, horizon: int, seasons: tuple[int, ...], learned: Mapping[str, Pooled] | None = None
) -> Combined:
    """Forecast one series. Of `seasons`, longest first, the first one with enough history is looked for. `learned` are
    weights by group of series, where there are any."""
    demand, tried = classify(values), trials_of(values, horizon, seasons)
    if tried is None:
        return Combined(values, demand, models.naive(values, horizon), {models.NAIVE: 1.0})
    pool = (learned or {}).get(tried.group)
    final = _forecasts(tried.names, values, horizon, tried.season, tried.shape)
    mean = tried.errors.mean(axis=0)
    weights = weights_of(tried.names, mean, pool)
    tested = np.array(
        [weights_of(tried.names, others(tried.errors, row), pool) @ made for row, made in enumerate(tried.made)]
    )
    floor = 0.0 if values.min() >= 0 else -np.inf
    used = {name: float(weight) for name, weight in zip(tried.names, weights, strict=True) if weight > 0}
    return Combined(
        values=values,
        demand=demand,
        point=np.maximum(weights @ final, floor),
        weights=dict(sorted(used.items(), key=lambda pair: -pair[1])),
        shape=tried.shape,
        actual=tried.actual,
        tested=np.maximum(tested, floor),
        errors={name: float(error) for name, error in zip(tried.names, mean, strict=True)},
        share=pool.share if pool else 0.0,
    )


def weights_of(names: list[str], errors: Values, pool: Pooled | None = None) -> Values:
    """The weights of candidates with these backtest errors: they sum to one, and none is below `LEAST_WEIGHT`."""
    own = _inverse(errors)
    weights = pool.drawn(names, own) if pool else own
    weights[weights < LEAST_WEIGHT] = 0
    return np.asarray(weights / weights.sum())


def _candidates(intermittent: bool, season: int, shortest: int) -> list[str]:
    if intermittent:
        return list(models.INTERMITTENT)
    return [*models.REGULAR, models.LAST_CYCLE if 1 < season < shortest else models.NAIVE]


def _forecasts(names: list[str], y: Values, horizon: int, season: int, shape: models.Shape | None) -> Values:
    every = {
        **models.INTERMITTENT,
        **{name: models.without(shape, model) for name, model in models.REGULAR.items()},
        models.LAST_CYCLE: models.last_cycle(season),
        models.NAIVE: models.naive,
    }
    return np.array([models.safe(every[name], y, horizon) for name in names])


def _trial(names: list[str], y: Values, span: int, season: int, intermittent: bool) -> Values:
    return _forecasts(names, y, span, season, None if intermittent else models.shape_of(y, season))


def _errors(actual: Values, trials: Values, intermittent: bool) -> Values:
    """The error of each candidate at each origin: absolute, but squared for demand with many empty periods.

    The absolute error is least for a forecast of the median, which is zero there; a planner needs the mean.
    """
    miss = actual[:, np.newaxis, :] - trials
    return np.asarray(np.sqrt(np.square(miss).mean(axis=2)) if intermittent else np.abs(miss).mean(axis=2))


def others(errors: Values, row: int) -> Values:
    """The mean errors at the origins besides that of `row`: all that a test there may know."""
    rest = np.delete(errors, row, axis=0)
    return np.asarray(rest.mean(axis=0) if len(rest) else np.ones(errors.shape[1]))


def _inverse(errors: Values) -> Values:
    """Inverse squares that sum to one. Where some candidate was without error, those that were share the weight."""
    worst = float(errors.max())
    if worst <= 0:
        return np.full(len(errors), 1 / len(errors))
    weights = np.square(1 / np.maximum(errors / worst, 1e-6))
    return np.asarray(weights / weights.sum())
