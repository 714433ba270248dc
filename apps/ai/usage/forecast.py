"""What will have been spent at the end of the month. Pure: days and amounts in, a sum with its interval out.

Spending has a week: weekdays differ, weekends more so. Each day is taken for the mean of its weekday in the days before
(a regression on dummies of the weekday: Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed.,
sections 7.4 and 7.6). Of the sum over the days that are left, the variance is that of the days themselves and that of
the means, which are shared by all days of a weekday; the interval is Student's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist, fmean
from typing import Final

LEAST: Final = 14
"""Days without which nothing is forecast: two of each weekday."""
MOST: Final = 56
"""Days that are looked back on; what was before tells little of now."""
COVERAGE: Final = 0.8
"""Of the interval: in one month of five it is missed."""


@dataclass(frozen=True)
class Forecast:
    """Of the month's sum, with the interval of `COVERAGE`. In the unit of the amounts."""

    expected: float
    low: float
    high: float
    days: int
    """That it is made from."""


def month_forecast(amounts: Mapping[date, float], *, first: date, today: date) -> Forecast | None:
    """The sum of the month in which `today` is, from the amounts of days; days without one had none.

    `first`: the day of the first amount ever. Today is not over, so it is forecast with the days that are left. None
    with fewer than `LEAST` whole days since `first`.
    """
    begin = max(first, today - timedelta(days=MOST))
    days = [begin + timedelta(days=each) for each in range((today - begin).days)]
    if len(days) < LEAST:
        return None
    of = [[amounts.get(day, 0.0) for day in days if day.weekday() == weekday] for weekday in range(7)]
    means = [fmean(each) for each in of]
    left = _days_left(today)
    spent = sum(amount for day, amount in amounts.items() if today.replace(day=1) <= day < today)
    now = spent + amounts.get(today, 0.0)
    expected = spent + sum(left[weekday] * means[weekday] for weekday in range(7))
    freedom = len(days) - 7
    variance = sum((amount - mean) ** 2 for each, mean in zip(of, means, strict=True) for amount in each) / freedom
    around = variance * sum(count + count**2 / len(each) for count, each in zip(left, of, strict=True))
    half = student((1 + COVERAGE) / 2, freedom) * math.sqrt(around)
    # What is spent is spent.
    return Forecast(max(expected, now), max(expected - half, now), max(expected + half, now), len(days))


def student(probability: float, freedom: int) -> float:
    """The quantile of Student's t, to 0.1 % for seven degrees of freedom and more and the middle 90 % (Abramowitz and
    Stegun, 26.7.5)."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4.0,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _days_left(today: date) -> list[int]:
    """How many of each weekday are left of the month, today included."""
    counts, day = [0] * 7, today
    while day.month == today.month:
        counts[day.weekday()] += 1
        day += timedelta(days=1)
    return counts
