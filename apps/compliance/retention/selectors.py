"""Reads of periods and of what went by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from apps.common.permissions import Principal, demand
from apps.common.privacy import RETAINED
from apps.common.widgets import Sheet
from apps.compliance.models import LegalHold, RetentionRecord
from apps.compliance.permissions import RETENTION_VIEW
from apps.compliance.requests.holds import standing
from apps.compliance.retention.periods import Period, periods_now
from apps.compliance.retention.services import EVERY


@dataclass(frozen=True)
class Looked:
    """A period with what would go now."""

    period: Period
    due: int
    """Records that go at the next look by what holds now."""
    soon: int | None
    """And those that go by what was set, once it holds; None where it does."""


def periods_list(*, who: Principal) -> list[Period]:
    """The period of every kind of data. One statement."""
    demand(who, RETENTION_VIEW)
    return periods_now()


def periods_looked(*, who: Principal) -> list[Looked]:
    """The same with what would go now: one statement for each kind that goes, as each counts its own."""
    return [look(period) for period in periods_list(who=who)]


def look(period: Period) -> Looked:
    due = 0 if period.before is None else period.kind.due(period.before)
    comes = period.comes_at is not None and period.soon is not None
    return Looked(period, due, period.kind.due(period.soon) if comes and period.soon else None)


def records_query(*, who: Principal) -> QuerySet[RetentionRecord]:
    """What went by its period, newest first."""
    demand(who, RETENTION_VIEW)
    return RetentionRecord.objects.order_by("-id")


def holds_standing(*, who: Principal) -> list[LegalHold]:
    """The holds because of which nothing goes."""
    demand(who, RETENTION_VIEW)
    return standing()


def next_look(periods: list[Period]) -> datetime | None:
    """When the next look is due at the earliest; None: at once."""
    done = [period.row.applied_at for period in periods if period.before is not None]
    times = [at for at in done if at is not None]
    return min(times) + EVERY if times and len(times) == len(done) else None


def records_sheet(*, who: Principal) -> Sheet:
    """All records as a table."""
    columns = ["kind", "title", "days", "before", "removed", "began_at", "ended_at", "ms"]
    rows: list[list[Any]] = [list(row.values()) for row in records_documents(who=who)]
    return Sheet(name="retention", columns=columns, rows=rows)


def records_documents(*, who: Principal) -> list[dict[str, Any]]:
    """All records for programs."""
    return [
        {
            "kind": each.kind, "title": RETAINED[each.kind].title if each.kind in RETAINED else each.kind,
            "days": each.days, "before": each.before.isoformat(), "removed": each.removed,
            "began_at": each.began_at.isoformat(), "ended_at": each.ended_at.isoformat() if each.ended_at else None,
            "ms": each.ms,
        }
        for each in records_query(who=who)
    ]  # fmt: skip
