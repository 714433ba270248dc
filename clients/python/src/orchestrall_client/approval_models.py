"""What runs ask of people, what they answer, and who stands in for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Model
from orchestrall_client.workflow_models import WorkflowProblem


class ApprovalAnswer(Model):
    """What one person answered."""

    by: str | None
    on_behalf_of: str | None
    """Whose right it was, where it was another member's."""
    approved: bool
    comment: str
    answers: dict[str, Any] | None
    """What was filled in, by field."""
    via: str
    """`console`, `api`, `link` or `bulk`."""
    at: datetime


class Approval(Model):
    """A question of a run to people."""

    id: UUID
    run: UUID
    run_ref: str
    workflow: str
    step: str
    item: int | None
    """Of a step that asks for each item of a list: which one, from 0."""
    question: str
    details: Any
    form: dict[str, Any] | None
    """JSON schema of the answers that a yes needs."""
    comment_on: str
    """When a comment is needed: `reject` or `always`."""
    roles: list[str]
    people: list[str]
    quorum: int
    """How many have to say yes; one no is a no."""
    yes: int
    forbids_own: bool
    risk: str
    status: str
    """`open`, `decided` or `withdrawn`."""
    asked_at: datetime
    remind_at: datetime | None
    escalate_at: datetime | None
    escalates_to: list[str]
    escalated_at: datetime | None
    due_at: datetime
    decisions: list[ApprovalAnswer]
    approved: bool | None
    comment: str
    decided_by: str | None
    decided_at: datetime | None


class Entitled(Model):
    """How you stand to a question."""

    may_decide: bool
    own: bool
    on_behalf_of: list[str]
    """For whom you may answer instead."""
    why_not: str


class ApprovalDetail(Approval):
    """One question, and whether you may answer it."""

    you: Entitled


class ApprovalOutcome(Model):
    """What became of one of many questions."""

    id: UUID
    outcome: str
    """`decided`, `recorded` (more have to say yes), `refused` or `not_found`."""
    problem: WorkflowProblem | None


class Delegation(Model):
    """That a member may answer what another is asked, for a time."""

    id: UUID
    giver: str
    taker: str
    begins_at: datetime
    ends_at: datetime
    reason: str
    revoked_at: datetime | None
    created_at: datetime
