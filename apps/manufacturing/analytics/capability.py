"""Whether a process can keep its specification: indices with confidence intervals, and a check for normality.

Indices after Montgomery, Introduction to Statistical Quality Control, chapter 8; Cpm after Chan, Cheng and Spiring
1988. Intervals: Cp and Pp by chi-squared (Kane 1986), Cpk and Ppk after Bissell 1990, Cpm after Boyles 1991. Normality
by Anderson and Darling, with the p value of Stephens (D'Agostino and Stephens 1986, table 4.9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .samples import Counts, Values

BINS = 24


@dataclass(frozen=True)
class Spec:
    """What is asked for. At least one limit is given."""

    lower: float | None = None
    upper: float | None = None
    target: float | None = None

    @property
    def aim(self) -> float | None:
        """The target, or the middle of both limits."""
        if self.target is None and self.lower is not None and self.upper is not None:
            return (self.lower + self.upper) / 2
        return self.target


@dataclass(frozen=True)
class Index:
    """One index with its confidence interval; a bound that cannot be told is None."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Normality:
    """`statistic` is that of Anderson and Darling, adjusted for its estimated parameters."""

    statistic: float
    p: float


@dataclass(frozen=True)
class Capability:
    """Figures of one characteristic; parts per million are out of one million."""

    count: int
    mean: float
    within: float
    overall: float
    indices: list[Index]
    normality: Normality | None
    seen_ppm: float
    expected_ppm: float
    """By the normal distribution with the overall deviation."""

    def __getitem__(self, name: str) -> Index:
        return next(index for index in self.indices if index.name == name)


def capability(values: Values, within: float, spec: Spec, confidence: float = 0.95) -> Capability:
    """Indices by the deviation within samples (Cp, Cpk, Cpm) and by that of all values (Pp, Ppk).

    Cpm has the deviation within samples, as the process would have it that keeps its mean; its target is the middle of
    the limits unless one is given. Degrees of freedom are those of all values.
    """
    count, mean, overall = len(values), float(values.mean()), float(values.std(ddof=1))
    found = []
    for letter, sigma in (("C", within), ("P", overall)):
        found += _indices(letter, mean, sigma, spec, count, confidence)
    if (aim := spec.aim) is not None and spec.lower is not None and spec.upper is not None:
        found.append(_cpm(mean, within, spec.upper - spec.lower, aim, count, confidence))
    out = np.zeros(count, dtype=bool)
    if spec.lower is not None:
        out |= values < spec.lower
    if spec.upper is not None:
        out |= values > spec.upper
    return Capability(
        count, mean, within, overall, found, normality(values), 1e6 * float(out.mean()), _expected(mean, overall, spec)
    )


def _indices(letter: str, mean: float, sigma: float, spec: Spec, count: int, confidence: float) -> list[Index]:
    sides = {}
    if spec.lower is not None:
        sides["l"] = (mean - spec.lower) / (3 * sigma)
    if spec.upper is not None:
        sides["u"] = (spec.upper - mean) / (3 * sigma)
    found = []
    if spec.lower is not None and spec.upper is not None:
        both = (spec.upper - spec.lower) / (6 * sigma)
        found.append(_by_chi(f"{letter}p", both, count - 1, confidence))
    worst = min(sides.values())
    return [*found, _bissell(f"{letter}pk", worst, count, confidence)]


def _by_chi(name: str, value: float, freedom: float, confidence: float) -> Index:
    from scipy import special

    low, high = (
        value * math.sqrt(2 * float(special.gammaincinv(freedom / 2, level)) / freedom)
        for level in ((1 - confidence) / 2, (1 + confidence) / 2)
    )
    return Index(name, value, low, high)


def _bissell(name: str, value: float, count: int, confidence: float) -> Index:
    """value -+ z sqrt(1 / 9n + value^2 / 2(n - 1))."""
    from scipy import special

    reach = float(special.ndtri((1 + confidence) / 2)) * math.sqrt(1 / (9 * count) + value**2 / (2 * (count - 1)))
    return Index(name, value, value - reach, value + reach)


def _cpm(mean: float, sigma: float, width: float, aim: float, count: int, confidence: float) -> Index:
    """(USL - LSL) / (6 sqrt(sigma^2 + (mean - target)^2)); degrees of freedom grow with the distance from target."""
    off = ((mean - aim) / sigma) ** 2
    freedom = count * (1 + off) ** 2 / (1 + 2 * off)
    return _by_chi("Cpm", width / (6 * sigma * math.sqrt(1 + off)), freedom, confidence)


def _expected(mean: float, sigma: float, spec: Spec) -> float:
    from scipy import special

    below = special.ndtr((spec.lower - mean) / sigma) if spec.lower is not None else 0.0
    above = special.ndtr((mean - spec.upper) / sigma) if spec.upper is not None else 0.0
    return 1e6 * float(below + above)


def normality(values: Values) -> Normality | None:
    """None for fewer than 8 values, which say nothing of their distribution."""
    from scipy import special

    n = len(values)
    sigma = float(values.std(ddof=1)) if n >= 8 else 0.0
    if sigma == 0:
        return None
    z = np.sort((values - values.mean()) / sigma)
    odd = 2 * np.arange(1, n + 1) - 1
    raw = -n - float(np.sum(odd * (special.log_ndtr(z) + special.log_ndtr(-z[::-1])))) / n
    adjusted = raw * (1 + 0.75 / n + 2.25 / n**2)
    return Normality(adjusted, p_value(adjusted))


def p_value(a: float) -> float:
    if a >= 13:  # beyond it the formula turns
        return 0.0
    if a >= 0.6:
        return math.exp(1.2937 - 5.709 * a + 0.0186 * a**2)
    if a >= 0.34:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a**2)
    if a >= 0.2:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a**2)
    return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a**2)


def histogram(values: Values, spec: Spec) -> tuple[Values, Counts, list[Literal["below", "within", "above"]]]:
    """Bounds of bins, how many values each holds, and where it lies. A limit within the values bounds two bins."""
    low, high = float(values.min()), float(values.max())
    bounds = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    limits = [limit for limit in (spec.lower, spec.upper) if limit is not None and low < limit < high]
    for limit in limits:
        bounds[int(np.argmin(np.abs(bounds[1:-1] - limit))) + 1] = limit
    bounds = np.unique(bounds)
    # A value at the upper limit keeps it: bins hold their upper bound.
    counts = np.diff(np.searchsorted(np.sort(values), bounds, side="right"))
    counts[0] += int(np.sum(values == low))
    middles = (bounds[1:] + bounds[:-1]) / 2
    where: list[Literal["below", "within", "above"]] = [
        "below" if spec.lower is not None and middle < spec.lower
        else "above" if spec.upper is not None and middle > spec.upper
        else "within"
        for middle in middles
    ]  # fmt: skip
    return bounds, counts.astype(np.int64), where
