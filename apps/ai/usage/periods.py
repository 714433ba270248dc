"""The spans of time that usage is looked at in, each beside the one before. Days are those of UTC, as of budgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final


@dataclass(frozen=True)
class Span:
    """Days, the last one included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=each) for each in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Period:
    key: str
    title: str
    before: str
    """What it is held against, in words."""
    spans: Callable[[date], tuple[Span, Span]]
    """The period and the one before, on a day."""


def _month(today: date) -> tuple[Span, Span]:
    """To date, beside as many days of the month before."""
    first = today.replace(day=1)
    last_before = first - timedelta(days=1)
    first_before = last_before.replace(day=1)
    return Span(first, today), Span(first_before, min(last_before, first_before + (today - first)))


def _last_month(today: date) -> tuple[Span, Span]:
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    last_before = first - timedelta(days=1)
    return Span(first, last), Span(last_before.replace(day=1), last_before)


def _days(count: int) -> Callable[[date], tuple[Span, Span]]:
    def spans(today: date) -> tuple[Span, Span]:
        first = today - timedelta(days=count - 1)
        return Span(first, today), Span(first - timedelta(days=count), first - timedelta(days=1))

    return spans


MONTH: Final = Period("month", "This month", "same days last month", _month)
PERIODS: Final = {
    each.key: each
    for each in (
        MONTH,
        Period("last-month", "Last month", "the month before", _last_month),
        Period("7d", "7 days", "the 7 days before", _days(7)),
        Period("30d", "30 days", "the 30 days before", _days(30)),
        Period("90d", "90 days", "the 90 days before", _days(90)),
    )
}
