"""The demo tenant of financial services: Harbour Bank, in English and Welsh ports. All of its data is generated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    FRIDAY,
    MONDAY,
    SATURDAY,
    SUNDAY,
    THURSDAY,
    amount,
    count,
    days,
    growth,
    holidays,
    hours,
    is_working,
    payday,
    season,
    table,
    wander,
    yearly_bump,
)

if TYPE_CHECKING:
    import polars

DAYS, WEEKS = 731, 12
# Guards who bring cash did not work on these two days: most machines ran empty.
STRIKE = (date(2025, 9, 18), date(2025, 9, 19))


@dataclass(frozen=True)
class Branch:
    name: str
    pounds: float
    """Paid out by the branch's machines on a usual day at the end of history."""
    summer: float
    weekend: float
    """What a Saturday is of a usual day; a Sunday is four fifths of that."""


BRANCHES = (
    Branch("Bristol Quay", 148_000, -0.02, 1.18),
    Branch("Cardiff Bay", 126_000, 0.03, 1.22),
    Branch("Dover Marine Parade", 58_000, 0.18, 1.05),
    Branch("Gatwick South Terminal", 171_000, 0.31, 1.02),
    Branch("Hull Old Town", 74_000, -0.03, 0.86),
    Branch("Liverpool Albert Dock", 162_000, 0.08, 1.34),
    Branch("Plymouth Barbican", 69_000, 0.14, 1.12),
    Branch("Portsmouth Gunwharf", 88_000, 0.06, 1.28),
    Branch("Southampton West Quay", 117_000, 0.02, 1.25),
    Branch("Whitby Harbour", 31_000, 0.44, 1.31),
)
# Dover moved to another house and was closed in these days: it has no figures for them.
MOVE = ("Dover Marine Parade", date(2026, 4, 27), date(2026, 5, 8))

# How the day's authorisations spread over its hours, from midnight: on working days and on weekends.
SHOPS = (
    (6, 4, 3, 3, 5, 14, 28, 44, 54, 46, 50, 58, 82, 76, 58, 54, 60, 74, 82, 70, 54, 38, 24, 13),
    (13, 9, 6, 4, 4, 7, 13, 24, 42, 60, 76, 84, 88, 84, 78, 72, 68, 64, 62, 54, 40, 27, 15, 6),
)
HOME = (
    (20, 11, 7, 5, 5, 9, 20, 34, 42, 47, 50, 51, 56, 54, 48, 46, 48, 52, 60, 72, 82, 84, 63, 34),
    (26, 16, 9, 6, 5, 7, 13, 24, 38, 52, 60, 62, 60, 58, 56, 56, 56, 56, 58, 62, 70, 72, 52, 26),
)


@dataclass(frozen=True)
class Channel:
    name: str
    a_day: float
    hours: tuple[tuple[int, ...], tuple[int, ...]]
    weekend: float
    a_year: float


CHANNELS = (
    Channel("Contactless", 412_000, SHOPS, 1.08, 0.09),
    Channel("Chip and PIN", 96_000, SHOPS, 1.15, -0.11),
    Channel("Online", 187_000, HOME, 1.04, 0.12),
    Channel("Cash machine", 23_500, SHOPS, 1.02, -0.07),
)
# A certificate had run out: two hours in which hardly an online payment went through.
OUTAGE = (datetime(2026, 10, 14, 13), datetime(2026, 10, 14, 14))  # noqa: DTZ001  # hours of the bank's own clock


def withdrawals(chance: Random) -> polars.DataFrame:
    """Cash paid out a day at each branch, in pounds: what has to be brought there."""
    rows = []
    weather = wander(chance, DAYS, 0.03, memory=0.6)
    for branch in BRANCHES:
        own = wander(chance, DAYS, 0.05)
        for number, day in enumerate(days(DAYS)):
            if branch.name == MOVE[0] and MOVE[1] <= day <= MOVE[2]:
                continue
            usual = _usual(branch, day) * weather[number] * own[number]
            rows.append((branch.name, day, amount(chance, usual, 0.06, step=10)))
    return table(["branch", "date", "withdrawals"], rows)


def _usual(branch: Branch, day: date) -> float:
    usual = branch.pounds * growth(day, -0.055) * season(day, (8, 1), branch.summer)
    usual *= {
        MONDAY: 0.97,
        THURSDAY: 1.05,
        FRIDAY: 1.24,
        SATURDAY: branch.weekend,
        SUNDAY: 0.8 * branch.weekend,
    }.get(day.weekday(), 0.93)
    since = min((day - payday(month)).days for month in (day, day.replace(day=1) - DAY) if day >= payday(month))
    usual *= {0: 1.42, 1: 1.3, 2: 1.16, 3: 1.09}.get(since, 1.0)
    usual *= yearly_bump(day, (12, 22), 0.38, 6, 1.5)
    if day in holidays(day.year):
        usual *= 0.78
    elif day + DAY in holidays(day.year):
        usual *= 1.18
    if (day.month, day.day) == (12, 25):
        usual *= 0.25
    return usual * (0.34 if day in STRIKE else 1)


def authorisations(chance: Random) -> polars.DataFrame:
    """Card payments that were authorised in each hour, a column per channel."""
    moments = hours(WEEKS)
    drift = [wander(chance, len(moments), 0.03, memory=0.97) for _ in CHANNELS]
    rows = [
        (moment, *(count(chance, _expected(each, moment) * drift[n][hour], 0.03) for n, each in enumerate(CHANNELS)))
        for hour, moment in enumerate(moments)
    ]
    return table(["hour", *(channel.name for channel in CHANNELS)], rows)


def _expected(channel: Channel, moment: datetime) -> float:
    day = moment.date()
    free = not is_working(day)
    usual = channel.a_day * channel.hours[free][moment.hour] / sum(channel.hours[free])
    usual *= growth(day, channel.a_year) * (channel.weekend if free else 1 + 0.02 * day.weekday())
    if day == payday(day) or day.day <= 2:
        usual *= 1.11
    return usual * (0.03 if channel.name == "Online" and moment in OUTAGE else 1)


DEMO = DemoTenant(
    slug="harbour",
    name="Harbour Bank",
    industry="finance",
    industries=("finance", "retail"),
    people=(
        DemoPerson("Helen Ashworth", "owner"),
        DemoPerson("Rajesh Iyer", "administrator"),
        DemoPerson("Mei-Ling Chow", "builder"),
        DemoPerson("Oluwaseun Adeyemi", "analyst"),
        DemoPerson("Fiona MacLeod", "approver"),
        DemoPerson("Henrik Sørensen", "auditor"),
        DemoPerson("Zainab Malik", "viewer"),
    ),
    datasets=(
        DemoDataset("Daily cash withdrawals", "daily-cash-withdrawals.parquet", withdrawals),
        DemoDataset("Card authorisations per hour", "card-authorisations-per-hour.parquet", authorisations),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Daily cash withdrawals", {"horizon": 14}),
        DemoRun("retail.demand_forecaster", "Card authorisations per hour", {"horizon": 48}),
    ),
)
