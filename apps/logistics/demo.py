"""The demo tenant of logistics: Swift Carriers, parcels from eight depots. All of its data is generated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    LAST_DAY,
    amount,
    black_friday,
    bump,
    count,
    days,
    growth,
    holidays,
    season,
    table,
    wander,
    weeks,
    yearly_bump,
)

if TYPE_CHECKING:
    import polars

DAYS, WEEKS = 761, 130
# Drivers stopped work on these two days; the parcels went out on those that followed.
STRIKE = (date(2025, 11, 6), date(2025, 11, 7))
AFTER_STRIKE = {date(2025, 11, 8): 1.5, date(2025, 11, 9): 1.9, date(2025, 11, 10): 1.35, date(2025, 11, 11): 1.15}
# Snow closed the roads around Leeds.
SNOW = ("Leeds", date(2026, 1, 8), date(2026, 1, 9))
# Milton Keynes opened then, and took over a part of what Birmingham and Croydon had delivered.
OPENED = date(2025, 8, 18)
MOVED = {"Birmingham": 0.16, "Croydon": 0.1}

WEEK_DAYS = (1.16, 1.2, 1.1, 1.06, 1.04, 0.62, 0.16)
"""What each weekday, from Monday, is of a usual day: shops hand over on Monday what was ordered on the weekend."""


@dataclass(frozen=True)
class Depot:
    name: str
    parcels: float
    """On a usual working day at the end of history."""
    a_year: float
    vans: int
    electric: float
    """By how much of itself its use of diesel falls a year, as vans are replaced by electric ones."""


DEPOTS = (
    Depot("Birmingham", 14_800, 0.05, 96, 0.03),
    Depot("Bristol", 9_600, 0.07, 61, 0.05),
    Depot("Croydon", 17_900, 0.06, 112, 0.21),
    Depot("Leeds", 11_300, 0.05, 74, 0.02),
    Depot("Manchester", 13_700, 0.06, 85, 0.04),
    Depot("Milton Keynes", 7_400, 0.11, 46, 0.0),
    Depot("Newcastle", 8_700, 0.03, 64, 0.02),
    Depot("Norwich", 4_900, 0.04, 43, 0.0),
)
LITRES_A_WEEK = 162
"""Diesel for one van."""


def parcels(chance: Random) -> polars.DataFrame:
    """Parcels a day that each depot delivered."""
    rows = []
    drift = wander(chance, DAYS, 0.03)
    for depot in DEPOTS:
        own = wander(chance, DAYS, 0.025)
        for number, day in enumerate(days(DAYS)):
            if depot.name != "Milton Keynes" or day >= OPENED:
                rows.append((depot.name, day, count(chance, _parcels(depot, day) * drift[number] * own[number], 0.035)))
    return table(["depot", "date", "parcels"], rows)


def _parcels(depot: Depot, day: date) -> float:
    if day in holidays(day.year) or (day.month, day.day) in {(12, 25), (1, 1)} or day in STRIKE:
        return 0.0
    usual = depot.parcels * WEEK_DAYS[day.weekday()] * growth(day, depot.a_year) * season(day, (11, 15), 0.05)
    usual *= _rush(day)
    if day - DAY in holidays(day.year):
        usual *= 1.28
    if depot.name in MOVED and day < OPENED:
        usual *= 1 + MOVED[depot.name]
    if depot.name == "Milton Keynes":
        usual *= min(1.0, 0.35 + 0.012 * (day - OPENED).days)
    if depot.name == SNOW[0] and SNOW[1] <= day <= SNOW[2]:
        usual *= 0.12
    return usual * AFTER_STRIKE.get(day, 1.0)


def _rush(day: date) -> float:
    """From Black Friday to the last day of posting before Christmas, and a smaller one of returns in January."""
    rush = bump(day, black_friday(day.year) + 3 * DAY, 0.48, 4, 5)
    rush *= yearly_bump(day, (12, 16), 0.62, 10, 3)
    return rush * yearly_bump(day, (1, 6), 0.12, 3, 8)


def diesel(chance: Random) -> polars.DataFrame:
    """Litres of diesel a week that the vans of each depot took."""
    rows = []
    for depot in DEPOTS:
        drift = wander(chance, WEEKS, 0.02)
        for number, week in enumerate(weeks(WEEKS)):
            if depot.name == "Milton Keynes" and week < OPENED:
                continue
            load = sum(_parcels(depot, week + DAY * day) for day in range(7)) / (depot.parcels * sum(WEEK_DAYS))
            electric = (1 - depot.electric) ** ((week - LAST_DAY).days / 365)
            usual = depot.vans * LITRES_A_WEEK * (0.45 + 0.55 * load) * season(week, (1, 20), 0.06) * electric
            rows.append((depot.name, week, amount(chance, usual * drift[number], 0.03)))
    return table(["depot", "week", "litres"], rows)


DEMO = DemoTenant(
    slug="swift",
    name="Swift Carriers",
    industry="logistics",
    industries=("logistics", "retail"),
    people=(
        DemoPerson("Duncan Fraser", "owner"),
        DemoPerson("Yasmin Rahman", "administrator"),
        DemoPerson("Luca Moretti", "builder"),
        DemoPerson("Agnieszka Wójcik", "analyst"),
        DemoPerson("Gurpreet Singh", "approver"),
        DemoPerson("Ngozi Eze", "auditor"),
        DemoPerson("Callum Reid", "viewer"),
    ),
    datasets=(
        DemoDataset("Daily parcels", "daily-parcels.parquet", parcels),
        DemoDataset("Weekly diesel", "weekly-diesel.parquet", diesel),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Daily parcels", {"horizon": 28}),
        DemoRun("retail.demand_forecaster", "Weekly diesel", {"horizon": 8}),
    ),
)
