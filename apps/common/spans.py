"""Spans of time that lists are narrowed to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was made before: moments near the calendar's beginning have no place in a database."""


def created_within(rows: QuerySet[Row], *, since: datetime | None, before: datetime | None) -> QuerySet[Row]:
    """The rows that were created at `since` or later, and before `before`; None does not narrow."""
    if since is not None:
        rows = rows.filter(created_at__gte=max(since, EARLIEST))
    return rows if before is None else rows.filter(created_at__lt=max(before, EARLIEST))
