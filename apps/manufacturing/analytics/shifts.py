"""Charts that remember, for small and lasting shifts: EWMA and CUSUM; and Hotelling's T², for several characteristics.

After Montgomery, Introduction to Statistical Quality Control, chapters 9 and 11. Limits of T² after Tracy, Young and
Mason 1992, its parts after Runger, Alt and Montgomery 1996.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .charts import NOTHING, Chart, Estimate, Known, Unusable, estimated
from .samples import Mask, Samples, Values

MOST_TOGETHER = 20
"""Characteristics that are watched together."""


def ewma(
    samples: Samples, estimate: Estimate, weight: float = 0.2, reach: float = 3.0, known: Known = NOTHING
) -> Chart:
    """z = weight x + (1 - weight) z, beginning at the centre of each stage, with its exact standard error."""
    from scipy import signal

    centres, sigmas = estimated(samples, estimate, known)
    points, centre, se = (np.empty(len(samples.sizes)) for _ in range(3))
    for (start, stop), mean, sigma in zip(samples.order.spans, centres, sigmas, strict=True):
        keep = 1 - weight
        away = samples.means[start:stop] - mean
        points[start:stop] = mean + signal.lfilter([weight], [1, -keep], away)
        own = sigma**2 / samples.sizes[start:stop]
        se[start:stop] = np.sqrt(signal.lfilter([weight**2], [1, -(keep**2)], own))
        centre[start:stop] = mean
    lower, upper = centre - reach * se, centre + reach * se
    return Chart("EWMA", "Moving mean", "small shift", samples.order, points, centre, lower, upper, se, tuple(sigmas))


def cusum(
    samples: Samples, estimate: Estimate, shift: float = 1.0, interval: float = 5.0, known: Known = NOTHING
) -> list[Chart]:
    """Sums of what exceeds half of `shift` upwards, and downwards, in standard errors; a signal beyond `interval`.

    C+ = max(0, z - shift / 2 + C+), C- = max(0, -z - shift / 2 + C-), beginning at 0 in each stage.
    """
    centres, sigmas = estimated(samples, estimate, known)
    up, down = (np.empty(len(samples.sizes)) for _ in range(2))
    for (start, stop), mean, sigma in zip(samples.order.spans, centres, sigmas, strict=True):
        z = (samples.means[start:stop] - mean) * np.sqrt(samples.sizes[start:stop]) / sigma
        up[start:stop] = _rest(z - shift / 2)
        down[start:stop] = -_rest(-z - shift / 2)
    none, limit = np.zeros(len(up)), np.full(len(up), interval)
    unknown = np.full(len(up), np.nan)
    return [
        Chart("CUSUM upwards", "Sum", "small shift", samples.order, up, none, -limit, limit, unknown, tuple(sigmas)),
        Chart(
            "CUSUM downwards", "Sum", "small shift", samples.order, down, none, -limit, limit, unknown, tuple(sigmas)
        ),
    ]


def _rest(steps: Values) -> Values:
    """max(0, step + what was before), for all steps at once: the sum less its lowest value so far, at most 0."""
    total = np.cumsum(steps)
    return total - np.minimum(np.minimum.accumulate(total), 0.0)


@dataclass(frozen=True)
class Joint:
    """A T² chart, and for each sample by how much it would fall without each characteristic."""

    chart: Chart
    names: list[str]
    parts: Values


def hotelling(columns: Sequence[Samples], names: list[str], alpha: float) -> Joint:
    """T² of samples of one size, of which each characteristic has the same ones. `alpha` is that of a single point.

    Baseline samples have the limits of phase I, later ones those of phase II.
    """
    first = columns[0]
    n, order, p = int(first.sizes.max()), first.order, len(columns)
    if p > MOST_TOGETHER:
        raise Unusable(f"At most {MOST_TOGETHER} characteristics are watched together, and there are {p}.")
    if first.sizes.min() != n:
        raise Unusable("T² wants samples of one size.")
    data = np.stack([each.values for each in columns]).reshape(p, len(order.labels), n)
    points, limit, centre = (np.empty(len(order.labels)) for _ in range(3))
    parts = np.empty((len(order.labels), p))
    for start, stop in order.spans:
        based = order.based(start, stop)
        mine = data[:, start:stop]
        m = int(based.sum())
        if m * max(n - 1, 1) <= p + 1 or m < 3:
            raise Unusable(f"{m} baseline samples are too few for {p} characteristics together.")
        away, inverse = _standing(mine, based, n)
        points[start:stop] = n * np.einsum("is,ij,js->s", away, inverse, away)
        parts[start:stop] = n * (inverse @ away).T ** 2 / np.diag(inverse)
        ends = [_limit(p, m, n, alpha, phase) for phase in (1, 2)]
        middles = [_limit(p, m, n, 0.5, phase) for phase in (1, 2)]
        limit[start:stop] = np.where(based, *ends)
        centre[start:stop] = np.where(based, *middles)
    none = np.zeros(len(points))
    chart = Chart("T²", "T²", "joint", order, points, centre, none, limit, np.full(len(points), np.nan))
    return Joint(chart, names, parts)


def _standing(mine: Values, based: Mask, n: int) -> tuple[Values, Values]:
    """How far the means of samples are from those of the baseline, and the inverse of the covariance within samples."""
    means = mine.mean(axis=2)
    away = means - means[:, based].mean(axis=1, keepdims=True)
    if n == 1:
        covariance = np.cov(means[:, based])
    else:
        within = (mine - means[:, :, np.newaxis])[:, based].reshape(len(mine), -1)
        covariance = within @ within.T / (int(based.sum()) * (n - 1))
    scale = np.sqrt(np.diag(covariance))
    if not (scale > 0).all() or np.linalg.cond(covariance / np.outer(scale, scale)) > 1e10:
        raise Unusable("Some characteristics say the same: one is constant, or follows from the others.")
    return away, np.linalg.inv(covariance)


def _limit(p: int, m: int, n: int, alpha: float, phase: int) -> float:
    """The point that T² exceeds with the chance `alpha`, for `m` samples of `n`."""
    from scipy import special

    if n == 1:
        if phase == 1:
            return float((m - 1) ** 2 / m * special.betaincinv(p / 2, (m - p - 1) / 2, 1 - alpha))
        return float(p * (m + 1) * (m - 1) / (m * (m - p)) * special.fdtri(p, m - p, 1 - alpha))
    rest = m * n - m - p + 1
    grown = m - 1 if phase == 1 else m + 1
    return float(p * grown * (n - 1) / rest * special.fdtri(p, rest, 1 - alpha))
