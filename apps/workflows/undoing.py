"""Undoing what the steps of a run did: what it costs a retry, and a person who has it stopped.

The engine undoes (`engine/advance.py`); here is what follows from it for those who look at a run from outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.engine.ledger import STEP
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.kinds.act import Act
from apps.workflows.models import StepRun, WorkflowRun
from apps.workflows.performers import KIND, Ask
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.store import plan_of

Status = WorkflowRun.Status


@dataclass(frozen=True)
class Anew:
    """What a retry does again: whole steps, and of steps with items those that were undone."""

    steps: frozenset[int]
    items: frozenset[tuple[int, int]]

    def keeps(self, step: int, item: int) -> bool:
        """Whether a retry takes over that this is done."""
        return step not in self.steps and (step, item) not in self.items


def anew(*, run: WorkflowRun, plan: Plan, step: PlanStep | None) -> Anew:
    """What is done again when an ended run is taken up from `step`, or where it stopped.

    What was undone is: with what follows from it, and where it was proposed by an agent, from that agent on, as a
    proposal is carried out once. One statement, and one more where the version has undos.

    Raises `Conflict` where a run of these goes on as another one on a newer version: what that does outside has keys of
    its own, and would be done twice.
    """
    if (moved := _moved(run)) is not None:
        raise Conflict(
            f"{moved.retry_of} goes on as {moved}, and would do the same beside this; nothing was started.",
            remedy=f"Retry {moved} once it has ended.",
        )
    again = plan.from_step(step.index) if step is not None else set()
    items: set[tuple[int, int]] = set()
    if undos := {each.index: each.undoes for each in plan.undos}:
        rows = StepRun.objects.filter(run=run, step__in=undos, ended=True, outcome="succeeded")
        for number, item in rows.values_list("step", "item"):
            undone = undos[number]
            assert undone is not None  # noqa: S101  # it is one of those
            follows = plan.from_step(_root(plan, undone))
            again |= follows if item == STEP else follows - {undone}
            items.add((undone, item))
        again |= set(undos)
    return Anew(frozenset(again), frozenset(items))


def _moved(run: WorkflowRun) -> WorkflowRun | None:
    """The run that took up this one, or one of those that share its effects, by being moved."""
    first = run.root or run.pk
    moved = WorkflowRun.objects.filter(Q(retry_of=first) | Q(retry_of__root=first), workflow=run.workflow_id)
    return moved.filter(origin="move").select_related("retry_of").order_by("-id").first()


def _root(plan: Plan, undone: int) -> int:
    step = plan.steps[undone].step
    if not isinstance(step, Act):
        return undone
    return next(each.index for each in plan.steps if each.name == step.of)


def undone_before(asks: Sequence[Ask]) -> dict[UUID, int]:
    """In how many earlier runs, which these take up, what is asked was undone, or what comes before it was: by ref.

    What is done again after that must not pass for what was undone. Two statements a run that takes up another one
    whose version has undos, none for any other.
    """
    found = {ask.ref: 0 for ask in asks}
    by_run: dict[UUID, list[Ask]] = defaultdict(list)
    for ask in asks:
        if ask.run.retry_of_id is not None:
            by_run[ask.run.id].append(ask)
    for asked in by_run.values():
        run = asked[0].run
        plan = plan_of(run.version)
        undos = {each.index: each.undoes for each in plan.undos}
        if not undos:
            continue
        earlier = WorkflowRun.objects.filter(Q(pk=run.root) | Q(root=run.root), pk__lt=run.pk).values("pk")
        rows = StepRun.objects.filter(run__in=earlier, step__in=undos, ended=True, outcome="succeeded")
        undone: dict[UUID, set[tuple[int, int]]] = defaultdict(set)
        for id, number, item in rows.values_list("run_id", "step", "item"):
            undone[id].add((undos[number] or 0, item))
        for ask in asked:
            found[ask.ref] = sum(_concerns(plan, ask, each) for each in undone.values())
    return found


def _concerns(plan: Plan, ask: Ask, undone: set[tuple[int, int]]) -> bool:
    """Whether what is asked is another effect than it was before these were undone."""
    undoes = plan.steps[ask.index].undoes
    step = ask.index if undoes is None else undoes
    own = (step, ask.item) in undone
    return own or any(number != step and step in plan.from_step(number) for number, _ in undone)


def over_or_undoing(run: WorkflowRun) -> Conflict:
    """Why an open run cannot be stopped or paused: it has ended, or its steps are being undone."""
    run.refresh_from_db(fields=["status"])
    if run.status == Status.UNDOING:
        return Conflict(
            f"The steps of {run.ref} are being undone; that is not stopped half way by this.",
            remedy="Wait for it, or stop the undoing itself: what is not undone then is left to you.",
        )
    return Conflict(f"{run.ref} has already ended.", remedy="Start it again.")


@transaction.atomic
def run_undo_stop(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """Have the undoing of a run stopped before its end: no further step is undone, and what is not is left to people.

    Raises `Conflict` where nothing of it is being undone.
    """
    demand(who, WORKFLOWS_RUN)
    work.signal(KIND, run.id)
    wished = WorkflowRun.objects.filter(pk=run.pk, status=Status.UNDOING, pause_requested_at=None)
    if not wished.update(pause_requested_at=timezone.now(), seq=F("seq") + 1):
        raise Conflict(
            f"Nothing of {run.ref} is being undone now, or that is being stopped; nothing was changed.",
            remedy="Look at the run for what was undone.",
        )
    record(auditing.UNDO_STOPPED, who=who, subject=auditing.run_subject(run))
    run.refresh_from_db()
    return run
