"""Live events of evaluations: ``{v, seq, evaluation, agent, status, done, total, passed, percent, at}``.

Who sees a gap in `seq` reads the snapshot again; an evaluation's end comes last.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.agents.models import AgentEvaluation
from apps.tenants.live import publish

OPEN = (AgentEvaluation.Status.QUEUED, AgentEvaluation.Status.RUNNING)


def topic(evaluation: UUID) -> str:
    return f"evaluation.{evaluation}"


def event(evaluation: AgentEvaluation) -> dict[str, Any]:
    """The evaluation as an event. What is done only grows, and makes the sequence."""
    begun = evaluation.status != AgentEvaluation.Status.QUEUED
    return {
        "v": 1,
        "seq": (begun + evaluation.done) if evaluation.is_open else evaluation.done + 2,
        "evaluation": str(evaluation.id),
        "agent": evaluation.agent_key,
        "status": evaluation.status,
        "done": evaluation.done,
        "total": evaluation.total,
        "passed": evaluation.passed,
        "percent": evaluation.percent,
        "at": timezone.now().isoformat(),
    }


def tell(evaluation: AgentEvaluation) -> None:
    """Send the state, when the transaction commits, to those who watch the evaluation."""
    publish(topic(evaluation.id), event(evaluation))
