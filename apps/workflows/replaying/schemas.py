"""Replays as the API has them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.schemas import Moment, StrictModel
from apps.workflows.models import Replay, ReplayRun
from apps.workflows.replaying.services import MOST, Asked, asked_of, summary_of
from apps.workflows.replaying.summing import Summary
from apps.workflows.replaying.telling import Told
from apps.workflows.schemas.workflows import ID

Status = Literal["running", "succeeded", "failed", "cancelled"]
VerdictName = Literal["same", "changed", "unknown"]
_SIDE: Final[dict[str, Any]] = {
    "end": "succeeded", "took": 5.2, "cost": "0.00", "approvals": 0, "calls": 1,
    "ran": ["total", "size", "order"], "choices": {"size": "otherwise"}, "verdicts": {},
}  # fmt: skip
_AFTER: Final[dict[str, Any]] = _SIDE | {
    "end": "waiting", "took": None, "approvals": 1, "calls": 0, "ran": ["total", "size"], "choices": {"size": "large"},
}  # fmt: skip
_RUN: Final[dict[str, Any]] = {
    "id": ID,
    "run": ID,
    "ref": "W-12",
    "verdict": "changed",
    "before": _SIDE,
    "after": _AFTER,
    "sentences": ["A person is asked by “Release”, and was not then."],
    "outputs": [],
    "why": ["“Release”: It would ask a person, and nobody has answered."],
}
_SUMMARY: Final[dict[str, Any]] = {
    "same": 96,
    "changed": 4,
    "unknown": 0,
    "ends": {"succeeded": {"succeeded": 96, "waiting": 4}},
    "verdicts": {"Is it large?": {"otherwise → large": 4}},
    "approvals": {"before": 20, "after": 24},
    "asks_more": 4,
    "asks_less": 0,
    "calls": {"before": 90, "after": 86},
    "steps": {"order": {"title": "Order", "ran": {"before": 90, "after": 86}}},
    "timed": 96,
    "took_before": 500.5,
    "took_after": 500.5,
    "costed": 100,
    "cost_before": "0.00",
    "cost_after": "0.00",
    "recomputed": 0,
    "spent": "0.00",
}
_REPLAY: Final[dict[str, Any]] = {
    "id": ID,
    "workflow": "top-up",
    "status": "succeeded",
    "against": "the draft",
    "runs": "The last 100 runs",
    "total": 100,
    "done": 100,
    "summary": _SUMMARY,
    "problem": None,
    "asked_by": "builder@acme.example",
    "created_at": "2026-11-25T16:40:00Z",
    "ended_at": "2026-11-25T16:40:04Z",
}


class ReplayStart(StrictModel):
    """Which past runs are followed, and through what."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"against": "draft", "most": 50}]})

    against: str = Field(
        default="draft",
        max_length=20,
        description="`draft`, the number of a version, or `edit`: what the caller is changing of it.",
        examples=["draft", "3"],
    )
    most: int = Field(default=100, ge=1, le=MOST, description="How many, the latest first.")
    status: Literal["", "succeeded", "failed", "cancelled"] = Field(default="", description="Only those that ended so.")
    origin: str = Field(default="", max_length=20, description="Only those that this started.", examples=["api"])
    since: Moment | None = Field(default=None, description="Only those of this moment or later.")
    before: Moment | None = Field(default=None, description="Only those before this moment.")
    contains: str = Field(default="", max_length=200, description="Only those whose inputs have these words.")
    recompute: bool = Field(
        default=False, description="Whether agents are asked anew whose input, version or settings would be other."
    )
    cap: Decimal = Field(
        default=Decimal(5), gt=0, le=1000, description="What models may cost for that, in the tenant's currency."
    )

    def asked(self) -> Asked:
        return Asked.model_validate(self.model_dump(exclude={"against"}))


class ReplayProblem(BaseModel):
    """Why a replay came to no end."""

    code: str
    title: str
    detail: str
    remedy: str


class ReplayPair(BaseModel):
    """A number before and after."""

    before: int = Field(description="In the runs as they were.")
    after: int = Field(description="As they would have been.")


class ReplayStep(BaseModel):
    """In how many runs a step gave something."""

    title: str
    ran: ReplayPair


class ReplaySummary(BaseModel):
    """Sums over the runs that were followed so far."""

    same: int = Field(description="Runs that would have been the same.")
    changed: int = Field(description="Runs of which something would have been other.")
    unknown: int = Field(description="Runs of which it cannot be told.")
    ends: dict[str, dict[str, int]] = Field(description="How runs ended, and would have: `ends[before][after]`.")
    verdicts: dict[str, dict[str, int]] = Field(
        description="Of agents and of steps that choose, by title: from one verdict to another, each with its count."
    )
    approvals: ReplayPair = Field(description="Questions to people.")
    asks_more: int = Field(description="Runs in which people would be asked more.")
    asks_less: int = Field(description="Runs in which they would be asked less.")
    calls: ReplayPair = Field(description="Things done outside: requests, actions, other workflows.")
    steps: dict[str, ReplayStep] = Field(description="By name of the step.")
    timed: int = Field(description="Runs whose time is known both ways: the sums of time are over these.")
    took_before: float = Field(description="Seconds.")
    took_after: float = Field(description="Seconds.")
    costed: int = Field(description="Runs whose cost is known both ways: the sums of cost are over these.")
    cost_before: Decimal
    cost_after: Decimal
    recomputed: int = Field(description="Agents that were asked anew.")
    spent: Decimal = Field(description="What models have cost for that.")

    @classmethod
    def of(cls, summary: Summary) -> ReplaySummary:
        return cls.model_validate(summary.model_dump())


class ReplayOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_REPLAY]})

    id: UUID
    workflow: str
    status: Status
    against: str = Field(description="What the runs are followed through, in words.")
    runs: str = Field(description="Which runs they are, in words.")
    total: int = Field(description="How many runs there are to follow.")
    done: int = Field(description="How many were followed so far.")
    summary: ReplaySummary
    problem: ReplayProblem | None = Field(description="Why it failed; null otherwise.")
    asked_by: str | None = Field(description="Address of the member who asked.")
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, replay: Replay) -> ReplayOut:
        asked = asked_of(replay)
        same = ("id", "status", "total", "done", "problem", "created_at", "ended_at")
        told = {name: getattr(replay, name) for name in same}
        told |= {"workflow": replay.workflow.name, "against": asked.against, "runs": asked.words}
        told["summary"] = ReplaySummary.of(summary_of(replay))
        told["asked_by"] = replay.created_by.email if replay.created_by else None
        return cls.model_validate(told)


class ReplaySide(BaseModel):
    """How a run went, or would have gone."""

    end: Literal["succeeded", "failed", "cancelled", "waiting", "refused", "untold"] = Field(
        description="`waiting`: for a person; `refused`: it could not be started; `untold`: it cannot be told."
    )
    took: float | None = Field(description="Seconds; null: it cannot be told.")
    cost: Decimal | None = Field(description="Of models, in the tenant's currency; null: it cannot be told.")
    approvals: int
    calls: int
    ran: list[str] = Field(description="Steps that gave something, by name.")
    choices: dict[str, str] = Field(description="Cases that steps came to, by name of the step.")
    verdicts: dict[str, str] = Field(description="Of agents, by name of their step.")


class ReplayChange(BaseModel):
    """A place of a run's outputs that is other."""

    place: str
    before: str
    after: str


class ReplayRunOut(BaseModel):
    """What one past run would have become."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RUN]})

    id: UUID
    run: UUID
    ref: str = Field(description="The run's number, as people use it.", examples=["W-12"])
    verdict: VerdictName
    before: ReplaySide
    after: ReplaySide
    sentences: list[str] = Field(description="What changes, in words.")
    outputs: list[ReplayChange]
    why: list[str] = Field(description="Why something cannot be told, or what was taken for granted.")

    @classmethod
    def of(cls, row: ReplayRun) -> ReplayRunOut:
        told = Told.model_validate(row.told).model_dump(exclude={"recomputed"})
        return cls.model_validate({"id": row.pk, "run": row.run_id, "ref": row.run.ref, "verdict": row.verdict, **told})


class ReplayRunsQuery(BaseModel):
    """How the runs of a replay are narrowed."""

    verdict: Literal["", "same", "changed", "unknown"] = ""
