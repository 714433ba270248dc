"""Backfills of schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from apps.common.schemas import StrictModel
from apps.workflows.backfilling import Preview
from apps.workflows.models import Backfill
from apps.workflows.schemas.workflows import ID

_SPAN: Final[dict[str, Any]] = {"begins_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-09T00:00:00Z"}
_BACKFILL: Final[dict[str, Any]] = {
    "id": ID,
    "trigger": ID,
    "workflow": "top-up",
    **_SPAN,
    "again": False,
    "status": "running",
    "total": 5,
    "done": 2,
    "at": "2026-03-03T05:30:00Z",
    "problem": "",
    "created_by": "builder@acme.example",
    "created_at": "2026-03-10T08:00:00Z",
    "ended_at": None,
}


class BackfillIn(StrictModel):
    """Between which moments a schedule's times are started; both lie in the past."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SPAN]})

    begins_at: AwareDatetime = Field(description="Times from this one on.")
    ends_at: AwareDatetime = Field(description="Times before this one.")
    again: bool = Field(default=False, description="Whether times are taken, too, for which a run was started before.")


class BackfillPreview(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"count": 5, "first": "2026-03-02T05:30:00Z", "last": "2026-03-06T05:30:00Z", "ran": 0, "again": 0}
            ]
        }
    )

    count: int = Field(description="Runs that would be started, each for a time between the two.")
    first: datetime
    last: datetime
    ran: int = Field(description="Times between the two for which a schedule of the workflow has started a run.")
    again: int = Field(description="Others for which an earlier backfill has started one.")

    @classmethod
    def of(cls, preview: Preview) -> BackfillPreview:
        first, last = preview.times[0], preview.times[-1]
        return cls(count=len(preview.times), first=first, last=last, ran=preview.ran, again=preview.again)


class BackfillOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_BACKFILL]})

    id: UUID
    trigger: UUID
    workflow: str
    begins_at: datetime
    ends_at: datetime
    again: bool = Field(description="Whether times are taken, too, for which a run was started before.")
    status: str = Field(description="running, succeeded, failed or cancelled.")
    total: int = Field(description="Times of the schedule between the two for which it starts runs, as it began.")
    done: int = Field(description="Runs that were started.")
    at: datetime | None = Field(description="The latest time that a run was started for.")
    problem: str = Field(description="Why it failed; empty where it did not.")
    created_by: str | None = Field(description="Address of the member; null for a program's own.")
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, backfill: Backfill) -> BackfillOut:
        same = ("id", "begins_at", "ends_at", "again", "status", "total", "done", "at", "created_at", "ended_at")
        return cls(
            **{name: getattr(backfill, name) for name in same},
            trigger=backfill.trigger_id,
            workflow=backfill.trigger.workflow.name,
            problem=backfill.problem or "",
            created_by=backfill.created_by.email if backfill.created_by else None,
        )


class BackfillList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_BACKFILL]}]})

    items: list[BackfillOut]
