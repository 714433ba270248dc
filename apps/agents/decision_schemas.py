"""What the API says about decisions, and what it takes from those who review them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.agents.decisions import decision_of, scale_of
from apps.agents.models import AgentAction, AgentDecision, AgentFeedback, AgentReview
from apps.agents.records import Record
from apps.common.decisions import Alternative, Decision, Reason, Scale, Threshold
from apps.common.schemas import StrictModel
from apps.gateway.pagination import Created

ReviewState = Literal["", "wanted", "confirmed", "overridden"]

_SCALE: dict[str, Any] = {
    "title": "Risk score",
    "low": 0,
    "high": 100,
    "unit": "",
    "digits": 0,
    "bands": [{"title": "Low", "upto": 70, "tone": "good"}, {"title": "High", "upto": 100, "tone": "bad"}],
}
_DECISION: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445577",
    "run": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "ref": "R-12",
    "position": 0,
    "agent": "example.checker",
    "agent_version": "1.0",
    "subject": "Order 4711",
    "verdict": "hold",
    "stands": "hold",
    "summary": "It is far larger than what this customer usually orders.",
    "score": 87,
    "scale": _SCALE,
    "confidence": None,
    "thresholds": [{"name": "Hold from", "value": 70, "unit": "", "seen": 87}],
    "reasons": [
        {
            "text": "31 times the average of 90 days",
            "weight": 34,
            "evidence": [{"text": "The order", "row": 3, "path": "", "key": "", "source": ""}],
        }
    ],
    "alternatives": [{"title": "Let it pass", "why_not": "The score is above 70.", "score": None}],
    "caveat": "",
    "review": "",
    "reviews_made": 0,
    "reviewed_by": None,
    "reviewed_at": None,
    "decided_at": "2026-11-25T16:40:44Z",
}
_ACTION: dict[str, Any] = {
    "position": 0,
    "kind": "agents.run",
    "title": "Look closer",
    "arguments": {"agent": "example.examiner", "input": {}},
    "why": "A second look costs little.",
    "status": "done",
    "outcome": "Examiner was started as R-13.",
    "link": "/runs/R-13/",
    "by": "analyst@acme.example",
    "at": "2026-11-25T16:45:00Z",
}
_REVIEW: dict[str, Any] = {
    "number": 1,
    "verdict": "pass",
    "reason": "The customer told us.",
    "by": "analyst@acme.example",
    "at": "2026-11-25T16:50:00Z",
}
_DETAIL: dict[str, Any] = _DECISION | {"proposals": [_ACTION], "reviews": [_REVIEW], "reviews_made": 1}
_RECORD: dict[str, Any] = {
    "input_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "sources": [],
    "agent": "example.checker",
    "agent_version": "1.0",
    "settings_version": 3,
    "settings": {"hold_from": 70},
    "model": None,
    "decided_at": "2026-11-25T16:40:44Z",
}
_FEEDBACK: dict[str, Any] = {
    "is_right": False,
    "comment": "Too strict.",
    "by": "analyst@acme.example",
    "at": "2026-11-25T16:55:00Z",
}


class DecisionsQuery(Created):
    """How a list of decisions is narrowed."""

    agent: str = Field(default="", max_length=100)
    verdict: str = Field(default="", max_length=40)
    review: Literal["", "none", "wanted", "confirmed", "overridden"] = ""


class DecisionOut(BaseModel):
    """What an agent decided, and what stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECISION]})

    id: UUID
    run: UUID
    ref: str = Field(description="The number of its run, as people use it.")
    position: int = Field(description="Among those of its run, from 0: the most important first.")
    agent: str
    agent_version: str
    subject: str = Field(description="What is judged; empty where it is the input as a whole.")
    verdict: str = Field(description="As the agent came to it: it is never changed.")
    stands: str = Field(description="The verdict that holds: a person's where there is one.")
    summary: str
    score: float | None
    scale: Scale | None = Field(description="What the score is measured on.")
    confidence: float | None = Field(description="How likely it is right, from 0 to 1; null where it cannot be told.")
    thresholds: list[Threshold]
    reasons: list[Reason] = Field(description="The heaviest first, with the evidence of each.")
    alternatives: list[Alternative]
    caveat: str
    review: ReviewState = Field(description="`wanted`: it waits for a person.")
    reviews_made: int = Field(description="How often it was reviewed: what `seen` of a review must be.")
    reviewed_by: str | None
    reviewed_at: datetime | None
    decided_at: datetime

    @classmethod
    def of(cls, row: AgentDecision) -> DecisionOut:
        """`reviews_made` is an attribute of the row, as the query counts it."""
        return cls.model_validate(_fields(row, decision_of(row), getattr(row, "reviews_made", 0)))


class ReviewOut(BaseModel):
    """What a person held of a decision."""

    number: int
    verdict: str
    reason: str
    by: str | None
    at: datetime

    @classmethod
    def of(cls, review: AgentReview) -> ReviewOut:
        by = review.by.email if review.by else None
        return cls(number=review.number, verdict=review.verdict, reason=review.reason or "", by=by, at=review.at)


class ProposalOut(BaseModel):
    """A proposed action, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACTION]})

    position: int
    kind: str
    title: str
    arguments: dict[str, Any]
    why: str
    status: Literal["open", "done", "failed"]
    outcome: str = Field(description="What came of it, in words; why it failed.")
    link: str = Field(description="Path of the page of what it made.")
    by: str | None
    at: datetime | None

    @classmethod
    def of(cls, said: Decision, position: int, taken: AgentAction | None) -> ProposalOut:
        action = said.actions[position]
        return cls(
            position=position,
            **action.model_dump(),
            status=taken.status if taken else "open",
            outcome=(taken.outcome or "") if taken else "",
            link=taken.link if taken else "",
            by=taken.by.email if taken and taken.by else None,
            at=taken.at if taken else None,
        )


class DecisionDetail(DecisionOut):
    """A decision with what people hold of it and what it proposes."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DETAIL]})

    proposals: list[ProposalOut]
    reviews: list[ReviewOut] = Field(description="Every one, the oldest first.")

    @classmethod
    def of_all(
        cls, row: AgentDecision, reviews: Sequence[AgentReview], taken: Mapping[int, AgentAction]
    ) -> DecisionDetail:
        said = decision_of(row)
        return cls.model_validate(
            _fields(row, said, len(reviews))
            | {
                "proposals": [ProposalOut.of(said, place, taken.get(place)) for place in range(len(said.actions))],
                "reviews": [ReviewOut.of(each) for each in reviews],
            }
        )


class RunDecisions(BaseModel):
    """What was decided in a run, and what it came from."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_DETAIL], "record": _RECORD}]})

    items: list[DecisionDetail]
    record: Record | None = Field(description="Null for an agent that does not decide, and before it has.")


class ReviewIn(StrictModel):
    """Which verdict holds, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"verdict": "pass", "reason": "Known.", "seen": 0}]})

    verdict: str = Field(
        max_length=40, description="The agent's own confirms it; another one of the agent's overrides."
    )
    reason: str = Field(default="", max_length=2000, description="Needed where it changes what stands.")
    seen: int = Field(ge=0, le=30_000, description="`reviews_made` of the decision as you have seen it.")


class FeedbackIn(StrictModel):
    """Whether a result is right."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_right": False, "comment": "Too strict."}]})

    is_right: bool
    comment: str = Field(default="", max_length=2000)


class FeedbackOut(BaseModel):
    """What somebody said of a result."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FEEDBACK]})

    is_right: bool
    comment: str
    by: str
    at: datetime

    @classmethod
    def of(cls, given: AgentFeedback) -> FeedbackOut:
        return cls(is_right=given.is_right, comment=given.comment or "", by=given.by.email, at=given.at)


class FeedbackList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_FEEDBACK]}]})

    items: list[FeedbackOut] = Field(description="One of each person, the latest first.")


def _fields(row: AgentDecision, said: Decision, reviews_made: int) -> dict[str, Any]:
    same = ("id", "position", "agent_version", "verdict", "stands", "score", "review", "reviewed_at")
    told = ("subject", "summary", "confidence", "thresholds", "reasons", "alternatives", "caveat")
    return {
        **{name: getattr(row, name) for name in same},
        **{name: getattr(said, name) for name in told},
        "run": row.run_id,
        "ref": row.run.ref,
        "agent": row.agent_key,
        "scale": scale_of(row, said),
        "reviews_made": reviews_made,
        "reviewed_by": row.reviewed_by.email if row.reviewed_by else None,
        "decided_at": row.created_at,
    }
