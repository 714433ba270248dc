"""The demo tenant of technology: Nimbus Software, accounting for small firms. All of its data is generated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from apps.common.demo import DemoDataset, DemoPerson, DemoRun, DemoTenant
from apps.common.synthetic import (
    DAY,
    LAST_DAY,
    bump,
    count,
    days,
    growth,
    hours,
    is_working,
    table,
    wander,
    yearly_bump,
)

if TYPE_CHECKING:
    import polars

WEEKS, DAYS = 10, 731
# The primary database failed over, which took three hours; then the clients tried again all at once.
FAILURE = datetime(2026, 9, 24, 10)  # noqa: DTZ001  # hours of the services' own clock
# A chain of accountants moved its 4,000 clients here on this day.
NEW_CUSTOMER = date(2026, 10, 5)

# How the day's requests spread over its hours, from midnight.
OFFICE = (3, 2, 2, 2, 3, 6, 16, 42, 84, 112, 116, 108, 78, 88, 106, 104, 92, 66, 34, 22, 16, 11, 8, 5)
FLAT = (36, 34, 33, 33, 34, 36, 39, 42, 45, 47, 48, 48, 47, 47, 47, 47, 46, 45, 44, 43, 42, 41, 39, 37)
NIGHTLY = (18, 30, 260, 210, 90, 24, 12, 16, 26, 34, 36, 34, 24, 26, 32, 32, 28, 24, 12, 8, 8, 6, 6, 8)


@dataclass(frozen=True)
class Service:
    name: str
    a_day: float
    """Requests on a working day at the end of history."""
    shape: tuple[int, ...]
    weekend: float
    """What a day without work is of a working day."""
    a_week: float = 0.004
    first_of_month: float = 0.0
    """By how much of itself the first working days of a month raise it."""


SERVICES = (
    Service("Sign-in", 310_000, OFFICE, 0.19),
    Service("Ledger", 2_450_000, OFFICE, 0.16, first_of_month=0.22),
    Service("Search", 540_000, OFFICE, 0.17, a_week=0.008),
    Service("Invoicing", 420_000, OFFICE, 0.12, first_of_month=0.85),
    Service("Bank feeds", 1_180_000, FLAT, 0.82),
    Service("Reports", 165_000, NIGHTLY, 0.55, first_of_month=0.6),
)


def requests(chance: Random) -> polars.DataFrame:
    """Requests that each service answered in each hour, a column per service."""
    moments = hours(WEEKS)
    drift = wander(chance, len(moments), 0.03, memory=0.97)
    rows = [
        (moment, *(count(chance, _load(each, moment) * drift[hour], 0.025) for each in SERVICES))
        for hour, moment in enumerate(moments)
    ]
    return table(["hour", *(service.name for service in SERVICES)], rows)


def _load(service: Service, moment: datetime) -> float:
    day = moment.date()
    usual = service.a_day * service.shape[moment.hour] / sum(service.shape)
    usual *= float((1 + service.a_week) ** ((day - LAST_DAY).days / 7))
    if not is_working(day):
        usual *= service.weekend
    if day < NEW_CUSTOMER:
        usual *= 0.93
    if day.day <= 4:
        usual *= 1 + service.first_of_month * (1.25 - day.day / 4)
    after = (moment - FAILURE) // timedelta(hours=1)
    return usual * (0.04, 0.02, 0.3, 1.45)[after] if after in range(4) else usual


@dataclass(frozen=True)
class Queue:
    name: str
    a_day: float
    """Tickets on a working day at the end of history."""
    a_year: float
    release: float
    """By how much of itself a release raises it."""
    january: float = 0.0
    """The same of the end of January, when tax returns are due."""


QUEUES = (
    Queue("Bank connections", 46, 0.11, 0.25, 0.2),
    Queue("Billing and plans", 21, 0.04, 0.05),
    Queue("How do I", 88, 0.06, 0.5, 0.9),
    Queue("Something is broken", 33, -0.03, 1.4, 0.3),
    Queue("Tax and filing", 24, 0.08, 0.3, 3.2),
)


def tickets(chance: Random) -> polars.DataFrame:
    """Support tickets a day in each queue. A release comes every second Tuesday."""
    rows = []
    for queue in QUEUES:
        drift = wander(chance, DAYS, 0.07, memory=0.92)
        for number, day in enumerate(days(DAYS)):
            usual = queue.a_day * growth(day, queue.a_year) * drift[number]
            usual *= (1.22, 1.06, 1.0, 0.96, 0.84)[day.weekday()] if is_working(day) else 0.11
            usual *= bump(day, _release(day), queue.release, 0.3, 1.6)
            usual *= yearly_bump(day, (1, 30), queue.january, 9, 1.5) * yearly_bump(day, (12, 27), -0.7, 5)
            rows.append((queue.name, day, count(chance, usual, 0.1)))
    return table(["queue", "date", "tickets"], rows)


def _release(day: date) -> date:
    """The last release up to this day; there is none between the years."""
    back = (day - date(2024, 1, 2)).days % 14  # 2 January 2024 was such a Tuesday
    last = day - DAY * back
    return last - 14 * DAY if (last.month, last.day) >= (12, 20) or (last.month, last.day) <= (1, 1) else last


DEMO = DemoTenant(
    slug="nimbus",
    name="Nimbus Software",
    industry="tech",
    industries=("tech", "retail"),
    people=(
        DemoPerson("Elena Popescu", "owner"),
        DemoPerson("James Whitfield", "administrator"),
        DemoPerson("Arjun Desai", "builder"),
        DemoPerson("Sofia Lindqvist", "analyst"),
        DemoPerson("Chinedu Obi", "approver"),
        DemoPerson("Hannah Goldberg", "auditor"),
        DemoPerson("Minh Tran", "viewer"),
    ),
    datasets=(
        DemoDataset("Requests per hour", "requests-per-hour.parquet", requests),
        DemoDataset("Daily support tickets", "daily-support-tickets.parquet", tickets),
    ),
    runs=(
        DemoRun("retail.demand_forecaster", "Requests per hour", {"horizon": 48}),
        DemoRun("retail.demand_forecaster", "Daily support tickets", {"horizon": 14}),
    ),
)
