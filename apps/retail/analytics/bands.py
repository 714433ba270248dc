"""How far a forecast may be off: bands from backtest errors, in the manner of split conformal prediction.

An error is divided by the scale of its series, which is taken from its other origins, and by the root of the step. The
quantiles of these ratios are pooled over the series of one demand class, step by step; a band is the forecast plus the
scale of its series times a quantile. See Vovk, Gammerman, Shafer (2005), "Algorithmic Learning in a Random World".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .combining import Combined
from .metrics import Values

LEVELS = (10, 50, 90)
"""Quantiles in percent."""
RECENT = 104
"""Periods whose changes stand for the scale of a series beside its backtest errors."""
PRIOR_RATIO = float(np.log(5))
"""The 10 to 90 % reach of a Laplace distribution in mean absolute errors: what is assumed where nothing is pooled."""
PRIOR_PATHS = 30
"""Backtest origins of any series that weigh as much as the assumption."""
SMOOTH_ERRORS = 300
"""Errors that a quantile is taken from at least, those of neighbouring steps being added."""
EMPIRICAL = 24
"""Least number of recent periods whose values are the quantiles of intermittent demand."""


def growth(count: int) -> Values:
    """How errors grow with the step ahead: as the root, like those of a random walk."""
    return np.asarray(np.sqrt(np.arange(1, count + 1, dtype=float)))


def change(values: Values) -> float:
    """Mean absolute change between recent periods; for a single period the spread of a Poisson count of that size."""
    if len(values) < 2:
        return 0.8 * float(np.sqrt(np.abs(values).mean()))
    return float(np.abs(np.diff(values[-RECENT:])).mean())


@dataclass(frozen=True)
class Scale:
    """The mean absolute one-step error of a series, and the same at each backtest origin without that origin."""

    whole: float
    without: Values


def scales(panel: list[Combined]) -> list[Scale]:
    """The scale of each series: its backtest errors, with its recent changes counting as one origin more.

    How large errors are beside changes is the median over the panel.
    """
    sizes = [np.abs(one.actual - one.tested) / growth(one.actual.shape[1]) for one in panel]
    changes = np.array([change(one.values) for one in panel])
    ratios = [size.mean() / step for size, step in zip(sizes, changes, strict=True) if size.size and step > 0]
    usual = float(np.median(ratios)) if ratios else 1.0
    made = []
    for size, step in zip(sizes, changes, strict=True):
        each = size.mean(axis=1) if size.size else np.zeros(0)
        total, count = float(each.sum()) + usual * step, len(each) + 1
        made.append(Scale(total / count, (total - each) / max(1, count - 1)))
    return made


@dataclass(frozen=True)
class Reach:
    """Low and high quantile of the ratios at each step ahead."""

    low: Values
    high: Values


def reaches(panel: list[Combined], known: list[Scale], horizon: int) -> dict[str, Reach]:
    """The reach by demand class, blended with the assumption by the number of backtest origins it rests on."""
    paths: dict[str, list[Values]] = {}
    for one, scale in zip(panel, known, strict=True):
        span = one.actual.shape[1]
        for row in range(len(one.actual)):
            if scale.without[row] > 0:
                ratio = np.full(horizon, np.nan)
                ratio[:span] = (one.actual[row] - one.tested[row]) / (scale.without[row] * growth(span))
                paths.setdefault(one.demand.name, []).append(ratio)
    return {name: _reach(np.array(rows)) for name, rows in paths.items()}


def _reach(ratios: Values) -> Reach:
    count, horizon = ratios.shape
    known = int((~np.isnan(ratios)).any(axis=0).sum())
    beside = min(horizon, int(SMOOTH_ERRORS / count / 2))
    low, high = np.zeros(horizon), np.zeros(horizon)
    for step in range(horizon):
        middle = min(step, known - 1)
        around = ratios[:, max(0, middle - beside) : middle + beside + 1]
        low[step], high[step] = np.nanquantile(around, (0.1, 0.9))
    trust = count / (count + PRIOR_PATHS)
    low = trust * low - (1 - trust) * PRIOR_RATIO
    return Reach(np.minimum(low, 0), np.maximum(trust * high + (1 - trust) * PRIOR_RATIO, 0))


NO_REACH = Reach(np.full(1, -PRIOR_RATIO), np.full(1, PRIOR_RATIO))


def quantiles(one: Combined, point: Values, history: Values, scale: float, reach: Reach) -> dict[int, Values]:
    """The 10, 50 and 90 % quantiles around `point`, never crossing, and never negative where the history is not."""
    if one.is_intermittent:
        return _of_history(history, len(point), one.demand.adi)
    low, high = (
        np.resize(side, len(point)) if len(side) == 1 else side[: len(point)] for side in (reach.low, reach.high)
    )
    floor = 0.0 if one.values.min() >= 0 else -np.inf
    width = scale * growth(len(point))
    return {10: np.maximum(point + width * low, floor), 50: point, 90: np.maximum(point + width * high, floor)}


def _of_history(history: Values, horizon: int, interval: float) -> dict[int, Values]:
    """Quantiles of the recent values themselves: most are zero, so no band around the mean would be true.

    At least the last 24 periods are taken, three horizons, and ten intervals between demands.
    """
    recent = history[-int(max(EMPIRICAL, 3 * horizon, 10 * interval)) :]
    found = np.quantile(recent, [level / 100 for level in LEVELS], method="inverted_cdf")
    return {level: np.full(horizon, value) for level, value in zip(LEVELS, found, strict=True)}
