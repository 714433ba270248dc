"""The widget of spans and moments on an axis of time, in lanes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from apps.common.widgets.parts import Tone


class TimelineEntry(BaseModel):
    """Something that lasted from `start` to `end`, or that happened at `start`."""

    lane: str
    """One of the widget's `lanes`."""
    name: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    """None: a moment."""
    tone: Tone = "neutral"
    text: str = ""

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"“{self.name}” ends at {self.end:%Y-%m-%d %H:%M}, before it starts.")
        return self

    @property
    def last(self) -> datetime:
        return self.start if self.end is None else self.end


class TimelineWidget(BaseModel):
    """What happened when, and what went on beside it."""

    kind: Literal["timeline"] = "timeline"
    title: str
    lane_heading: str = "Lane"
    """What a lane is, for example ``Person``."""
    lanes: list[str] = Field(max_length=500)
    """From the top. A lane without entries is shown empty."""
    entries: list[TimelineEntry] = Field(max_length=5_000)
    summary: str

    @model_validator(mode="after")
    def entries_lie_in_lanes(self) -> Self:
        if len(set(self.lanes)) != len(self.lanes):
            twice = next(lane for lane in self.lanes if self.lanes.count(lane) > 1)
            raise ValueError(f"The lane “{twice}” is there twice.")
        known = set(self.lanes)
        for place, entry in enumerate(self.entries):
            if entry.lane not in known:
                raise ValueError(
                    f"Entry {place + 1} (“{entry.name}”) is in the lane “{entry.lane}”, which is not named."
                )
        return self

    @property
    def is_empty(self) -> bool:
        return not self.entries
