"""Shewhart's control charts: what is plotted, its centre and its limits, for each stage by itself.

Formulas after Montgomery, Introduction to Statistical Quality Control, chapters 6 and 7; where samples differ in size,
the deviation is the unweighted mean of the samples' estimates and limits follow each sample's size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from . import constants
from .constants import c4, d2, d3, each
from .samples import Counts, Mask, Order, Samples, Values

Place = Literal["level", "spread", "count", "small shift", "joint"]
Estimate = Callable[[Samples, Mask], float]


@dataclass(frozen=True)
class Known:
    """What is known of the process beforehand, so that nothing is estimated; None: it is."""

    centre: float | None = None
    sigma: float | None = None


@dataclass(frozen=True)
class Chart:
    """One chart: a point per sample. `se` is the standard error of a point, of which limits are `reach` multiples.

    `se` is not a number where zones between centre and limits mean nothing. `place` says what the chart watches.
    """

    title: str
    statistic: str
    place: Place
    order: Order
    points: Values
    centre: Values
    lower: Values
    upper: Values
    se: Values
    sigma: tuple[float, ...] = ()
    """The deviation of a single value within samples, by stage."""


class Unusable(ValueError):
    """Nothing can be charted; the text says why, in a sentence for people."""


NOTHING = Known()


def xbar_r(samples: Samples, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """Means and ranges. The deviation is the mean of range / d2 over the samples."""
    _refuse_single(samples, "range")
    if int(samples.sizes.max()) > constants.LARGEST:
        raise Unusable(f"A sample has more than {constants.LARGEST} values: use Xbar-S, where ranges waste them.")
    level, sigmas = _levels(samples, sigma_by_range, reach, known)
    scale = _spread(samples.order, sigmas)
    mean, spread = each(d2, np.maximum(samples.sizes, 2)), each(d3, np.maximum(samples.sizes, 2))
    ranges = np.where(samples.sizes > 1, samples.ranges, np.nan)
    return [level, _around("R", "Range", "spread", samples.order, ranges, mean * scale, spread * scale, reach)]


def xbar_s(samples: Samples, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """Means and standard deviations. The deviation is the mean of s / c4 over the samples."""
    _refuse_single(samples, "standard deviation")
    level, sigmas = _levels(samples, sigma_by_deviation, reach, known)
    scale = _spread(samples.order, sigmas)
    mean = each(c4, np.maximum(samples.sizes, 2))
    deviations = np.where(samples.sizes > 1, samples.deviations, np.nan)
    se = scale * np.sqrt(1 - mean**2)
    return [level, _around("S", "Standard deviation", "spread", samples.order, deviations, mean * scale, se, reach)]


def imr(samples: Samples, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """Single values and their moving ranges of two. The deviation is the mean moving range / d2(2)."""
    if samples.sizes.max() != 1:
        raise Unusable("Single values are charted one by one, and there are samples of several values.")
    level, sigmas = _levels(samples, sigma_by_moving_range, reach, known)
    scale = _spread(samples.order, sigmas)
    moved = moving_ranges(samples)
    chart = _around("MR", "Moving range", "spread", samples.order, moved, d2(2) * scale, d3(2) * scale, reach)
    return [replace(level, title="Individuals", statistic="Value"), chart]


def p_chart(found: Counts, sizes: Counts, order: Order, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """The share of defective items in each sample: se = sqrt(p (1 - p) / n)."""
    share = _rates(found, sizes, order, known)
    se = np.sqrt(share * (1 - share) / sizes)
    chart = _around("p", "Share defective", "count", order, found / sizes, share, se, reach)
    return [replace(chart, upper=np.minimum(chart.upper, 1.0))]


def np_chart(found: Counts, sizes: Counts, order: Order, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """The number of defective items in samples of one size: se = sqrt(n p (1 - p))."""
    _refuse_uneven(sizes, "np", "p")
    share = _rates(found, sizes, order, known)
    se = np.sqrt(sizes * share * (1 - share))
    chart = _around("np", "Number defective", "count", order, found.astype(np.float64), sizes * share, se, reach)
    return [replace(chart, upper=np.minimum(chart.upper, sizes))]


def c_chart(found: Counts, sizes: Counts, order: Order, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """The number of defects in samples of one size: se = sqrt(c)."""
    _refuse_uneven(sizes, "c", "u")
    mean = _rates(found, np.ones_like(sizes), order, known)
    return [_around("c", "Number of defects", "count", order, found.astype(np.float64), mean, np.sqrt(mean), reach)]


def u_chart(found: Counts, sizes: Counts, order: Order, reach: float = 3.0, known: Known = NOTHING) -> list[Chart]:
    """Defects per item: se = sqrt(u / n)."""
    rate = _rates(found, sizes, order, known)
    return [_around("u", "Defects per item", "count", order, found / sizes, rate, np.sqrt(rate / sizes), reach)]


COUNTED = {"p": p_chart, "np": np_chart, "c": c_chart, "u": u_chart}
MEASURED = {"Xbar-R": xbar_r, "Xbar-S": xbar_s, "I-MR": imr}


def sigma_by_range(samples: Samples, based: Mask) -> float:
    """The mean of range / d2 over the samples of more than one value."""
    use = based & (samples.sizes > 1)
    return float(np.mean(samples.ranges[use] / each(d2, samples.sizes[use]))) if use.any() else np.nan


def sigma_by_deviation(samples: Samples, based: Mask) -> float:
    """The mean of s / c4 over the samples of more than one value."""
    use = based & (samples.sizes > 1)
    return float(np.mean(samples.deviations[use] / each(c4, samples.sizes[use]))) if use.any() else np.nan


def sigma_by_moving_range(samples: Samples, based: Mask) -> float:
    """The mean moving range / d2(2), over neighbours that are both of the baseline and of one stage."""
    moved = moving_ranges(samples)
    use = based & np.append(False, based[:-1]) & np.isfinite(moved)
    return float(np.mean(moved[use]) / d2(2)) if use.any() else np.nan


ESTIMATES: dict[str, Estimate] = {
    "Xbar-R": sigma_by_range,
    "Xbar-S": sigma_by_deviation,
    "I-MR": sigma_by_moving_range,
}


def moving_ranges(samples: Samples) -> Values:
    """The distance of each value from the one before it; not a number for the first one of a stage."""
    moved = np.abs(np.diff(samples.values, prepend=np.nan))
    moved[samples.order.stages] = np.nan
    return moved


def estimated(samples: Samples, estimate: Estimate, known: Known) -> tuple[list[float], list[float]]:
    """Centre and deviation of each stage, from its baseline as far as they are not known."""
    centres, sigmas = [], []
    for start, stop in samples.order.spans:
        based = np.zeros(len(samples.sizes), dtype=bool)
        based[start:stop] = samples.order.based(start, stop)
        weights = samples.sizes[based]
        mean = float(np.sum(samples.means[based] * weights) / weights.sum())
        centres.append(mean if known.centre is None else known.centre)
        sigmas.append(estimate(samples, based) if known.sigma is None else known.sigma)
        if not np.isfinite(sigmas[-1]):
            raise Unusable(_too_few(samples.order, start))
        if sigmas[-1] <= 1e-12 * max(1.0, abs(mean)):
            raise Unusable(_no_spread(samples.order, start))
    return centres, sigmas


def _too_few(order: Order, start: int) -> str:
    stage = order.names[order.stages.index(start)]
    where = f"Stage “{stage}”" if stage else "The baseline"
    return f"{where} has too few values to tell how much they scatter: two neighbours, or a sample of two, at least."


def _no_spread(order: Order, start: int) -> str:
    stage = order.names[order.stages.index(start)]
    where = f"in stage “{stage}”" if stage else "of the baseline"
    return f"All values {where} are the same: the gauge may be too coarse, or values were copied."


def _levels(samples: Samples, estimate: Estimate, reach: float, known: Known) -> tuple[Chart, list[float]]:
    """The chart of means, and the deviation of each stage."""
    centres, sigmas = estimated(samples, estimate, known)
    order = samples.order
    centre, scale = _spread(order, centres), _spread(order, sigmas)
    chart = _around("Xbar", "Mean", "level", order, samples.means, centre, scale / np.sqrt(samples.sizes), reach)
    return replace(chart, sigma=tuple(sigmas), lower=chart.centre - reach * chart.se), sigmas


def _rates(found: Counts, sizes: Counts, order: Order, known: Known) -> Values:
    """All that was found by all that was looked at, by stage."""
    rates = []
    for start, stop in order.spans:
        based = order.based(start, stop)
        rate = float(found[start:stop][based].sum() / sizes[start:stop][based].sum())
        rates.append(rate if known.centre is None else known.centre)
    return _spread(order, rates)


def _spread(order: Order, by_stage: list[float]) -> Values:
    """A figure of each stage, for each sample."""
    return np.repeat(np.array(by_stage), np.diff([*order.stages, len(order.labels)]))


def _around(
    title: str, statistic: str, place: Place, order: Order, points: Values, centre: Values, se: Values, reach: float
) -> Chart:
    """A chart whose limits are `reach` standard errors from its centre, none below zero."""
    lower = np.maximum(centre - reach * se, 0.0)
    return Chart(title, statistic, place, order, points, centre, lower, centre + reach * se, se)


def _refuse_single(samples: Samples, what: str) -> None:
    if samples.sizes.max() < 2:
        raise Unusable(f"Every sample holds one value, which has no {what}: use I-MR.")


def _refuse_uneven(sizes: Counts, kind: str, other: str) -> None:
    if sizes.min() != sizes.max():
        raise Unusable(
            f"Samples hold {sizes.min():,} to {sizes.max():,} items, and the {kind} chart wants one size: use {other}."
        )
