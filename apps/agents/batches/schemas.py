"""What the API says about batches, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.agents.batches.plans import Plan, Refused
from apps.agents.batches.selectors import Standing
from apps.agents.models import AgentBatch, AgentRun
from apps.agents.schemas import RunOut, RunProblem
from apps.common.schemas import StrictModel
from apps.gateway.pagination import Created

Status = Literal["opening", "running", "ended", "failed", "cancelled"]

_ID, _DATASET = "0192f3a4-b5c6-7d8e-9f00-445566778899", "0192f3a4-b5c6-7d8e-9f00-665544332211"
_START: dict[str, Any] = {"dataset": _DATASET, "by": "groups", "group": "shop", "common": {"horizon": 13}}
_COUNTS: dict[str, int] = {"total": 120, "started": 100, "refused": 2, "open": 40, "succeeded": 58}
_BATCH: dict[str, Any] = {
    "id": _ID,
    "ref": "B-7",
    "agent": "example.outlier_finder",
    "agent_version": "1.0",
    "status": "opening",
    "source": "Weekly sales",
    "rows": _COUNTS | {"waiting": 18, "failed": 2, "cancelled": 0},
    "problem": None,
    "cancel_requested": False,
    "started_by": "analyst@acme.example",
    "created_at": "2026-11-25T16:40:00Z",
    "finished_at": None,
}
_REFUSED: dict[str, Any] = {
    "row": 7,
    "label": "",
    "issues": [{"path": "horizon", "message": "Input should be greater than or equal to 1", "row": 7, "column": None}],
}


class BatchStart(StrictModel):
    """A batch to start."""

    model_config = ConfigDict(json_schema_extra={"examples": [_START]})

    dataset: UUID = Field(description="Id of the dataset that is the file.")
    by: Literal["rows", "groups"] = Field(
        default="rows", description="`rows`: each row is an input. `groups`: each group of rows is an input's table."
    )
    group: str = Field(default="", max_length=200, description="The column whose values name the groups.")
    columns: dict[str, str] | None = Field(
        default=None,
        max_length=500,
        description="Column of the file by field of the input (dotted path); of groups, by role in the agent's table. "
        "Null: columns feed the fields that have their names.",
    )
    common: dict[str, Any] = Field(default_factory=dict, description="The part of the input that all rows share.")
    leave_out: bool = Field(
        default=False, description="Start the other rows where some cannot be used, rather than none."
    )

    def plan(self) -> Plan:
        return Plan.model_validate(self.model_dump(exclude={"leave_out"}) | {"columns": self.columns or {}})


class BatchesQuery(Created):
    """How a list of batches is narrowed."""

    agent: str = Field(default="", max_length=100)


class BatchRows(BaseModel):
    """Numbers of rows of a batch, or of groups."""

    total: int
    waiting: int = Field(description="Not started yet.")
    started: int
    open: int = Field(description="Started, and not ended.")
    succeeded: int
    failed: int
    cancelled: int
    refused: int = Field(description="Left out, as they cannot be used.")


class BatchOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_BATCH]})

    id: UUID
    ref: str = Field(description="The number people use.", examples=["B-7"])
    agent: str
    agent_version: str
    status: Status = Field(description="`opening` while runs are still to be started.")
    source: str = Field(description="Name of the dataset.")
    rows: BatchRows
    problem: RunProblem | None = Field(description="Why the rest of the file could not be started; null otherwise.")
    cancel_requested: bool
    started_by: str | None = Field(description="Address of the member who started it.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, batch: AgentBatch) -> BatchOut:
        """A batch of `batches_query`, which brings how far it is."""
        return cls.of_standing(batch, Standing.of(batch))

    @classmethod
    def of_standing(cls, batch: AgentBatch, standing: Standing, **more: Any) -> Self:
        same = ("id", "ref", "agent_version", "status", "source", "problem", "created_at", "finished_at")
        fields = {
            **{name: getattr(batch, name) for name in same},
            "agent": batch.agent_key,
            "rows": {name: getattr(standing, name) for name in BatchRows.model_fields},
            "cancel_requested": batch.cancel_requested_at is not None,
            "started_by": batch.created_by.email if batch.created_by else None,
        }
        return cls.model_validate(fields | more)


class BatchDetail(BatchOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_BATCH | {"refused": [_REFUSED]}]})

    refused: list[Refused] = Field(description="The rows that were left out, and why: the first 200 of them.")


class BatchRunOut(RunOut):
    """A run of a batch, with the row that it is on."""

    row: int = Field(description="Of the file, its header being row 1; of a group its first one.")
    verdict: str = Field(description="Of its first decision, as it stands now; empty while there is none.")
    score: float | None = Field(description="Of its first decision.")

    @classmethod
    def of(cls, run: AgentRun) -> BatchRunOut:
        score = run.score  # type: ignore[attr-defined]  # annotated by the query
        return cls.model_validate({**cls._fields(run), "row": run.batch_row, "verdict": run.verdict, "score": score})


_example: Any = RunOut.model_config["json_schema_extra"]
BatchRunOut.model_config["json_schema_extra"] = {
    "examples": [_example["examples"][0] | {"row": 7, "verdict": "reorder", "score": 0.8}]
}


class BatchRunsQuery(BaseModel):
    """How the runs of a batch are narrowed."""

    status: Literal["", "queued", "running", "succeeded", "failed", "cancelled"] = ""
    verdict: str = Field(default="", max_length=40)


class BatchRetried(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"rows": 2}]})

    rows: int = Field(description="How many rows are run again.")
