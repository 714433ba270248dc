"""The demo tenant of retail: Acme Stores, eight shops in the south-west of England. All of its data is generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    FRIDAY,
    SATURDAY,
    SUNDAY,
    WEEK,
    amount,
    black_friday,
    bump,
    count,
    days,
    easter,
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

WEEKS, DAYS = 156, 731
# The lorry drivers of the distribution centre stopped work in this week; most shelves were full again after the next.
STRIKE = date(2025, 3, 17)


def _easter(day: date) -> float:
    """Bought in the weeks before Easter, gone with it."""
    return bump(day, easter(day.year) - 4 * DAY, 1, 14, 1.5) - 1


def _advent(day: date) -> float:
    """On the shelves from the middle of October to New Year."""
    return yearly_bump(day, (12, 20), 1, 26, 4) - 1


def _black_friday(day: date) -> float:
    return bump(day, black_friday(day.year), 1.9, 3)


def _bird_flu(day: date) -> float:
    """Hens had to be kept indoors early in 2026: eggs were short."""
    return bump(day, date(2026, 1, 19), -0.55, 12, 24)


@dataclass(frozen=True)
class Item:
    name: str
    department: str
    units: float
    """In a usual week, in all shops together, at the end of history."""
    peak: tuple[int, int] = (1, 1)
    swing: float = 0.0
    a_year: float = 0.0
    """Growth."""
    offers: int = 0
    """Price cuts a year, each of one week."""
    lift: float = 0.0
    """By how much of itself a price cut raises demand."""
    christmas: float = 0.0
    since: int = WEEKS
    """How many weeks ago it was listed."""
    until: int = 0
    """How many weeks ago it was taken off the list."""
    spread: float = 0.08
    event: Callable[[date], float] | None = None
    """What the calendar makes of it, besides season and Christmas."""


ITEMS = (
    Item("Cold and flu capsules 16", "Health", 640, (1, 12), 0.72, spread=0.2),
    Item("Sun cream SPF 30", "Health", 190, (7, 5), 0.97, spread=0.3),
    Item("Ground coffee 227 g", "Grocery", 840, (1, 10), 0.08, 0.02, offers=8, lift=0.9, christmas=0.15),
    Item("Breakfast tea 80 bags", "Grocery", 1_150, (1, 20), 0.10, -0.03, offers=4, lift=0.5),
    Item("Tomato soup 400 g", "Grocery", 1_320, (1, 15), 0.38, offers=6, lift=0.7),
    Item("Oat drink 1 l", "Grocery", 610, a_year=0.22, offers=5, lift=0.6),
    Item("Sparkling water 6 × 1.5 l", "Grocery", 720, (7, 20), 0.34, 0.03, offers=6, lift=0.8, spread=0.12),
    Item("Protein bar salted caramel", "Grocery", 430, (1, 20), 0.12, 0.1, offers=4, lift=0.8, since=61, spread=0.12),
    Item("Pumpkin spice syrup 250 ml", "Grocery", 210, since=6, spread=0.15),
    Item("Easter egg 150 g", "Grocery", 5_200, spread=0.12, event=_easter),
    Item("Mince pies 6 pack", "Grocery", 2_600, spread=0.1, event=_advent),
    Item("Whole milk 2 l", "Fresh", 4_900, (1, 15), 0.03, -0.02, spread=0.03),
    Item("Wholemeal loaf 800 g", "Fresh", 3_700, (10, 20), 0.04, spread=0.04),
    Item("Free-range eggs 12 pack", "Fresh", 2_150, (3, 20), 0.05, 0.02, spread=0.05, event=_bird_flu),
    Item("Vanilla ice cream 1 l", "Frozen", 690, (7, 18), 0.58, offers=7, lift=1.0, spread=0.16),
    Item("Garden peas 1 kg", "Frozen", 870, (1, 15), 0.07, christmas=0.4, offers=3, lift=0.5),
    Item("Dishwasher tablets 60 pack", "Household", 480, offers=9, lift=1.9, spread=0.1),
    Item("Laundry liquid 1.4 l", "Household", 560, offers=9, lift=1.5, spread=0.1),
    Item("Toilet tissue 9 rolls", "Household", 1_480, offers=6, lift=0.9, spread=0.06),
    Item("AA batteries 8 pack", "Household", 350, christmas=2.2, offers=3, lift=0.6, spread=0.1),
    Item("LED bulb E27 8 W", "Household", 260, (12, 5), 0.32, -0.06, until=5, spread=0.14),
    Item("Multi-purpose compost 50 l", "Garden", 310, (4, 28), 0.94, offers=3, lift=0.7, spread=0.28),
    Item("Barbecue charcoal 5 kg", "Garden", 150, (7, 1), 0.96, offers=3, lift=0.6, spread=0.45),
    Item(
        "Air fryer 4.5 l",
        "Electrical",
        74,
        christmas=2.4,
        a_year=-0.25,
        offers=5,
        lift=1.6,
        since=94,
        spread=0.2,
        event=_black_friday,
    ),
    Item("Vacuum drive belt (spare)", "Electrical", 0.55, spread=0.9),
)


@dataclass(frozen=True)
class Shop:
    name: str
    pounds: float
    """Takings of a usual day at the end of history."""
    saturday: float
    summer: float
    a_year: float


SHOPS = (
    Shop("Bath", 31_400, 0.42, 0.06, 0.03),
    Shop("Bristol", 58_900, 0.36, 0.0, 0.045),
    Shop("Exeter", 36_700, 0.34, 0.04, 0.035),
    Shop("Gloucester", 27_300, 0.30, -0.02, 0.01),
    Shop("Newquay", 19_800, 0.22, 0.46, 0.02),
    Shop("Plymouth", 33_600, 0.30, 0.07, 0.015),
    Shop("Swindon", 38_200, 0.38, -0.04, 0.025),
    Shop("Taunton", 24_100, 0.28, 0.02, 0.02),
)
# Exeter was refitted in these days and has no figures for them.
REFIT = ("Exeter", date(2026, 6, 8), date(2026, 6, 26))


def weekly_sales(chance: Random) -> polars.DataFrame:
    """Units sold a week of each item in all shops, with the weeks of price cuts."""
    rows: list[tuple[date, str, str, int, str]] = []
    for item in ITEMS:
        own = weeks(item.since)[: item.since - item.until]
        offers = _offers(chance, item, own)
        drift = wander(chance, len(own), 0.04)
        for number, week in enumerate(own):
            mean = _usual(item, week) * drift[number] * _listing(item, number)
            if week in offers:
                mean *= 1 + item.lift * chance.uniform(0.75, 1.25)
            elif week - WEEK in offers:
                mean *= 1 - 0.1 * item.lift  # cupboards are full
            rows.append((week, item.name, item.department, count(chance, mean, item.spread), _yes(week in offers)))
    rows.sort(key=lambda row: row[0])
    return table(["week", "item", "department", "units", "promotion"], rows)


def _usual(item: Item, week: date) -> float:
    """What would be sold in the week without price cuts."""
    middle = week + 3 * DAY
    mean = item.units * season(middle, item.peak, item.swing) * growth(middle, item.a_year)
    mean *= yearly_bump(middle, (12, 20), item.christmas, 12, 5)
    if item.event:
        mean *= item.event(middle)
    if week == STRIKE:
        mean *= 0.45 if item.department in {"Fresh", "Frozen"} else 0.7
    elif week == STRIKE + WEEK:
        mean *= 1.12
    return mean


def _listing(item: Item, number: int) -> float:
    """How far a new item has found its customers, `number` weeks after it was listed."""
    return 1.0 if item.since == WEEKS else min(1.0, 0.25 + 0.075 * number)


def _offers(chance: Random, item: Item, own: list[date]) -> set[date]:
    """The weeks of an item's price cuts, never two in a row."""
    wanted, found = round(item.offers * len(own) / 52), set[date]()
    for week in chance.sample(own, len(own)):
        if len(found) < wanted and not {week - WEEK, week + WEEK} & found:
            found.add(week)
    return found


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def daily_sales(chance: Random) -> polars.DataFrame:
    """Takings in pounds and customers a day of each shop. Large shops are closed on Christmas Day and Easter Sunday."""
    rows = []
    weather = wander(chance, DAYS, 0.05, memory=0.7)
    for shop in SHOPS:
        for number, day in enumerate(days(DAYS)):
            if shop.name == REFIT[0] and REFIT[1] <= day <= REFIT[2]:
                continue
            sales = amount(chance, _takings(shop, day) * weather[number], 0.05)
            rows.append((shop.name, day, round(sales / chance.uniform(23.5, 26.5)), sales))
    return table(["store", "date", "customers", "sales"], rows)


def _takings(shop: Shop, day: date) -> float:
    if (day.month, day.day) == (12, 25) or day == easter(day.year):
        return 0.0
    weekday = {FRIDAY: 1.16, SATURDAY: 1 + shop.saturday, SUNDAY: 0.72}.get(day.weekday(), 0.9)
    usual = shop.pounds * weekday * growth(day, shop.a_year) * season(day, (8, 5), shop.summer)
    usual *= yearly_bump(day, (12, 22), 0.75, 14, 2)
    usual *= bump(day, easter(day.year) - 2 * DAY, 0.25, 3)
    if day in holidays(day.year):
        usual *= 0.8
    if shop.name == REFIT[0]:
        usual *= bump(day, REFIT[2], 0.18, 1, 12) if day > REFIT[2] else 1  # people come to see it
    return usual


DEMO = DemoTenant(
    slug="acme",
    name="Acme Stores",
    industry="retail",
    industries=("retail",),
    people=(
        DemoPerson("Margaret Okonkwo", "owner"),
        DemoPerson("Tom Hartley", "administrator"),
        DemoPerson("Priya Raman", "builder"),
        DemoPerson("Ana Ferreira", "analyst"),
        DemoPerson("Daniel Weiss", "approver"),
        DemoPerson("Siobhán Byrne", "auditor"),
        DemoPerson("Kwame Mensah", "viewer"),
    ),
    datasets=(
        DemoDataset("Weekly unit sales", "weekly-unit-sales.parquet", weekly_sales),
        DemoDataset("Daily store sales", "daily-store-sales.parquet", daily_sales),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Weekly unit sales", {"horizon": 13}),
        DemoRun("retail.demand_forecaster", "Daily store sales", {"horizon": 28}),
    ),
)
