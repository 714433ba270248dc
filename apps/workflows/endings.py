"""What the audit log is told of runs that a round of the pump has brought to their end, or to their undoing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from apps.audit.actors import Actor
from apps.audit.services import Record as Said
from apps.workflows import auditing
from apps.workflows.models import WorkflowRun
from apps.workflows.store import InHand

Status = WorkflowRun.Status


def said(hand: InHand) -> Said:
    """What the audit log is told of the end of a run."""
    run, change = hand.run, hand.change
    assert change is not None  # noqa: S101  # it has ended
    told: dict[str, Any] = {"workflow": run.workflow.name, "status": change.status}
    if change.problem is not None:
        told["problem"] = change.problem["code"]
        if undo := change.problem.get("undo"):
            told["undone"] = f"{undo['done']} of {undo['of']}"
            told["stopped"] = undo["stopped"]
            told["remains"] = ", ".join(dict.fromkeys(each["step"] for each in undo["remains"]))
    return Said(auditing.RUN_ENDED, auditing.run_actor(run), auditing.run_subject(run), facts=told)


def undo_said(hand: InHand) -> Said:
    """What it is told of a run whose steps are undone from now on."""
    run, change = hand.run, hand.change
    assert change is not None  # noqa: S101  # it is to end
    steps = [hand.state.plan.steps[index].name for index, _ in [*hand.state.flights, *hand.state.to_undo]]
    told = {"workflow": run.workflow.name, "status": change.ending, "steps": ", ".join(dict.fromkeys(steps))}
    return Said(auditing.RUN_UNDOING, auditing.run_actor(run), auditing.run_subject(run), facts=told)


def said_together(hands: Sequence[InHand]) -> list[Said]:
    """What it is told of runs that ended in one round: those that ended well are one entry for each workflow."""
    well: dict[UUID, list[InHand]] = {}
    for hand in hands:
        if hand.change is not None and hand.change.status == Status.SUCCEEDED:
            well.setdefault(hand.run.workflow_id, []).append(hand)
    found = [said(hand) for hand in hands if hand.change is not None and hand.change.status != Status.SUCCEEDED]
    for ended in well.values():
        if len(ended) == 1:
            found.append(said(ended[0]))
            continue
        runs = [hand.run for hand in ended]
        workflow = runs[0].workflow
        told = {"count": len(runs), "runs": auditing.refs_told(runs), "status": Status.SUCCEEDED}
        actor = Actor("workflow", None, workflow.title, via="")
        found.append(Said(auditing.RUNS_ENDED, actor, auditing.workflow_subject(workflow), facts=told))
    return found
