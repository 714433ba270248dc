"""How long a credential may go on working beside the one that takes over from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from pydantic import ConfigDict, Field

from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import StrictModel


@dataclass(frozen=True)
class Overlap:
    key: str
    time: timedelta
    title: str
    text: str


OVERLAPS: Final = {
    each.key: each
    for each in (
        Overlap("0", timedelta(0), "It ends at once", "For one that somebody else may have seen."),
        Overlap("1h", timedelta(hours=1), "For an hour", "You change one program over now."),
        Overlap("1d", timedelta(days=1), "For a day", "You change a few over, and see that they work."),
        Overlap("7d", timedelta(days=7), "For a week", "Others have to change theirs."),
    )
}


class RotateRequest(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap": "1d"}]})

    overlap: Literal["0", "1h", "1d", "7d"] = Field(default="1d", description="How long the old one goes on.")


def overlap_time(key: str) -> timedelta:
    """How long it is. Raises `InvalidInput` for none of them."""
    if key not in OVERLAPS:
        issue = Issue(path="overlap", message=f"Choose one of {', '.join(OVERLAPS)}.")
        raise InvalidInput("Nothing was rotated.", issues=[issue])
    return OVERLAPS[key].time
