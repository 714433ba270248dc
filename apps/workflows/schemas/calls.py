"""Calls of other systems, and what a person says became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.schemas import StrictModel
from apps.gateway.pagination import Created
from apps.workflows.calls import LONGEST_NOTE, note_of
from apps.workflows.models import Approval, HttpCall, StepAct
from apps.workflows.schemas.runs import WorkflowProblem
from apps.workflows.schemas.workflows import ID

MOST_SETTLED: Final = 100
ActStatus = Literal["sent", "confirmed", "failed"]
CallStatus = Literal["ready", "sent", "confirmed", "failed", "unknown", "cancelled"]
OF: Final[dict[str, Any]] = {
    "id": ID,
    "run": "0192f3a4-b5c6-7d8e-9f00-445566778899",
    "run_ref": "W-12",
    "workflow": "top-up",
}
_CALL: Final[dict[str, Any]] = {
    **OF,
    "step": "order",
    "key": "0b0d7f1e-6a4e-5a52-9c1c-3d2f8f1f6a77",
    "is_repeatable": False,
    "is_undo": False,
    "method": "POST",
    "url": "https://shop.example/orders",
    "body": {"item": "Tea", "quantity": 24},
    "status": "unknown",
    "answer": None,
    "problem": {"detail": "The connection broke before an answer came.", "code": "outbound_failed"},
    "created_at": "2026-11-25T16:40:00Z",
    "sent_at": "2026-11-25T16:40:01Z",
    "ended_at": None,
    "settled_by": None,
    "note": "",
}

_ACT: Final[dict[str, Any]] = {
    **OF,
    "step": "follow-up",
    "kinds": ["agents.run"],
    "status": "confirmed",
    "done": [{"title": "Look at it closely", "kind": "agents.run", "text": "Started R-31.", "link": "/runs/R-31/"}],
    "left": [{"title": "Tell the team", "kind": "mail.send", "why": "The step does not do mail.send."}],
    "problem": None,
    "created_at": "2026-11-25T16:40:00Z",
    "ended_at": "2026-11-25T16:40:02Z",
}


class CallsQuery(BaseModel):
    """How a list of calls is narrowed."""

    status: Literal["", CallStatus] = ""
    workflow: str = Field(default="", max_length=60)
    run: UUID | None = None


class CallOut(BaseModel):
    """A request of a step to another system. Its headers are not shown, as they may hold credentials."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALL]})

    id: UUID
    run: UUID
    run_ref: str
    workflow: str
    step: str
    key: UUID = Field(description="What is sent as the `Idempotency-Key`: the same in every try of this effect.")
    is_repeatable: bool = Field(description="Whether the other side honours the key.")
    is_undo: bool = Field(description="Whether its step runs only to undo what another one did.")
    method: str
    url: str
    body: Any
    status: CallStatus = Field(description="`unknown`: it may have been carried out or not, and a person must say.")
    answer: Any
    problem: WorkflowProblem | None
    created_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    settled_by: str | None = Field(description="Address of the member who said what became of it.")
    note: str = Field(description="How that member found out; empty where nobody had to.")

    @classmethod
    def of(cls, call: HttpCall) -> CallOut:
        same = (
            "id",
            "step",
            "key",
            "is_repeatable",
            "is_undo",
            "status",
            "answer",
            "problem",
            "created_at",
            "sent_at",
            "ended_at",
        )
        return cls.model_validate(
            {
                **{name: getattr(call, name) for name in same},
                **{name: call.request[name] for name in ("method", "url", "body")},
                **run_of(call),
                "settled_by": call.settled_by.email if call.settled_by else None,
                "note": note_of(call),
                "problem": None if call.status == HttpCall.Status.CONFIRMED else call.problem,
            }
        )


class ActsQuery(Created):
    """How a list of acts is narrowed."""

    status: Literal["", ActStatus] = ""
    workflow: str = Field(default="", max_length=60)
    run: UUID | None = None


class ActDone(BaseModel):
    """An action that was carried out."""

    title: str
    kind: str
    text: str = Field(description="What came of it.")
    link: str = Field(description="Where what it made is; empty: nowhere.")


class ActLeft(BaseModel):
    """An action that was proposed and not carried out."""

    title: str
    kind: str
    why: str


class ActOut(BaseModel):
    """What a step has done of what an agent proposed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACT]})

    id: UUID
    run: UUID
    run_ref: str
    workflow: str
    step: str
    kinds: list[str] = Field(description="The kinds of actions that the step may carry out.")
    status: ActStatus = Field(
        description="`sent`: it is at work. `failed`: what was done before stands at the decisions."
    )
    done: list[ActDone]
    left: list[ActLeft]
    problem: WorkflowProblem | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, act: StepAct) -> ActOut:
        told = act.output or {}
        return cls.model_validate(
            {
                **{name: getattr(act, name) for name in ("id", "step", "problem", "created_at", "ended_at")},
                **run_of(act),
                "kinds": act.asked["kinds"],
                "status": vars(act)["state"],
                "done": [{**each, "link": each.get("link") or ""} for each in told.get("done", [])],
                "left": told.get("left", []),
            }
        )


class CallSettlement(StrictModel):
    """What became of a call whose outcome is not known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"happened": True, "note": "Order 7 is in the shop's list.", "body": {"number": 7}},
                {"happened": False, "note": "The shop has no such order."},
                {"happened": False, "note": "The shop has no such order.", "again": False},
            ]
        }
    )

    happened: bool = Field(strict=True, description="False: it was not carried out, and is sent now.")
    note: str = Field(
        min_length=1, max_length=LONGEST_NOTE, description="How you found out; it goes into the audit log."
    )
    again: bool = Field(
        default=True,
        strict=True,
        description="Where it did not happen: false lets the step fail instead of sending it.",
    )
    body: Any = Field(default=None, description="Where it happened: what it gave, for the steps that follow.")


def run_of(row: Approval | HttpCall | StepAct) -> dict[str, Any]:
    return {"run": row.run_id, "run_ref": row.run.ref, "workflow": row.run.workflow.name}


class CallsSettlement(StrictModel):
    """What became of calls whose outcome is not known, the same of each."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": [ID], "happened": True, "note": "All are in the shop's list."}]}
    )

    ids: list[UUID] = Field(min_length=1, max_length=MOST_SETTLED)
    happened: bool = Field(strict=True, description="False: they were not carried out, and their steps fail.")
    note: str = Field(
        min_length=1, max_length=LONGEST_NOTE, description="How you found out; it goes into the audit log."
    )


class CallSettled(BaseModel):
    """What became of the wish to settle a call."""

    id: UUID
    outcome: Literal["settled", "known", "not_found"] = Field(
        description="`settled`: its run goes on with that. `known`: what became of it was known before."
    )


class CallsSettled(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"id": ID, "outcome": "settled"}]}]})

    items: list[CallSettled] = Field(description="In the order of `ids`.")
