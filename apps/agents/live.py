"""Live events of runs, the same for the console and for integrators.

An event is ``{v, seq, run, ref, agent, status, done, total, percent, note, at}``. A reader that sees a gap in `seq`
reads the run's snapshot again.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.agents.models import AgentRun
from apps.tenants.live import publish, publish_to

ALL_RUNS = "runs"


def topic(run: UUID) -> str:
    return f"run.{run}"


def end_topic(run: UUID) -> str:
    """Says one thing only: that the run has ended. For who waits for that and not for its progress."""
    return f"run.{run}.end"


def event(run: AgentRun) -> dict[str, Any]:
    """The run as an event."""
    return {
        "v": 1,
        "seq": run.seq,
        "run": str(run.id),
        "ref": run.ref,
        "agent": run.agent_key,
        "status": run.status,
        "done": run.done,
        "total": run.total,
        "percent": run.percent,
        "note": run.note,
        "at": timezone.now().isoformat(),
    }


def is_end(event: dict[str, Any]) -> bool:
    """Whether the run has ended with this event."""
    return event["status"] not in AgentRun.OPEN


def announce(run: AgentRun) -> None:
    """Send a run that is new, when the transaction commits, to those who watch all runs: nobody can know its id yet."""
    publish(ALL_RUNS, event(run))


def tell(run: AgentRun) -> None:
    """Send the run's state, when the transaction commits, to those who watch it and to those who watch all runs."""
    ended = [] if run.is_open else [end_topic(run.id)]
    publish_to([topic(run.id), ALL_RUNS, *ended], event(run))
