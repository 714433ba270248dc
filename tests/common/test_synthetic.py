"""The building blocks of generated series."""

from __future__ import annotations

import statistics
from datetime import date, datetime
from random import Random

import pytest

from apps.common import synthetic
from apps.common.synthetic import LAST_DAY

# As published by the Church of England and by the government of the United Kingdom.
EASTERS = [
    date(2000, 4, 23),
    date(2008, 3, 23),
    date(2011, 4, 24),
    date(2024, 3, 31),
    date(2026, 4, 5),
    date(2038, 4, 25),
]
BANK_HOLIDAYS = {
    2021: ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"],
    2024: ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
    2026: ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"],
    2028: ["01-03", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"],
}


@pytest.mark.parametrize("easter", EASTERS, ids=str)
def test_easter_is_when_it_is_published(easter: date) -> None:
    assert synthetic.easter(easter.year) == easter


@pytest.mark.parametrize("year", BANK_HOLIDAYS)
def test_bank_holidays_are_when_they_are_published(year: int) -> None:
    assert [f"{day:%m-%d}" for day in sorted(synthetic.holidays(year))] == BANK_HOLIDAYS[year]


def test_histories_end_with_whole_days_weeks_and_months() -> None:
    assert synthetic.days(2) == [date(2026, 10, 31), date(2026, 11, 1)]
    assert synthetic.weeks(2) == [date(2026, 10, 19), date(2026, 10, 26)]
    assert synthetic.months(11)[::10] == [date(2025, 12, 1), date(2026, 10, 1)]
    assert synthetic.hours(2)[:: 2 * 7 * 24 - 1] == [datetime(2026, 10, 19), datetime(2026, 11, 1, 23)]


def test_working_days_leave_out_weekends_and_holidays() -> None:
    assert synthetic.working_days(date(2026, 4, 1)) == 20
    assert synthetic.payday(date(2026, 5, 4)) == date(2026, 5, 29)
    assert synthetic.payday(date(2027, 12, 1)) == date(2027, 12, 31)
    assert synthetic.black_friday(2025) == date(2025, 11, 28)


def test_a_season_is_highest_at_its_peak_and_lowest_half_a_year_away() -> None:
    summer = {day: synthetic.season(day, (7, 1), 0.3) for day in synthetic.days(365)}
    assert max(summer, key=summer.__getitem__) == date(2026, 7, 1)
    assert max(summer.values()) == 1.3
    assert min(summer.values()) == pytest.approx(0.7, abs=0.001)


def test_a_bump_falls_off_on_each_side_as_wide_as_it_is_told() -> None:
    top = date(2025, 12, 22)
    assert synthetic.bump(top, top, 0.5, 7, 2) == 1.5
    assert synthetic.bump(date(2025, 12, 15), top, 0.5, 7, 2) == synthetic.bump(date(2025, 12, 24), top, 0.5, 7, 2)
    assert synthetic.yearly_bump(date(2026, 1, 1), (12, 31), 1, 1) == synthetic.yearly_bump(
        date(2025, 12, 30), (12, 31), 1, 1
    )


def test_growth_is_seen_from_the_end_of_history() -> None:
    assert synthetic.growth(LAST_DAY, 0.5) == 1
    assert synthetic.growth(date(2025, 11, 1), 0.5) == pytest.approx(2 / 3, rel=0.001)


@pytest.mark.parametrize(("mean", "spread"), [(0.4, 0.0), (7.0, 0.3), (200.0, 0.1)])
def test_counts_have_the_mean_and_the_variance_that_are_asked_for(mean: float, spread: float) -> None:
    chance = Random(3)
    counts = [synthetic.count(chance, mean, spread) for _ in range(20_000)]
    assert statistics.fmean(counts) == pytest.approx(mean, rel=0.03)
    assert statistics.pvariance(counts) == pytest.approx(mean + (mean * spread) ** 2, rel=0.06)
    assert min(counts) >= 0


def test_nothing_is_counted_where_nothing_is_expected() -> None:
    assert synthetic.count(Random(3), 0.0, 0.5) == 0


def test_amounts_keep_their_mean_and_come_in_steps() -> None:
    chance = Random(3)
    amounts = [synthetic.amount(chance, 5_000, 0.2, step=10) for _ in range(20_000)]
    assert statistics.fmean(amounts) == pytest.approx(5_000, rel=0.01)
    assert {each % 10 for each in amounts} == {0}


def test_a_drift_moves_slowly_about_one() -> None:
    drift = synthetic.wander(Random(3), 20_000, 0.1, memory=0.9)
    assert statistics.fmean(drift) == pytest.approx(1, abs=0.02)
    assert statistics.correlation(drift[1:], drift[:-1]) == pytest.approx(0.9, abs=0.02)
