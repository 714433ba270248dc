"""The demo tenant of manufacturing: Tetra Drives, which makes gear units and pumps. All of its data is generated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    WEEK,
    bump,
    count,
    growth,
    months,
    season,
    table,
    wander,
    weeks,
    working_days,
)

if TYPE_CHECKING:
    import polars

WEEKS, MONTHS = 156, 60
# Castings did not arrive: the foundry that makes them stood under water.
FLOOD = (date(2024, 10, 1), date(2024, 11, 1))
# In this month the assembly of pumps began to work in two shifts.
SECOND_SHIFT = date(2025, 4, 1)


@dataclass(frozen=True)
class Part:
    number: str
    name: str
    orders: float
    """How many orders a week ask for it."""
    pieces: float
    """In one order, on average."""
    spread: float = 0.3
    """How much orders differ in size, as a share of it."""
    overhaul: float = 0.0
    """How many pieces customers order besides when they overhaul their plants in spring."""
    a_year: float = 0.0


PARTS = (
    Part("TD-1004", "Shaft seal 45 mm", 34, 4.2, 0.5, a_year=0.03),
    Part("TD-1010", "Housing gasket set", 27, 3.1, 0.4),
    Part("TD-1021", "Gear oil 220, 5 l", 52, 6.0, 0.6, overhaul=180),
    Part("TD-1033", "Oil level glass", 11, 1.8, 0.4),
    Part("TD-1107", "Ball bearing 6308", 19, 4.0, 0.5, overhaul=60),
    Part("TD-1112", "Taper roller bearing 32210", 8, 3.6, 0.7),
    Part("TD-1140", "Coupling insert 42", 14, 2.2, 0.5, a_year=-0.08),
    Part("TD-1205", "Breather valve", 6, 1.9, 0.5),
    Part("TD-1302", "Pump impeller 160", 2.4, 1.3, 0.3),
    Part("TD-1318", "Mechanical seal 38 mm", 4.5, 2.0, 0.9, overhaul=24),
    Part("TD-1326", "Wear ring set 160", 1.7, 2.6, 0.8),
    Part("TD-1401", "Pinion shaft, stage 1", 0.34, 1.1, 0.2),
    Part("TD-1402", "Gear wheel, stage 1", 0.30, 1.1, 0.2),
    Part("TD-1411", "Pinion shaft, stage 2", 0.22, 1.2, 0.3),
    Part("TD-1412", "Gear wheel, stage 2", 0.20, 1.1, 0.2),
    Part("TD-1450", "Planet carrier", 0.12, 1.5, 0.9),
    Part("TD-1502", "Motor 7.5 kW", 0.55, 1.4, 0.6),
    Part("TD-1505", "Motor 22 kW", 0.26, 1.2, 0.4),
    Part("TD-1610", "Backstop", 0.4, 2.4, 1.1),
    Part("TD-1622", "Torque arm", 0.31, 3.2, 1.2),
    Part("TD-1704", "Oil pump, forced lubrication", 0.18, 1.1, 0.2),
    Part("TD-1711", "Heat exchanger", 0.09, 1.0, 0.1),
    Part("TD-1820", "Foundation bolt M30", 0.5, 26, 0.8),
    Part("TD-1902", "Repaint kit", 0.28, 5.5, 1.3),
)


def spare_parts(chance: Random) -> polars.DataFrame:
    """Pieces a week that customers ordered of each spare part; a week without an order stands as zero."""
    rows = []
    for part in PARTS:
        drift = wander(chance, WEEKS, 0.08)
        for number, week in enumerate(weeks(WEEKS)):
            orders = count(chance, part.orders * drift[number] * _open(week) * growth(week, part.a_year))
            pieces = sum(max(1, count(chance, part.pieces, part.spread)) for _ in range(orders))
            pieces += count(chance, part.overhaul * (bump(week, date(week.year, 4, 20), 1, 10) - 1), 0.25)
            rows.append((part.number, part.name, week, pieces))
    return table(["part", "description", "week", "quantity"], rows)


def _open(week: date) -> float:
    """How much of the week customers' buyers are at work: little around Christmas and in the first half of August."""
    if date(week.year, 8, 1) <= week + 4 * DAY < date(week.year, 8, 15):
        return 0.45
    christmas = date((week + 2 * WEEK).year, 1, 1) - 8 * DAY
    return 0.25 if christmas - 4 * DAY <= week <= christmas + 3 * DAY else 1.0


@dataclass(frozen=True)
class Line:
    name: str
    a_day: float
    """Units made on a working day at the end of history."""
    a_year: float
    peak: tuple[int, int] = (5, 1)
    swing: float = 0.03
    castings: bool = True
    since: int = MONTHS
    """How many months ago it was set up."""


LINES = (
    Line("Helical gear units", 46, 0.02),
    Line("Bevel gear units", 21, 0.01),
    Line("Planetary gear units", 6.4, 0.06),
    Line("Worm gear units", 34, -0.07),
    Line("Centrifugal pumps", 58, 0.03, (3, 15), 0.08),
    Line("Dosing pumps", 27, 0.12, (4, 1), 0.05, castings=False, since=31),
)


def production(chance: Random) -> polars.DataFrame:
    """Units a month that left each line. The plant is closed for two weeks in August and between the years."""
    rows = []
    for line in LINES:
        drift = wander(chance, line.since, 0.03)
        for number, month in enumerate(months(line.since)):
            usual = line.a_day * _days_of_work(month) * growth(month, line.a_year)
            usual *= season(month, line.peak, line.swing) * drift[number]
            if line.castings and month in FLOOD:
                usual *= 0.55
            if line.name == "Centrifugal pumps" and month < SECOND_SHIFT:
                usual *= 0.68
            if line.since < MONTHS:
                usual *= min(1.0, 0.2 + 0.1 * number)  # it is run in
            rows.append((line.name, month, count(chance, usual, 0.025)))
    return table(["line", "month", "units"], rows)


def _days_of_work(month: date) -> int:
    return working_days(month) - {8: 10, 12: 4}.get(month.month, 0)


DEMO = DemoTenant(
    slug="tetra",
    name="Tetra Drives",
    industry="manufacturing",
    industries=("manufacturing", "retail"),
    people=(
        DemoPerson("Ingrid Baumann", "owner"),
        DemoPerson("Piotr Kowalczyk", "administrator"),
        DemoPerson("Hiroshi Tanaka", "builder"),
        DemoPerson("Claire Dubois", "analyst"),
        DemoPerson("Mustafa Yıldız", "approver"),
        DemoPerson("Rosa Delgado", "auditor"),
        DemoPerson("Jakub Novotný", "viewer"),
    ),
    datasets=(
        DemoDataset("Weekly spare-part demand", "weekly-spare-part-demand.parquet", spare_parts),
        DemoDataset("Monthly production", "monthly-production.parquet", production),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Weekly spare-part demand", {"horizon": 13}),
        DemoRun("retail.demand_forecaster", "Monthly production", {"horizon": 6}),
    ),
)
