"""What runs of workflows ask of people: decisions, and what became of calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.schemas import StrictModel
from apps.workflows.models import Approval, HttpCall
from apps.workflows.schemas.runs import WorkflowProblem
from apps.workflows.schemas.workflows import ID

CallStatus = Literal["ready", "sent", "confirmed", "failed", "unknown", "cancelled"]
_OF: Final[dict[str, Any]] = {
    "id": ID,
    "run": "0192f3a4-b5c6-7d8e-9f00-445566778899",
    "run_ref": "W-12",
    "workflow": "top-up",
}
_APPROVAL: Final[dict[str, Any]] = {
    **_OF,
    "step": "ask",
    "question": "Order 24 pieces?",
    "details": None,
    "roles": ["approver", "administrator"],
    "status": "open",
    "asked_at": "2026-11-25T16:40:00Z",
    "due_at": "2026-11-28T16:40:00Z",
    "approved": None,
    "comment": "",
    "decided_by": None,
    "decided_at": None,
}
_CALL: Final[dict[str, Any]] = {
    **_OF,
    "step": "order",
    "key": "0b0d7f1e-6a4e-5a52-9c1c-3d2f8f1f6a77",
    "is_repeatable": False,
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
}


class ApprovalsQuery(BaseModel):
    """How a list of questions is narrowed."""

    status: Literal["open", "decided", "withdrawn", "all"] = "open"
    mine: bool = False
    run: UUID | None = None


class ApprovalOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_APPROVAL]})

    id: UUID
    run: UUID
    run_ref: str = Field(description="The number people use of the run that asks.")
    workflow: str
    step: str
    question: str
    details: Any = Field(description="What one should see to decide.")
    roles: list[str] = Field(description="Who may answer; an owner always may.")
    status: Literal["open", "decided", "withdrawn"] = Field(
        description="`withdrawn`: the time was over, or the run ended, before there was an answer."
    )
    asked_at: datetime
    due_at: datetime = Field(description="Without an answer until then it counts as no.")
    approved: bool | None
    comment: str
    decided_by: str | None = Field(description="Address of the member who answered.")
    decided_at: datetime | None

    @classmethod
    def of(cls, approval: Approval) -> ApprovalOut:
        same = ("id", "step", "question", "details", "roles", "asked_at", "due_at", "approved", "decided_at")
        decided = "decided" if approval.decided_at else "withdrawn"
        return cls.model_validate(
            {
                **{name: getattr(approval, name) for name in same},
                **_run_of(approval),
                "status": "open" if approval.is_open else decided,
                "comment": approval.comment or "",
                "decided_by": approval.decided_by.email if approval.decided_by else None,
            }
        )


class Decision(StrictModel):
    """The answer to a question."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"approved": True, "comment": "Fine"}]})

    approved: bool = Field(strict=True)
    comment: str = Field(default="", max_length=2000, description="Needed with a no: why not.")


class CallsQuery(BaseModel):
    """How a list of calls is narrowed."""

    status: Literal["", CallStatus] = ""


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

    @classmethod
    def of(cls, call: HttpCall) -> CallOut:
        same = (
            "id",
            "step",
            "key",
            "is_repeatable",
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
                **_run_of(call),
                "settled_by": call.settled_by.email if call.settled_by else None,
            }
        )


class CallSettlement(StrictModel):
    """What became of a call whose outcome is not known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"happened": True, "body": {"number": 7}},
                {"happened": False},
                {"happened": False, "again": False},
            ]
        }
    )

    happened: bool = Field(strict=True, description="False: it was not carried out, and is sent now.")
    again: bool = Field(
        default=True,
        strict=True,
        description="Where it did not happen: false lets the step fail instead of sending it.",
    )
    body: Any = Field(default=None, description="Where it happened: what it gave, for the steps that follow.")


def _run_of(row: Approval | HttpCall) -> dict[str, Any]:
    return {"run": row.run_id, "run_ref": row.run.ref, "workflow": row.run.workflow.name}
