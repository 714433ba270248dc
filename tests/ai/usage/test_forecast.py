"""The sum of a month before it is over."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from apps.ai.usage.forecast import COVERAGE, month_forecast, student

MONDAY = date(2026, 10, 5)


def amounts(first: date, today: date, of: list[float]) -> dict[date, float]:
    """Every day until `today`, by its weekday."""
    days = [first + timedelta(days=each) for each in range((today - first).days)]
    return {day: of[day.weekday()] for day in days}


def test_days_are_taken_for_their_weekday() -> None:
    week = [10.0, 20, 30, 40, 50, 0, 0]
    today = date(2026, 11, 20)  # a Friday
    found = month_forecast(amounts(MONDAY, today, week), first=MONDAY, today=today)
    assert found is not None
    # A November of 30 days that begins with a Sunday: each weekday four times, and a Sunday and a Monday more.
    assert found.expected == pytest.approx(4 * 150 + 10)
    assert found.low == pytest.approx(found.high) == pytest.approx(found.expected)
    assert found.days == (today - MONDAY).days


@pytest.mark.parametrize(("days", "is_there"), [(13, False), (14, True)])
def test_it_is_not_told_before_each_weekday_was_there_twice(days: int, is_there: bool) -> None:
    today = MONDAY + timedelta(days=days)
    assert (month_forecast({MONDAY: 1.0}, first=MONDAY, today=today) is not None) == is_there


def test_what_is_spent_today_already_is_not_forecast_away() -> None:
    today = date(2026, 11, 30)
    spent = amounts(MONDAY, today, [1.0] * 7) | {today: 500.0}
    found = month_forecast(spent, first=MONDAY, today=today)
    assert found is not None
    assert (found.low, found.expected, found.high) == (529, 529, 529)


def test_what_was_long_ago_tells_nothing() -> None:
    today = date(2026, 11, 2)
    old, new = today - timedelta(days=200), today - timedelta(days=56)
    spent = amounts(old, new, [1000.0] * 7) | amounts(new, today, [1.0] * 7)
    found = month_forecast(spent, first=old, today=today)
    assert found is not None
    assert found.expected == pytest.approx(30)
    assert found.days == 56


def test_the_interval_holds_as_many_months_as_it_says() -> None:
    """1,500 months whose days scatter around their weekday, seen on their tenth day."""
    chance, week = random.Random(3), [100.0, 120, 110, 130, 90, 10, 5]
    first, today, end, held, months = date(2026, 9, 21), date(2026, 11, 10), date(2026, 12, 1), 0, 1_500
    for _ in range(months):
        every = {day: chance.gauss(mean, 15) for day, mean in amounts(first, end, week).items()}
        seen = {day: amount for day, amount in every.items() if day < today}
        found = month_forecast(seen, first=first, today=today)
        assert found is not None
        held += found.low <= sum(amount for day, amount in every.items() if day.month == 11) <= found.high
    assert held / months == pytest.approx(COVERAGE, abs=0.03)


@pytest.mark.parametrize(("freedom", "exact"), [(7, 1.41492), (20, 1.32534), (49, 1.29907)])
def test_quantiles_of_student_are_those_of_the_tables(freedom: int, exact: float) -> None:
    assert student(0.9, freedom) == pytest.approx(exact, rel=1e-3)
