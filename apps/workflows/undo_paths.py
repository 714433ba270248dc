"""The way back of a run: what its steps did, and by what it is, was or would be undone, the last of it first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.common.permissions import Principal, demand
from apps.workflows.engine.ledger import DONE_ALL_THE_SAME, STEP
from apps.workflows.engine.plan import PlanStep
from apps.workflows.graphs import title_of
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.progress import WAITING_KINDS, RunProgress

MOST_READ: Final = 2_000
"""Entries of the ledger that are looked at, the newest."""
MOST_SHOWN: Final = 30


@dataclass(frozen=True)
class Undo:
    """One effect, and its undo."""

    step: PlanStep
    title: str
    item: int | None
    by: PlanStep
    by_title: str
    done_at: datetime
    """When the step ended; of one that has not, when it began."""
    status: str
    """A key of the console's statuses: how far the undo has come."""
    note: str
    at: datetime | None
    """When the undo began or ended, whichever was last."""


@dataclass(frozen=True)
class UndoPath:
    undos: list[Undo]
    """At most `MOST_SHOWN`."""
    found: int
    undone: int

    @property
    def more(self) -> int:
        return self.found - len(self.undos)


def undo_path(*, who: Principal, progress: RunProgress) -> UndoPath | None:
    """The way back of a run; None where its version knows none. One statement where it does."""
    demand(who, WORKFLOWS_VIEW)
    undos = {each.undoes: each for each in progress.plan.undos if each.undoes is not None}
    if not undos:
        return None
    wanted = [*undos, *(each.index for each in undos.values())]
    rows = StepRun.objects.filter(run=progress.run, step__in=wanted).defer("output").order_by("-seq")[:MOST_READ]
    begun: dict[tuple[int, int], StepRun] = {}
    last: dict[tuple[int, int], StepRun] = {}
    done: dict[tuple[int, int], StepRun] = {}
    for row in reversed(rows):
        key = row.step, row.item
        if not row.ended:
            begun[key] = row
        elif _is_done(row) and row.step in undos and key in begun:
            done[key] = row
        last[key] = row
    run = progress.run
    air = [row for key, row in begun.items() if key[0] in undos and not last[key].ended and run.is_open]
    made = [_in_the_air(progress, row, undos[row.step]) for row in air]
    for key, row in reversed(done.items()):
        undo = undos[key[0]]
        made.append(_undo(progress, row, undo, last.get((undo.index, key[1]))))
    return UndoPath(made[:MOST_SHOWN], len(made), sum(each.status == "undone" for each in made))


def _is_done(row: StepRun) -> bool:
    """Whether a step, or an item of one, did what it does, as the engine sees it (`RunState`)."""
    return row.outcome == "succeeded" or (row.problem or {}).get("code") in DONE_ALL_THE_SAME


def _undo(progress: RunProgress, row: StepRun, by: PlanStep, last: StepRun | None) -> Undo:
    status, note = _standing(progress.run, by, last)
    return _made(progress, row, by, status, note, last.at if last is not None else None)


def _in_the_air(progress: RunProgress, row: StepRun, by: PlanStep) -> Undo:
    if progress.run.status == WorkflowRun.Status.UNDOING:
        return _made(progress, row, by, "unknown", "Whether it was done must be known first", None)
    return _made(progress, row, by, "running", "At work: it is taken back, or undone where it was done", None)


def _made(progress: RunProgress, row: StepRun, by: PlanStep, status: str, note: str, at: datetime | None) -> Undo:
    step = progress.plan.steps[row.step]
    item = None if row.item == STEP else row.item
    titles = title_of(step.name, step.step), title_of(by.name, by.step)
    return Undo(step, titles[0], item, by, titles[1], row.at, status, note, at)


def _standing(run: WorkflowRun, by: PlanStep, last: StepRun | None) -> tuple[str, str]:
    """How far an undo has come, as a status and in words."""
    if last is None:
        if run.status == WorkflowRun.Status.UNDOING:
            return "queued", "To be undone"
        return ("standby", "Undone only if the run fails or is cancelled") if run.is_open else ("held", "Not undone")
    if not last.ended:
        if not run.is_open:
            return "stopped", "Stopped while it was being undone: whether it was has to be looked up"
        return WAITING_KINDS.get(by.step.kind, "running"), "Being undone"
    if last.outcome == "succeeded":
        return "undone", "Undone"
    if last.outcome == "skipped":
        return "skipped", "Needs no undoing: the condition of the undo does not hold"
    detail = str((last.problem or {}).get("detail") or "It failed.")
    return ("retrying", f"{detail} It is tried again.") if last.due and run.is_open else ("failed", detail)
