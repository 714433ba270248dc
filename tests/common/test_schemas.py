"""Shapes that agents, forms and the API share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from apps.common.schemas import Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T16:40:00Z", datetime(2026, 11, 25, 16, 40, tzinfo=UTC)),
        ("2026-11-25t16:40:00.5+02:00", datetime(2026, 11, 25, 14, 40, 0, 500_000, tzinfo=UTC)),
        ("2893-12-30 08:43:33-17:40", datetime(2893, 12, 31, 2, 23, 33, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59-14:00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_moment_is_told_in_utc(text: str, moment: datetime) -> None:
    assert MOMENT.validate_python(text) == moment
    assert MOMENT.validate_python(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["0.5", "1795635508", "2026-11-25", "2026-11-25T16:40:00", "yesterday", ""])
def test_a_number_or_a_day_is_no_moment(text: str) -> None:
    with pytest.raises(ValidationError, match="with its zone"):
        MOMENT.validate_python(text)
