"""A trigger of a kind that the core does not know: a calendar that no cron line can say."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from apps.workflows.triggers import Schedule


class MonthEnd(Schedule):
    """On the last day of each month."""

    hour: int = Field(default=18, ge=0, le=23, description="When on that day.")

    key, label = "dummy.month_end", "End of month"
    icon, about = "calendar-time", "On the last day of each month"

    @model_validator(mode="after")
    def one_of(self) -> MonthEnd:
        if self.cron or self.every is not None:
            raise ValueError("The end of a month needs neither `cron` nor `every`.")
        return self

    def following(self, after: datetime) -> datetime:
        here = self.here(after)
        for ahead in (1, 2):
            month = here.month + ahead
            first = datetime(here.year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=ZoneInfo(self.zone))
            last = (first - timedelta(days=1)).replace(hour=self.hour)
            if last > here:
                return last
        raise AssertionError("the last day of the next month is ahead")

    def told(self) -> str:
        return f"On the last day of each month at {self.hour:02}:00"
