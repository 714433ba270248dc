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
    days,
    growth,
    is_working,
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


HOURS = ("06:00", "11:00", "16:00")
"""When five housings are taken from the machining centre and measured."""
MEASURED_DAYS = 45


@dataclass(frozen=True)
class Feature:
    """A characteristic of the housings, in mm."""

    name: str
    nominal: float
    tolerance: float
    """Either way."""
    spread: float
    mean: float = 0.0
    """How far the process is off the nominal size."""


FEATURES = (
    Feature("Bearing seat A", 40.0, 0.025, 0.0052, 0.001),
    Feature("Bearing seat B", 52.0, 0.03, 0.0061),
    Feature("Seat depth", 18.5, 0.05, 0.0115, -0.004),
)
# Samples in which seat A was bored with a chip under the part, since when it is bored with another insert, and in which
# the clamping was loose, so that the depth scattered.
CHIP, NEW_INSERT, LOOSE = 41, 96, range(70, 79)


def housing_bores(chance: Random) -> polars.DataFrame:
    """Diameters and depths of five housings, three times a working day, with the specification of each feature."""
    rows = []
    for number, sample in enumerate(_samples()):
        for feature in FEATURES:
            mean, spread = feature.nominal + feature.mean, feature.spread
            if feature.name == "Bearing seat A":
                mean += 0.011 if number == CHIP else 0.0055 if number >= NEW_INSERT else 0.0
            elif feature.name == "Seat depth" and number in LOOSE:
                spread *= 2.4
            limits = round(feature.nominal - feature.tolerance, 4), round(feature.nominal + feature.tolerance, 4)
            for _ in range(5):
                rows.append((sample, feature.name, round(chance.gauss(mean, spread), 4), *limits, feature.nominal))
    return table(["sample", "characteristic", "measurement", "lsl", "usl", "target"], rows)


def _samples() -> list[str]:
    measured = [day for day in days(2 * MEASURED_DAYS) if is_working(day)][-MEASURED_DAYS:]
    return [f"{day} {hour}" for day in measured for hour in HOURS]


# Resin from another supplier was used on these days, until somebody looked at the chart.
RESIN = (date(2026, 10, 12), date(2026, 10, 14))


def leak_tests(chance: Random) -> polars.DataFrame:
    """Castings that leak under pressure, day by day; how many were tested follows the day's work."""
    rows = []
    for day in [day for day in days(2 * MEASURED_DAYS) if is_working(day)][-MEASURED_DAYS:]:
        tested = 40 * round(chance.uniform(4, 7))
        share = 0.115 if RESIN[0] <= day <= RESIN[1] else 0.034
        rows.append((day, tested, sum(chance.random() < share for _ in range(tested))))
    return table(["date", "inspected", "defectives"], rows)


def gauge_study(chance: Random) -> polars.DataFrame:
    """Ten housings, of which three inspectors measured seat A three times each; one holds the gauge askew."""
    parts = [chance.gauss(40.001, 0.0085) for _ in range(10)]
    rows = []
    for operator, askew in (("Beata", 0.0), ("Farid", 0.0002), ("Nils", 0.0011)):
        for trial in (1, 2, 3):
            for part, size in enumerate(parts, start=1):
                rows.append((operator, part, trial, round(chance.gauss(size + askew, 0.0009), 4)))
    return table(["operator", "part", "trial", "measurement"], rows)


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
        DemoDataset("Housing bores", "housing-bores.parquet", housing_bores),
        DemoDataset("Leak tests of castings", "leak-tests-of-castings.parquet", leak_tests),
        DemoDataset("Gauge study of seat A", "gauge-study-of-seat-a.parquet", gauge_study),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Weekly spare-part demand", {"horizon": 13}),
        DemoRun("retail.demand_forecaster", "Monthly production", {"horizon": 6}),
        DemoRun("manufacturing.quality_inspector", "Housing bores", {"unit": "mm", "baseline": 60}),
        DemoRun("manufacturing.quality_inspector", "Leak tests of castings", {"baseline": 25}),
        DemoRun(
            "manufacturing.quality_inspector",
            "Gauge study of seat A",
            {"unit": "mm", "lower_spec": 39.975, "upper_spec": 40.025},
        ),
    ),
)
