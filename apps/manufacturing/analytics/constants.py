"""Constants of control charts, computed: means and spreads of the range and of the deviation of normal samples.

All are for samples of `n` independent standard normal values. Definitions after Montgomery, Introduction to Statistical
Quality Control, chapter 6; the distribution of the range after Tippett 1925 (d2) and Pearson 1926 (d3).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
LARGEST = 100
"""The largest sample whose range is used; from there on a range says almost nothing of a sample."""
_REACH, _POINTS = 12.0, 400


@cache
def _nodes() -> tuple[Values, Values, Values, Values]:
    """Points of Gauss and Legendre over a range of values, their weights, and the normal distribution at them."""
    from scipy import special

    at, weights = np.polynomial.legendre.leggauss(_POINTS)
    x, w = _REACH * at, _REACH * weights
    return x, w, special.ndtr(x), special.ndtr(-x)


def _checked(n: int) -> None:
    if not 2 <= n <= LARGEST:
        raise ValueError(f"a range is that of 2 to {LARGEST} values, not of {n}")


@cache
def d2(n: int) -> float:
    """The mean of the range: the integral of 1 - F(x)^n - (1 - F(x))^n over all x (Tippett 1925)."""
    _checked(n)
    _, w, below, above = _nodes()
    return float(np.sum(w * (1 - below**n - above**n)))


@cache
def d3(n: int) -> float:
    """The standard deviation of the range.

    The mean of its square is twice the integral of t P(range > t) over t >= 0, where P(range <= t) is n times the
    integral of f(x) (F(x + t) - F(x))^(n - 1) over all x.
    """
    from scipy import special

    _checked(n)
    x, w, below, _ = _nodes()
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    wide, wide_weights = x + _REACH, w  # t from 0 to twice the reach
    within = special.ndtr(x[:, np.newaxis] + wide) - below[:, np.newaxis]
    reached = n * np.sum((w * density)[:, np.newaxis] * within ** (n - 1), axis=0)
    square = 2 * float(np.sum(wide_weights * wide * (1 - reached)))
    return math.sqrt(square - d2(n) ** 2)


@cache
def c4(n: int) -> float:
    """The mean of the standard deviation of a sample: sqrt(2 / (n - 1)) Gamma(n / 2) / Gamma((n - 1) / 2)."""
    if n < 2:
        raise ValueError(f"a deviation is that of at least 2 values, not of {n}")
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def d2_star(n: int, groups: int) -> float:
    """d2*: the mean of `groups` ranges divided by it estimates the deviation such that its square is unbiased.

    sqrt(d2^2 + d3^2 / groups), after Duncan 1974.
    """
    return math.sqrt(d2(n) ** 2 + d3(n) ** 2 / groups)


def each(constant: Callable[[int], float], sizes: NDArray[np.int64]) -> Values:
    """A constant for each of many sample sizes."""
    distinct, place = np.unique(sizes, return_inverse=True)
    return np.array([constant(int(n)) for n in distinct], dtype=np.float64)[place]
