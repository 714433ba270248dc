"""How far the steps of a run have come, told from its ledger without what the steps gave.

Entries of steps as a whole are read one by one; those of items are counted by the database, as there may be 10,000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from apps.common import formats
from apps.common.permissions import Principal, demand
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.graphs import title_of
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_VIEW
from apps.workflows.store import plan_of

WAITING_KINDS: Final = {"approval": "waiting", "wait": "resting"}
"""The status of a step of this kind while somebody else has it in hand; of all others: `running`."""
FINAL: Final = frozenset({"stopped", "no_output"})
"""Codes of failed runs that did all that they had to: there is nothing to go on with."""
ENDED: Final = frozenset(
    {"succeeded", "failed", "skipped", "contained", "stopped", "unreached", "held", "undone", "standby"}
)


@dataclass(frozen=True)
class Try:
    """One try of a step, or of an item of one."""

    attempt: int
    began: datetime | None
    """When somebody was asked to carry it out; None for what the engine computes itself, at once."""
    ended: datetime | None
    outcome: str
    """`opened` while it goes on, `succeeded`, `failed` or `skipped`."""
    due: datetime | None = None
    """Of one that goes on: when it is overdue. Of a failed one: when it is tried again."""
    ref: UUID | None = None
    problem: dict[str, Any] | None = None

    @property
    def took(self) -> timedelta | None:
        return self.ended - self.began if self.began and self.ended else None


@dataclass(frozen=True)
class ItemCount:
    """How many items of a step have come how far."""

    begun: int
    succeeded: int
    failed: int
    """For good."""
    retried: int
    """Tries that failed and were followed by another."""
    began: datetime
    ended: datetime

    @property
    def over(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True)
class StepProgress:
    step: PlanStep
    title: str
    status: str
    """A key of the console's statuses."""
    note: str
    """The status in words, with what is to be said besides."""
    tries: list[Try]
    items: ItemCount | None
    kept: bool
    """Whether an earlier run did it, which this one takes up."""

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def began(self) -> datetime | None:
        if self.items is not None:
            return self.items.began
        first = self.tries[0] if self.tries else None
        return (first.began or first.ended) if first else None

    @property
    def ended(self) -> datetime | None:
        if self.status not in ENDED:
            return None
        return self.items.ended if self.items is not None else (self.tries[-1].ended if self.tries else None)

    @property
    def took(self) -> timedelta | None:
        """From its beginning to its end, its waits between tries included; None where it has not ended, or needed no
        time that was measured."""
        began, ended = self.began, self.ended
        return ended - began if began and ended and ended > began and not self.kept else None

    @property
    def is_over(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True)
class RunProgress:
    run: WorkflowRun
    plan: Plan
    steps: list[StepProgress]
    entries: int
    """How many entries the ledger has: who has seen as many has seen them all."""

    def of(self, name: str) -> StepProgress | None:
        return next((step for step in self.steps if step.name == name), None)

    def counted(self, *statuses: str) -> int:
        return sum(step.status in statuses for step in self.steps)

    @property
    def states(self) -> dict[str, dict[str, str]]:
        """What the graph shows of each step."""
        return {step.name: {"status": step.status, "note": step.note} for step in self.steps}


def run_progress(*, who: Principal, run: WorkflowRun) -> RunProgress:
    """How far a run has come, with its version. Two statements, however many items there are."""
    demand(who, WORKFLOWS_VIEW)
    plan = plan_of(run.version)
    tries: dict[int, list[Try]] = {}
    entries = 0
    for row in _entries(run).filter(item=STEP):
        entries += 1
        add_entry(tries.setdefault(row.step, []), row)
    items = _items(run)
    entries += sum(counted for _, counted in items.values())
    found: dict[int, StepProgress] = {}
    begun = set(tries) | set(items)
    for step in plan.steps:
        many = items[step.index][0] if step.index in items else None
        found[step.index] = _progress(run, step, tries.get(step.index, []), many, begun=begun)
    for undo in plan.undos:
        assert undo.undoes is not None  # noqa: S101  # it is one of those
        found[undo.undoes] = _undone(found[undo.undoes], found[undo.index])
    return RunProgress(run, plan, [found[step.index] for step in plan.steps], entries)


def add_entry(tries: list[Try], row: StepRun, *, with_problem: bool = False) -> None:
    """Take a row of the ledger into account; rows come in order."""
    problem = row.problem if with_problem else None
    if not row.ended:
        tries.append(Try(row.attempt, row.at, None, row.outcome, row.due, row.ref))
        return
    last = tries[-1] if tries and tries[-1].attempt == row.attempt else None
    ended = Try(row.attempt, None, row.at, row.outcome, row.due, None, problem)
    if last is None:
        tries.append(ended)
    elif last.ended is None:
        tries[-1] = replace(ended, began=last.began, ref=last.ref)


def _entries(run: WorkflowRun) -> Any:
    return StepRun.objects.filter(run=run).defer("output", "problem").order_by("seq")


def _items(run: WorkflowRun) -> dict[int, tuple[ItemCount, int]]:
    """Of each step that has items: how far they have come, and how many entries there are of them."""
    rows = StepRun.objects.filter(run=run, item__gt=STEP).order_by("step").values("step")
    failed = Q(outcome="failed", ended=True)
    counted = rows.annotate(
        begun=Count("item", distinct=True),
        succeeded=Count("item", filter=Q(outcome="succeeded")),
        failed=Count("item", filter=failed & Q(due=None)),
        retried=Count("item", filter=failed & Q(due__isnull=False)),
        began=Min("at"),
        ended=Max("at"),
        entries=Count("item"),
    )
    return {
        row["step"]: (
            ItemCount(**{name: row[name] for name in ("begun", "succeeded", "failed", "retried", "began", "ended")}),
            row["entries"],
        )
        for row in counted
    }


def _progress(
    run: WorkflowRun, step: PlanStep, tries: list[Try], items: ItemCount | None, *, begun: set[int]
) -> StepProgress:
    status = _status_of_items(run, step, items, begun) if items and not tries else _status(run, step, tries)
    first = items.began if items else (tries[0].began or tries[0].ended if tries else None)
    kept = run.retry_of_id is not None and first is not None and first < run.created_at
    note = _note(run, step, status, tries, items)
    return StepProgress(
        step, title_of(step.name, step.step), status, f"{note}, kept" if kept else note, tries, items, kept
    )


def _undone(step: StepProgress, undo: StepProgress) -> StepProgress:
    """What is told of a step that another one has undone, wholly."""
    is_whole = undo.items is None or (step.items is not None and undo.items.succeeded == step.items.succeeded)
    if undo.status != "succeeded" or not is_whole:
        return step
    return replace(step, status="undone", note=f"Undone by {undo.title}")


def _status(run: WorkflowRun, step: PlanStep, tries: list[Try]) -> str:
    if not tries and step.undoes is not None:
        return "standby"
    if not tries:
        if run.status == WorkflowRun.Status.UNDOING:
            return "unreached"
        if run.is_open:
            return "held" if run.status == WorkflowRun.Status.PAUSED else "queued"
        stopped = run.status != WorkflowRun.Status.FAILED or (run.problem or {}).get("code") in FINAL
        return "unreached" if stopped else "held"
    last = tries[-1]
    if last.outcome == "opened":
        return WAITING_KINDS.get(step.step.kind, "running") if _goes_on(run, step) else "stopped"
    if last.outcome != "failed":
        return last.outcome
    if last.due is not None:
        return "retrying" if _goes_on(run, step) else "stopped"
    return _failed(step)


def _goes_on(run: WorkflowRun, step: PlanStep) -> bool:
    """Whether what was begun of a step still counts: while steps are undone, only that, and what may have to be."""
    undoes = step.undoes is not None or step.undo is not None
    return run.is_open and (undoes or run.status != WorkflowRun.Status.UNDOING)


def _failed(step: PlanStep) -> str:
    return "failed" if step.on_error.do == "fail" else "contained"


def _status_of_items(run: WorkflowRun, step: PlanStep, items: ItemCount, begun: set[int]) -> str:
    """A step with items leaves no entry of its own: what came of it is told by its items, and by what came after."""
    if step.undoes is not None:
        if items.over < items.begun:
            return WAITING_KINDS.get(step.step.kind, "running") if run.is_open else "stopped"
        return "failed" if items.failed else "succeeded"
    if items.failed and not step.skips_items:
        return _failed(step)
    if run.status == WorkflowRun.Status.SUCCEEDED or any(after in begun for after in step.after):
        return "succeeded"
    if run.is_open:
        return WAITING_KINDS.get(step.step.kind, "running")
    return "succeeded" if items.over == items.begun and not step.after else "stopped"


def _note(run: WorkflowRun, step: PlanStep, status: str, tries: list[Try], items: ItemCount | None) -> str:
    count = _items_said(items, status) if items else ""
    match status:
        case "failed" if step.undoes is not None:
            return f"Could not undo it{count}"
        case "failed":
            tried = f", {len(tries)} attempts" if len(tries) > 1 else ""
            return f"Failed{tried}{count}"
        case "retrying":
            of = f" of {step.retry.attempts}" if step.retry else ""
            return f"Attempt {tries[-1].attempt + 1}{of} to come"
        case "resting":
            due = tries[-1].due if tries else None
            return f"Until {_moment(due)}" if due else "Waiting"
        case "succeeded" if step.step.kind == "stop":
            return "Ended the run"
        case "running" if tries and tries[-1].attempt > 1:
            return f"Running, attempt {tries[-1].attempt}"
        case "succeeded":
            took = _took(tries) if items is None else ""
            return f"Succeeded{f' · {took}' if took else ''}{count}"
    return f"{_WORDS.get(status, status.capitalize())}{count}"


def _moment(at: datetime) -> str:
    """Short, as it stands in a small box: the year is told where there is room."""
    at = at.astimezone(timezone.get_current_timezone())
    return f"{at.day} {at:%b, %H:%M}"


_WORDS: Final[Mapping[str, str]] = {
    "held": "Held back",
    "queued": "Not begun yet",
    "waiting": "Needs approval",
    "contained": "Failed, the run went on",
    "unreached": "Not reached",
    "standby": "Runs only to undo",
    "skipped": "Skipped",
    "stopped": "Stopped",
}


def _items_said(items: ItemCount, status: str) -> str:
    if status == "succeeded" and not items.failed:
        return f" · {items.begun:,} items"
    failed = f", {items.failed:,} failed" if items.failed else ""
    return (
        f" · {items.over:,} of {items.begun:,} begun{failed}"
        if items.over != items.begun or failed
        else (f" · {items.over:,} items done")
    )


def _took(tries: list[Try]) -> str:
    first, last = (tries[0], tries[-1]) if tries else (None, None)
    if first is None or last is None or first.began is None or last.ended is None:
        return ""
    return formats.duration(last.ended - first.began)
