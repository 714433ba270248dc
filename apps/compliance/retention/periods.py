"""Which period holds of a kind of data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from apps.common.privacy import RETAINED, Retained
from apps.compliance.models import RetentionPeriod

YEAR: Final = 365.25
GRACE: Final = timedelta(hours=24)
"""Until a shorter period holds, so that a slip can be undone."""


@dataclass(frozen=True)
class Period:
    """How long a kind of data is kept, and what follows."""

    kind: Retained
    row: RetentionPeriod
    now: datetime

    @property
    def days(self) -> int | None:
        """What holds now; None: it is kept."""
        if self.row.has_come(self.now):
            return self.row.days if self.row.is_set else self.kind.default
        return self.row.former_days if self.row.was_set else self.kind.default

    @property
    def wanted(self) -> int | None:
        """What was set, whether it holds already or not."""
        return self.row.days if self.row.is_set else self.kind.default

    @property
    def days_text(self) -> str:
        return days_text(self.days)

    @property
    def wanted_text(self) -> str:
        return days_text(self.wanted)

    @property
    def default_text(self) -> str:
        return days_text(self.kind.default)

    @property
    def comes_at(self) -> datetime | None:
        """When what was set comes to hold; None where it does."""
        return None if self.row.has_come(self.now) else self.row.holds_at

    @property
    def before(self) -> datetime | None:
        """What is older goes; None: nothing does."""
        return None if self.days is None else self.now - timedelta(days=self.days)

    @property
    def soon(self) -> datetime | None:
        """What is older goes by what was set."""
        return None if self.wanted is None else self.now - timedelta(days=self.wanted)


def periods_now() -> list[Period]:
    """The periods of all kinds, in the order of their keys. One statement."""
    now, rows = timezone.now(), RetentionPeriod.objects.select_related("changed_by").in_bulk()
    return [Period(kind, rows.get(kind.key) or RetentionPeriod(kind=kind.key), now) for kind in RETAINED]


def is_shorter(wanted: int | None, present: int | None) -> bool:
    """Whether more would go by one period than by the other."""
    return wanted is not None and (present is None or wanted < present)


def days_text(days: int | None) -> str:
    """A period in words: whole years from two on, else days."""
    if days is None:
        return "for ever"
    years = round(days / YEAR)
    if years > 1 and abs(days - years * YEAR) < 1:
        return f"{years} years"
    return f"{days:,} day{'' if days == 1 else 's'}"
