"""Building blocks of generated series: a calendar, seasons, and chance. Knows no industry.

Everything is a pure function of its arguments and of the seeded source of chance that it is given, so that a demo
installation holds the same figures on every machine.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars

# Generated histories end on this day: a Sunday, and the day after a month's end, so that no week or month is cut.
LAST_DAY = date(2026, 11, 1)
DAY, WEEK, YEAR = timedelta(days=1), timedelta(weeks=1), 365.25
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = range(7)


# The calendar


def days(count: int) -> list[date]:
    """The last `count` days of generated history."""
    return [LAST_DAY - DAY * back for back in reversed(range(count))]


def weeks(count: int) -> list[date]:
    """The Mondays of the last `count` whole weeks."""
    return [LAST_DAY - DAY * 6 - WEEK * back for back in reversed(range(count))]


def months(count: int) -> list[date]:
    """The first days of the last `count` whole months."""
    last = LAST_DAY.year * 12 + LAST_DAY.month - 2  # months since year 0, January being 0
    return [date(month // 12, month % 12 + 1, 1) for month in range(last - count + 1, last + 1)]


def hours(count: int) -> list[datetime]:
    """The hours of the last `count` whole weeks, by a clock that is never set forward or back."""
    first = datetime.combine(weeks(count)[0], time())
    return [first + timedelta(hours=hour) for hour in range(count * 7 * 24)]


@cache
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar: the Sunday after the full moon of the church's tables (Oudin, 1940)."""
    century, golden = year // 100, year % 19
    moon = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon -= (moon // 28) * (1 - (29 // (moon + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    return date(year, 3, 28) + DAY * (moon - weekday)


@cache
def holidays(year: int) -> frozenset[date]:
    """The bank holidays of England and Wales; one that falls on a weekend moves to the next working day."""
    found = {easter(year) - 2 * DAY, easter(year) + DAY}
    found |= {_monday(year, 5, 1), _monday(year, 5, 25), _monday(year, 8, 25)}
    for month, day in ((1, 1), (12, 25), (12, 26)):
        moved = date(year, month, day)
        while moved.weekday() >= SATURDAY or moved in found:
            moved += DAY
        found.add(moved)
    return frozenset(found)


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + DAY * ((THURSDAY - first.weekday()) % 7 + 22)


def is_working(day: date) -> bool:
    """Whether banks and offices are open."""
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def working_days(month: date) -> int:
    """How many working days the month has that begins on `month`."""
    return sum(is_working(month + DAY * after) for after in range(monthrange(month.year, month.month)[1]))


def payday(month: date) -> date:
    """The last working day of the month in which `month` lies: when most salaries arrive."""
    day = month.replace(day=monthrange(month.year, month.month)[1])
    while not is_working(day):
        day -= DAY
    return day


def _monday(year: int, month: int, day: int) -> date:
    """The first Monday from this day on."""
    start = date(year, month, day)
    return start + DAY * (-start.weekday() % 7)


# Shapes


def season(day: date, peak: tuple[int, int], strength: float) -> float:
    """A yearly swing about 1: highest, by the share `strength`, on the month and day of `peak`."""
    away = (day - date(day.year, *peak)).days
    return 1 + strength * math.cos(2 * math.pi * away / YEAR)


def bump(day: date, top: date, height: float, before: float, after: float | None = None) -> float:
    """1, and up to 1 + `height` on the day `top`: a hill whose sides fall off within so many days before and after."""
    away = (day - top).days
    width = before if away < 0 or after is None else after
    return 1 + height * math.exp(-0.5 * (away / width) ** 2)


def yearly_bump(day: date, top: tuple[int, int], height: float, before: float, after: float | None = None) -> float:
    """`bump` about the nearest such day of the year."""
    near = min((date(day.year + over, *top) for over in (-1, 0, 1)), key=lambda each: abs((day - each).days))
    return bump(day, near, height, before, after)


def growth(day: date, a_year: float) -> float:
    """What a yearly growth by the share `a_year` makes of 1 at the end of history, seen from `day`."""
    return float((1 + a_year) ** ((day - LAST_DAY).days / YEAR))


# Chance


def count(chance: Random, mean: float, spread: float = 0.0) -> int:
    """How many of something happen: a Poisson number about `mean`, which itself varies by the share `spread`."""
    if mean <= 0:
        return 0
    if spread:
        mean *= chance.gammavariate(1 / spread**2, spread**2)
    if mean > 60:  # from there on the normal distribution is as good
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def amount(chance: Random, mean: float, spread: float, step: int = 1) -> int:
    """How much of something: log-normal about `mean`, by the share `spread`, in multiples of `step`."""
    return step * round(mean * math.exp(chance.gauss(-(spread**2) / 2, spread)) / step)


def wander(chance: Random, length: int, spread: float, memory: float = 0.9) -> list[float]:
    """A slow drift about 1, as of weather or fashion: each value keeps the share `memory` of the one before."""
    state, drift = 0.0, []
    for _ in range(length):
        state = memory * state + chance.gauss(0, spread * math.sqrt(1 - memory**2))
        drift.append(math.exp(state))
    return drift


# Tables


def table(columns: list[str], rows: Iterable[tuple[Any, ...]]) -> polars.DataFrame:
    """A table of plain values."""
    import polars

    return polars.DataFrame(list(rows), schema=columns, orient="row", infer_schema_length=None)
