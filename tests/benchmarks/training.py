"""What weights of forecasts that are learned from many series are worth, by length of history.

The last 13 weeks of each series are kept back. Weights are learned from the weeks before them, and judge themselves;
then the whole forecaster is measured on the weeks that were kept back, with and without them, by its mean absolute
error over the mean change of the series (MASE). Series are those of M4 weekly, which have nothing in common, and
generated items of one kind, as those of one shop are: a level of their own that wanders, with noise around it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from apps.retail.analytics import combining, forecasting, metrics, pooling
from apps.retail.analytics.metrics import Values
from apps.retail.analytics.reading import Series
from tests.benchmarks.forecaster import HORIZON, m4_weekly, series_of
from tests.measuring import Case

WEEKS = (78, 110, 156, 208)
SEASONS = forecasting.SEASONS["weekly"]
ALIKE = 300


def measure() -> Iterator[Case]:
    apart = [values for values in series_of(m4_weekly()).values() if len(values) > max(WEEKS) + HORIZON]
    for weeks in WEEKS:
        yield from _measured("items alike", weeks, alike(weeks), most=0.995)
    for weeks in WEEKS:
        yield from _measured("M4 weekly", weeks, [values[-HORIZON - weeks :] for values in apart], most=None)


def alike(weeks: int) -> list[Values]:
    """Items of one kind: wandering levels, 3 % a week, under noise of 20 %."""
    random = np.random.default_rng(2026)
    steps = 0.03 * random.standard_normal((ALIKE, weeks + HORIZON))
    level = random.lognormal(4, 0.7, (ALIKE, 1)) * np.exp(np.cumsum(steps, axis=1))
    return list(np.maximum(level * (1 + 0.2 * random.standard_normal(level.shape)), 0))


def _measured(name: str, weeks: int, every: list[Values], most: float | None) -> Iterator[Case]:
    case = f"{name}, {weeks} weeks"
    panel = [Series(str(n), "2020-01-06", values[:-HORIZON]) for n, values in enumerate(every)]
    began = time.process_time()
    learned = pooling.learn(pooling.trials(panel, HORIZON, SEASONS))
    spent = time.process_time() - began
    gains = [100 * part / float(learned.own.mean()) for part in learned.gain]
    yield Case(
        case, "gain by its own judgement, and its 99 % interval", "{:.2f} ({:.2f} to {:.2f})".format(*gains), "%"
    )
    ratio = _error(every, learned) / _error(every, None)
    # Where the judgement is sure of a gain, there has to be one.
    reach = most if most is not None else 1.0 if gains[1] > 0 else None
    bar, holds = (f"at most {reach:g}", ratio <= reach) if reach is not None else ("", True)
    yield Case(case, "error on weeks kept back, with by without", ratio, "times", bar=bar, holds=holds)
    yield Case(case, "processor time of the training", spent, "s")


def _error(every: list[Values], learned: pooling.Learned | None) -> float:
    errors = []
    for values in every:
        known, actual = values[:-HORIZON], values[-HORIZON:]
        made = combining.combine(known, HORIZON, SEASONS, learned.groups if learned else None)
        errors.append(metrics.mase(actual, made.point, known))
    return float(np.nanmean(errors))
