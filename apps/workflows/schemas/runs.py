"""Runs of workflows, and what happened to their steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.errors import Issue
from apps.common.schemas import StrictModel
from apps.gateway.pagination import Created
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.schemas.workflows import ID
from apps.workflows.services import MOST_STARTED
from apps.workflows.store import plan_of

LONGEST_WAIT: Final = 60
"""Seconds that a reader of a run may have its answer held back."""
MOST_CANCELLED: Final = 100
Status = Literal["queued", "running", "waiting", "paused", "undoing", "succeeded", "failed", "cancelled"]
_RUN: Final[dict[str, Any]] = {
    "id": ID,
    "ref": "W-12",
    "workflow": "top-up",
    "title": "Top up",
    "version": 3,
    "status": "failed",
    "seq": 4,
    "origin": "api",
    "parent": None,
    "retry_of": None,
    "started_by": "analyst@acme.example",
    "cancel_requested": False,
    "pause_requested": False,
    "created_at": "2026-11-25T16:40:00Z",
    "started_at": "2026-11-25T16:40:00Z",
    "finished_at": "2026-11-25T16:40:02Z",
}
_PROBLEM: Final[dict[str, Any]] = {
    "detail": "The other system answered 422: no such item",
    "step": "order",
    "item": None,
    "code": "http_422",
    "remedy": "",
    "issues": [],
    "undo": None,
}
_STEP: Final[dict[str, Any]] = {
    "seq": 901,
    "step": "order",
    "title": "",
    "kind": "http",
    "item": None,
    "attempt": 1,
    "outcome": "failed",
    "output": None,
    "problem": _PROBLEM | {"step": None},
    "ref": None,
    "due": None,
    "at": "2026-11-25T16:40:02Z",
}


class WorkflowRunStart(StrictModel):
    """A run to start."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": {"needed": 12}}]})

    inputs: dict[str, Any] = Field(default_factory=dict, description="What the workflow takes, by name.")


class WorkflowRunsStart(StrictModel):
    """Runs to start: one for each of these inputs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": [{"needed": 12}, {"needed": 3}]}]})

    inputs: list[dict[str, Any]] = Field(
        min_length=1, max_length=MOST_STARTED, description="What the workflow takes, by name, of each run."
    )


class WorkflowRunsQuery(Created):
    """How a list of runs is narrowed."""

    status: Literal["", "open", Status] = ""
    workflow: str = Field(default="", max_length=60)


class WorkflowRunQuery(BaseModel):
    """How a run is read."""

    wait: float = Field(default=0, ge=0, le=LONGEST_WAIT, allow_inf_nan=False)


class WorkflowUndoLeft(BaseModel):
    """What remains to be undone by hand."""

    step: str = Field(description="The step whose effect is still there.")
    item: int | None = Field(default=None, description="Of a step with `for_each`: which item, from 0.")
    by: str = Field(description="The step that was to undo it.")
    detail: str = Field(description="Why it is not undone.")


class WorkflowUndo(BaseModel):
    """How the undoing of what the steps of a run did went."""

    done: int = Field(description="How many effects were undone.")
    of: int = Field(description="How many there were to undo.")
    unneeded: int = Field(default=0, description="How many more needed no undoing, as the undo's condition said.")
    stopped: bool = Field(default=False, description="Whether a person stopped it before its end.")
    remains: list[WorkflowUndoLeft] = Field(default=[], description="What remains to be undone by hand.")
    more: int = Field(default=0, description="How many more remain than are listed.")


class WorkflowProblem(BaseModel):
    """Why a run or a step failed: the cause first."""

    detail: str = Field(description="What happened, in words.")
    step: str | None = Field(default=None, description="Of a run: the step that failed.")
    item: int | None = Field(default=None, description="Of a step with `for_each`: which item, from 0.")
    code: str = Field(description="Names the kind of failure.")
    remedy: str = Field(default="", description="What to do next.")
    issues: list[Issue] = []
    undo: WorkflowUndo | None = Field(
        default=None, description="Of a run: how the undoing of what its steps did went; null where there was none."
    )


class WorkflowRunOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    id: UUID
    ref: str = Field(description="The number people use.", examples=["W-12"])
    workflow: str
    title: str = Field(description="The title of the workflow.")
    version: int | None = Field(description="The version that it follows.")
    status: Status
    seq: int = Field(description="Rises with every change of the run; events carry it too.")
    origin: str = Field(description="What started it: console, api, schedule, webhook, workflow, workflow_end, retry.")
    parent: UUID | None = Field(description="The run that waits for it; null: none does.")
    retry_of: UUID | None = Field(description="The run that it takes up again; null: none.")
    started_by: str | None = Field(description="Address of the member who started it; null for a program's own.")
    cancel_requested: bool
    pause_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, run: WorkflowRun) -> WorkflowRunOut:
        return cls.model_validate(cls._fields(run))

    @staticmethod
    def _fields(run: WorkflowRun) -> dict[str, Any]:
        same = ("id", "ref", "status", "seq", "origin", "created_at", "started_at", "finished_at")
        return {
            **{name: getattr(run, name) for name in same},
            "workflow": run.workflow.name,
            "title": run.workflow.title,
            "version": run.version.number,
            "parent": run.parent_id,
            "retry_of": run.retry_of_id,
            "started_by": run.created_by.email if run.created_by else None,
            "cancel_requested": run.cancel_requested_at is not None,
            "pause_requested": run.pause_requested_at is not None and not run.ending,
        }


class WorkflowRunDetail(WorkflowRunOut):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"problem": _PROBLEM, **_RUN, "inputs": {"needed": 12}, "outputs": None}]}
    )

    problem: WorkflowProblem | None = Field(description="Why it failed; null otherwise.")
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None = Field(description="What it gave; null until it has succeeded.")

    @classmethod
    def of(cls, run: WorkflowRun) -> WorkflowRunDetail:
        payloads = {name: getattr(run, name) for name in ("problem", "inputs", "outputs")}
        return cls.model_validate({**cls._fields(run), **payloads})


class WorkflowRunsStarted(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_RUN | {"status": "queued", "seq": 1, "finished_at": None}]}]}
    )

    items: list[WorkflowRunOut] = Field(description="In the order of the inputs.")


class WorkflowRunsCancel(StrictModel):
    """Runs to cancel."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [ID]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_CANCELLED)


class WorkflowRunCancelled(BaseModel):
    """What became of the wish to cancel a run."""

    id: UUID
    outcome: Literal["cancelling", "undoing", "ended", "not_found"] = Field(
        description="`cancelling`: as soon as a worker has it in hand. `undoing`: its steps are being undone already, "
        "which is not stopped by this. `ended`: it had ended before."
    )


class WorkflowRunsCancelled(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"id": ID, "outcome": "cancelling"}]}]})

    items: list[WorkflowRunCancelled] = Field(description="In the order of `ids`.")


class WorkflowRunsRequeue(StrictModel):
    """Runs that were given up, to go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [ID]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_CANCELLED)


class WorkflowRunRequeued(BaseModel):
    """What became of the wish to let a run go on."""

    id: UUID
    outcome: Literal["requeued", "not_given_up", "not_found"] = Field(
        description="`requeued`: it goes on after the last step that was recorded. `not_given_up`: its workers are not "
        "lost, or it ended in another way."
    )


class WorkflowRunsRequeued(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"id": ID, "outcome": "requeued"}]}]})

    items: list[WorkflowRunRequeued] = Field(description="In the order of `ids`.")


class WorkflowRunsRetry(StrictModel):
    """Runs to take up where they stopped."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [ID]}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_CANCELLED)


class WorkflowRunRetried(BaseModel):
    """What became of the wish to take up a run."""

    id: UUID
    outcome: Literal["started", "open", "succeeded", "moved", "not_found"] = Field(
        description="`started`: `run` goes on where it stopped. `open`: it has not ended. `succeeded`: nothing is left."
        " `moved`: it, or a run that it shares its effects with, goes on as another one on a newer version."
    )
    run: WorkflowRunOut | None = Field(default=None, description="The new run; null where none was started.")


class WorkflowRunsRetried(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "id": ID,
                            "outcome": "started",
                            "run": _RUN
                            | {
                                "id": "0192f3a4-b5c6-7d8e-9f00-667788990011",
                                "ref": "W-13",
                                "status": "queued",
                                "seq": 1,
                                "origin": "retry",
                                "retry_of": ID,
                                "finished_at": None,
                            },
                        }
                    ]
                }
            ]
        }
    )

    items: list[WorkflowRunRetried] = Field(description="In the order of `ids`.")


class WorkflowRetry(StrictModel):
    """From where a run is taken up again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"step": "order"}, {"step": "order", "given": {"quantity": 12}}]}
    )

    step: str = Field(max_length=40, description="The first step that is done anew; those it does not follow are kept.")
    given: Any = Field(
        default=None,
        description="What the step is given instead of what it works out itself. Then what it does outside counts as "
        "another effect; left out or null: the same again, with the same idempotency key.",
    )


class WorkflowStepOut(BaseModel):
    """One thing that happened to a step: that it was opened, or how a try of it ended."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STEP]})

    seq: int = Field(description="Rises in the order in which things happened.")
    step: str
    title: str
    kind: str
    item: int | None = Field(description="Of a step with `for_each`: which item, from 0; null: the step as a whole.")
    attempt: int
    outcome: Literal["opened", "succeeded", "failed", "skipped"]
    output: Any
    problem: WorkflowProblem | None = Field(description="Why it failed; null otherwise.")
    ref: UUID | None = Field(
        description="Of an opened one, the id of what carries it out: a run of an agent or of a workflow, an approval, "
        "a call, as `kind` says."
    )
    due: datetime | None = Field(description="When it is tried again, or is overdue.")
    at: datetime

    @classmethod
    def of(cls, row: StepRun) -> WorkflowStepOut:
        """One as `selectors.ledger_query` gives it."""
        step = plan_of(row.run.version).steps[row.step]
        same = ("seq", "attempt", "outcome", "output", "problem", "ref", "due", "at")
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in same},
                "step": step.name,
                "title": step.step.title,
                "kind": step.step.kind,
                "item": None if row.item < 0 else row.item,
            }
        )
