"""The periods of budgets: days and months of UTC, the same for everybody whom a budget bears."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from apps.ai.models import Budget


def starts_of(period: str, at: datetime) -> date:
    """The first day of the period in which a moment is."""
    day = at.astimezone(UTC).date()
    return day if period == Budget.Period.DAY else day.replace(day=1)


def anew_after(period: str, starts: date) -> date:
    """The first day of the next period."""
    if period == Budget.Period.DAY:
        return starts + timedelta(days=1)
    return (starts.replace(day=1) + timedelta(days=32)).replace(day=1)


def begin_of(day: date) -> datetime:
    """The first moment of a day of UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
