"""What runs of workflows ask of people, what they answer, and who stands in for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.common.schemas import Moment, StrictModel
from apps.workflows.approvals.assigning import Entitlement, Right
from apps.workflows.approvals.deciding import MOST_AT_ONCE, Answered
from apps.workflows.approvals.delegating import LONGEST_REASON
from apps.workflows.approvals.forms import LONGEST_COMMENT, form_of, form_schema
from apps.workflows.kinds.approval import CommentOn, Risk
from apps.workflows.models import Approval, ApprovalDecision, Delegation
from apps.workflows.schemas.calls import OF, run_of
from apps.workflows.schemas.runs import WorkflowProblem
from apps.workflows.schemas.workflows import ID

TOLD: Final = ("assignees__user", "decisions__user", "decisions__holder")
"""What is read with questions that are told: three statements, however many they are."""
Via = Literal["console", "api", "link", "bulk"]
_DECISION: Final[dict[str, Any]] = {
    "by": "ana@acme.example",
    "on_behalf_of": None,
    "approved": True,
    "comment": "Within the budget",
    "answers": {"amount": 240},
    "via": "console",
    "at": "2026-11-25T17:02:00Z",
}
_APPROVAL: Final[dict[str, Any]] = {
    **OF,
    "step": "ask",
    "item": None,
    "question": "Order 24 pieces?",
    "details": None,
    "form": {
        "type": "object",
        "properties": {"amount": {"type": "number", "title": "Most that it may cost"}},
        "required": ["amount"],
    },
    "comment_on": "reject",
    "roles": ["approver", "administrator"],
    "people": ["ana@acme.example"],
    "quorum": 2,
    "yes": 1,
    "forbids_own": True,
    "risk": "normal",
    "status": "open",
    "asked_at": "2026-11-25T16:40:00Z",
    "remind_at": "2026-11-26T16:40:00Z",
    "escalate_at": "2026-11-27T16:40:00Z",
    "escalates_to": ["owner"],
    "escalated_at": None,
    "due_at": "2026-11-28T16:40:00Z",
    "decisions": [_DECISION],
    "approved": None,
    "comment": "",
    "decided_by": None,
    "decided_at": None,
}
_DECIDED: Final[dict[str, Any]] = {"id": ID, "outcome": "decided", "problem": None}
_DELEGATION: Final[dict[str, Any]] = {
    "id": ID,
    "giver": "ana@acme.example",
    "taker": "ben@acme.example",
    "begins_at": "2026-12-21T00:00:00Z",
    "ends_at": "2027-01-04T00:00:00Z",
    "reason": "Holidays",
    "revoked_at": None,
    "created_at": "2026-11-25T16:40:00Z",
}


class ApprovalsQuery(BaseModel):
    """How a list of questions is narrowed."""

    status: Literal["open", "decided", "withdrawn", "all"] = "open"
    mine: bool = False
    run: UUID | None = None


class AnswerOut(BaseModel):
    """What one person answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECISION]})

    by: str | None = Field(description="Address of the member who answered.")
    on_behalf_of: str | None = Field(description="Address of the member whose right it was, where it was another's.")
    approved: bool
    comment: str
    answers: dict[str, Any] | None = Field(description="What was filled in, by field.")
    via: Via = Field(description="How it came.")
    at: datetime

    @classmethod
    def of(cls, decision: ApprovalDecision) -> AnswerOut:
        lent = decision.holder_id is not None and decision.holder_id != decision.user_id
        return cls(
            by=decision.user.email if decision.user else None,
            on_behalf_of=decision.holder.email if lent and decision.holder else None,
            approved=decision.approved,
            comment=decision.comment or "",
            answers=decision.answers,
            via=decision.via,
            at=decision.at,
        )


class ApprovalOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_APPROVAL]})

    id: UUID
    run: UUID
    run_ref: str = Field(description="The number people use of the run that asks.")
    workflow: str
    step: str
    item: int | None = Field(description="Of a step that asks for each item of a list: which item it is about, from 0.")
    question: str
    details: Any = Field(description="What one should see to decide.")
    form: dict[str, Any] | None = Field(
        description="JSON schema of the `answers` that a yes needs; null: there is nothing to fill in."
    )
    comment_on: CommentOn = Field(description="When a comment is needed: with a no, or always.")
    roles: list[str] = Field(description="Who may answer; an owner always may.")
    people: list[str] = Field(description="Addresses of members who may answer besides.")
    quorum: int = Field(description="How many have to say yes. One no is a no.")
    yes: int = Field(description="How many have said yes.")
    forbids_own: bool = Field(
        description="Whether those may not answer who started the run, or published what it follows."
    )
    risk: Risk = Field(description="Only questions of low risk can be answered many at once.")
    status: Literal["open", "decided", "withdrawn"] = Field(
        description="`withdrawn`: the time was over, or the run ended, before there was an answer."
    )
    asked_at: datetime
    remind_at: datetime | None = Field(description="When those are reminded who have not answered, if still to come.")
    escalate_at: datetime | None
    escalates_to: list[str] = Field(description="Who may answer too from `escalate_at` on.")
    escalated_at: datetime | None
    due_at: datetime = Field(description="Without an answer until then it counts as no.")
    decisions: list[AnswerOut] = Field(description="What was answered until now, the first one first.")
    approved: bool | None
    comment: str
    decided_by: str | None = Field(description="Address of the member whose answer decided it.")
    decided_at: datetime | None

    @classmethod
    def of(cls, approval: Approval) -> ApprovalOut:
        return cls.model_validate(_told(approval))


class Entitled(BaseModel):
    """How whoever asks stands to the question."""

    may_decide: bool
    own: bool = Field(description="Whether they would answer in their own right.")
    on_behalf_of: list[str] = Field(description="Addresses of the members for whom they may answer instead.")
    why_not: str = Field(description="Where they may not answer: why, in a sentence.")

    @classmethod
    def of(cls, found: Entitlement) -> Entitled:
        lent = [each.holder.email for each in found.rights if each.delegation is not None]
        own = any(each.delegation is None for each in found.rights)
        return cls(may_decide=bool(found), own=own, on_behalf_of=lent, why_not=found.refusal)


class ApprovalDetail(ApprovalOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_APPROVAL, "you": {"may_decide": True, "own": True, "on_behalf_of": [], "why_not": ""}}]
        }
    )

    you: Entitled

    @classmethod
    def told(cls, approval: Approval, entitled: Entitlement) -> ApprovalDetail:
        return cls.model_validate({**_told(approval), "you": Entitled.of(entitled)})


def _told(approval: Approval) -> dict[str, Any]:
    same = ["id", "step", "question", "details", "roles", "quorum", "forbids_own", "risk", "asked_at", "remind_at"]
    same += ["escalate_at", "escalates_to", "escalated_at", "due_at", "approved", "decided_at"]
    form, decisions = form_of(approval), [AnswerOut.of(each) for each in approval.decisions.all()]
    ended = "decided" if approval.decided_at else "withdrawn"
    return {
        **{name: getattr(approval, name) for name in same},
        **run_of(approval),
        "item": approval.item if approval.item >= 0 else None,
        "form": form_schema(approval) if form.fields else None,
        "comment_on": form.comment_on,
        "people": [each.user.email for each in approval.assignees.all()],
        "yes": sum(each.approved for each in decisions),
        "decisions": decisions,
        "status": "open" if approval.is_open else ended,
        "comment": approval.comment or "",
        "decided_by": approval.decided_by.email if approval.decided_by else None,
    }


class Decision(StrictModel):
    """The answer to a question."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"approved": True, "comment": "Fine"},
                {"approved": True, "answers": {"amount": 240}, "on_behalf_of": "ana@acme.example"},
            ]
        }
    )

    approved: bool = Field(strict=True)
    comment: str = Field(default="", max_length=LONGEST_COMMENT, description="Needed with a no: why not.")
    answers: dict[str, Any] = Field(default={}, description="What the question's `form` asks for, with a yes.")
    on_behalf_of: str | None = Field(
        default=None, max_length=254, description="Address of the member for whom you answer; left out: for yourself."
    )


class DecisionOfMany(StrictModel):
    """One answer to many questions."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ids": [ID], "approved": True, "comment": "Fine"}]})

    ids: list[UUID] = Field(min_length=1, max_length=MOST_AT_ONCE)
    approved: bool = Field(strict=True)
    comment: str = Field(default="", max_length=LONGEST_COMMENT, description="Needed with a no: why not.")


class DecidedOne(BaseModel):
    """What became of one of the questions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECIDED]})

    id: UUID
    outcome: Literal["decided", "recorded", "refused", "not_found"] = Field(
        description="`recorded`: more have to say yes; `refused`: nothing was recorded, and `problem` says why."
    )
    problem: WorkflowProblem | None

    @classmethod
    def of(cls, id: UUID, answered: Answered | None) -> DecidedOne:
        if answered is None:
            return cls(id=id, outcome="not_found", problem=None)
        if (problem := answered.problem) is not None:
            told = WorkflowProblem(code=problem.code, detail=problem.detail, remedy=problem.remedy)
            return cls(id=id, outcome="refused", problem=told)
        return cls(id=id, outcome="decided" if answered.is_decided else "recorded", problem=None)


class DecidedMany(BaseModel):
    """What became of each question, in the order in which they were named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_DECIDED]}]})

    items: list[DecidedOne]


class DelegationOut(BaseModel):
    """That a member may answer what another is asked, for a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELEGATION]})

    id: UUID
    giver: str = Field(description="Address of the member whose right it is; they keep it.")
    taker: str = Field(description="Address of the member who may use it.")
    begins_at: datetime
    ends_at: datetime
    reason: str
    revoked_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, delegation: Delegation) -> DelegationOut:
        same = ("id", "begins_at", "ends_at", "reason", "revoked_at", "created_at")
        told = {name: getattr(delegation, name) for name in same}
        return cls(giver=delegation.giver.email, taker=delegation.taker.email, **told)


class DelegationIn(StrictModel):
    """Whom you let answer what you are asked, and how long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"taker": "ben@acme.example", "ends_at": "2027-01-04T00:00:00Z", "reason": "Holidays"}]
        }
    )

    taker: str = Field(max_length=254, description="Address of a member who may decide.")
    begins_at: Moment | None = Field(default=None, description="Left out: now.")
    ends_at: Moment
    reason: str = Field(default="", max_length=LONGEST_REASON)


def holder_of(found: Entitlement, address: str) -> Right | None:
    """The right of the member of this address, where it may be used."""
    return next((each for each in found.rights if each.holder.email.lower() == address.strip().lower()), None)
