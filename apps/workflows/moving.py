"""Moving an open run to the newest version of its workflow: an act of a person, and never of the engine.

A ledger names steps by their number in one version, so a run never changes its version. It ends where it stands, and
another one on the newest version takes it up: with what the steps gave that are the same in both, and with the
questions and waits that are open. What was done outside must be kept; where it cannot be, the run is not moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.ids import uuid7
from apps.common.permissions import Principal, demand
from apps.workflows import auditing, live
from apps.workflows.definition import Definition, definition_dump
from apps.workflows.engine.ledger import Entry, Outcome, Piece, RunState
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.givens import still_given
from apps.workflows.graphs import title_of
from apps.workflows.models import Approval, ApprovalDecision, StepRun, WorkflowRun, WorkflowVersion
from apps.workflows.performers import KIND, PERFORMERS
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.services import inputs_parse
from apps.workflows.store import plan_of

ORIGIN: Final = "move"
MOVED: Final = "moved"
"""Code of the problem of a run that goes on as another one."""
_TAKEN_ALONG: Final = frozenset({"approval", "wait"})
"""Kinds of steps that go on for the new run as they are, where they are the same in both versions."""
_BEGUN_ANEW: Final = frozenset({"agent"})
"""Kinds that change nothing outside: they are stopped and begun again."""
_DEEPEST: Final = 50
"""Runs before this one that are looked at for what they had opened."""

Status = WorkflowRun.Status


@dataclass
class Move:
    """What becomes of a run that is moved. Steps are told by their titles."""

    run: WorkflowRun
    version: WorkflowVersion | None
    """The one that it goes on with."""
    kept: list[str] = field(default_factory=list)
    """Done, and not done again."""
    along: list[str] = field(default_factory=list)
    """Open, and going on as they are: questions with the answers they have, and waits."""
    again: list[str] = field(default_factory=list)
    """Begun or done, and begun again, as they are other in the new version or follow from such a one."""
    refusal: str = ""
    """Why the run cannot be moved now; empty: it can."""
    same: dict[str, int] = field(default_factory=dict)
    """Names of steps that are the same in both, with their numbers in the new version."""
    inputs: dict[str, Any] = field(default_factory=dict)


def move_preview(*, who: Principal, run: WorkflowRun) -> Move:
    """What would become of a run that is moved now. Nothing is changed."""
    demand(who, WORKFLOWS_RUN)
    return _look(_read(run.pk))[0]


@transaction.atomic
def run_move(*, who: Principal, run: WorkflowRun) -> WorkflowRun:
    """End a run where it stands, and let a new one on the newest version take it up. Returns the new one.

    Raises `Conflict` with the reason where that is not possible; then nothing is changed.
    """
    demand(who, WORKFLOWS_RUN)
    found = _read(run.pk)
    if not found.is_open:
        raise Conflict(f"{found.ref} has already ended; it stays on its version.", remedy="Run it again.")
    if not work.withdraw(KIND, found.pk):
        raise Conflict(
            f"{found.ref} is at work at this very moment; nothing was changed.",
            remedy="Try again in a moment, or pause it first.",
        )
    found = _read(found.pk, lock=True)  # what was recorded before its row was taken back
    move, state = _look(found)
    if move.refusal or state is None:
        raise Conflict(f"{found.ref} was not moved: {move.refusal}", remedy="Let it end on its version, or cancel it.")
    assert move.version is not None  # noqa: S101  # else it is refused
    fresh = _begin(move)
    _take_along(move, fresh, state)
    found.status, found.finished_at, found.seq = Status.CANCELLED, timezone.now(), found.seq + 1
    found.problem = {
        "code": MOVED,
        "detail": f"It goes on as {fresh.ref}, on version {move.version.number}.",
        "remedy": f"See {fresh.ref}.",
    }
    found.save(update_fields=["status", "finished_at", "seq", "problem"])
    record(
        auditing.RUN_MOVED,
        who=who,
        subject=auditing.run_subject(fresh),
        of=found.ref,
        before={"version": found.version.number},
        after={"version": move.version.number},
        kept=move.kept,
        again=move.again,
    )
    work.schedule(KIND, fresh.pk)
    live.tell(found)
    return fresh


def runs_move(*, who: Principal, runs: Iterable[WorkflowRun]) -> dict[UUID, WorkflowRun | str]:
    """Move runs, each as by itself. Returns for each the one that goes on, or why it was not moved."""
    demand(who, WORKFLOWS_RUN)
    found: dict[UUID, WorkflowRun | str] = {}
    for run in sorted(runs, key=lambda each: each.pk):
        try:
            found[run.pk] = run_move(who=who, run=run)
        except Problem as problem:
            found[run.pk] = problem.detail
    return found


def _read(id: UUID, *, lock: bool = False) -> WorkflowRun:
    runs = WorkflowRun.objects.select_related("version", "workflow__published")
    return (runs.select_for_update(of=("self",)) if lock else runs).get(pk=id)


def _look(run: WorkflowRun) -> tuple[Move, RunState | None]:
    """What becomes of a run, and what its ledger says, where that was looked at."""
    published = run.workflow.published
    move = Move(run, published, refusal=_standing_refusal(run))
    if move.refusal or published is None:
        return move, None
    try:
        move.inputs = inputs_parse(version=published, data=run.inputs)
    except InvalidInput as problem:
        told = "; ".join(f"{issue.path}: {issue.message}" for issue in problem.issues[:3])
        move.refusal = f"version {published.number} does not take its inputs ({told})."
        return move, None
    old = plan_of(run.version)
    state, failed = _state(run, old)
    move.same = _same(run, old, plan_of(published), published.definition, move.inputs)
    for index in failed:  # the run went on without what it was to give: it is tried again, with all that followed
        for after in old.from_step(index):
            move.same.pop(old.steps[after].name, None)
    for step in old.steps:
        refusal = _sort(move, state, step)
        move.refusal = move.refusal or refusal
    return move, state


def _standing_refusal(run: WorkflowRun) -> str:
    published = run.workflow.published
    if not run.is_open:
        return "it has already ended."
    if published is None or run.workflow.archived_at is not None:
        return "nothing of its workflow is published."
    if published.pk == run.version_id:
        return "it is on the newest version already."
    if run.status == Status.UNDOING:
        return "its steps are being undone."
    if run.cancel_requested_at is not None:
        return "it is being cancelled."
    if run.parent_id is not None:
        return "another run waits for this very one: move that one, or let this one end."
    return ""


def _sort(move: Move, state: RunState, step: PlanStep) -> str:
    """Say of a step what becomes of it. Returns why the run cannot be moved because of it; empty where it can."""
    settled, pieces = state.settled[step.index], _pieces(state, step)
    if settled == "skipped" or not (settled or any(piece.attempt for piece in pieces)):
        return ""  # it did nothing
    title, is_same = title_of(step.name, step.step), step.name in move.same
    if settled == "succeeded" and is_same:
        move.kept.append(title)
        return ""
    if step.step.has_effect:
        how = "has acted outside" if settled else "is at work outside"
        return f"“{title}” {how}, and would be begun again; that could do the same twice."
    is_open = any(piece.is_open for piece in pieces)
    if is_open and is_same and step.step.kind in _TAKEN_ALONG:
        move.along.append(title)
        return ""
    if is_open and step.step.kind not in _TAKEN_ALONG | _BEGUN_ANEW:
        return f"“{title}” is at work; wait for its end."
    if is_open and step.step.kind == "approval" and _is_answered(pieces):
        return f"“{title}” is answered in part, and is asked otherwise in the new version."
    move.again.append(title)
    return ""


def _is_answered(pieces: list[Piece]) -> bool:
    refs = [piece.ref for piece in pieces if piece.is_open and piece.ref is not None]
    return ApprovalDecision.objects.filter(approval__in=refs).exists()


def _pieces(state: RunState, step: PlanStep) -> list[Piece]:
    items = state.items.get(step.index)
    return [state.pieces[step.index], *(items.pieces if items is not None else [])]


def _state(run: WorkflowRun, plan: Plan) -> tuple[RunState, set[int]]:
    """What the ledger of a run says, and the steps that have failed for good, or items of which have."""
    named = {"id": str(run.id), "number": run.number, "started_at": run.created_at.isoformat()}
    state, failed = RunState(plan, run.inputs, named, run.created_at, run.given or {}), set()
    for row in StepRun.objects.filter(run=run).order_by("seq"):
        outcome = cast("Outcome", row.outcome)
        state.apply(Entry(row.step, row.item, row.attempt, outcome, row.output, row.problem, row.ref, row.due))
        if outcome == "failed" and row.due is None:
            failed.add(row.step)
    return state, failed


def _same(run: WorkflowRun, old: Plan, new: Plan, definition: Definition, inputs: dict[str, Any]) -> dict[str, int]:
    """The steps that are the same in both versions, and come after the same ones, which are the same themselves."""
    one, other = definition_dump(run.version.definition)["steps"], definition_dump(definition)["steps"]
    before = {step.name: {old.steps[n].name for n in step.before} for step in old.steps}
    changed = {name for name in {*run.inputs, *inputs} if run.inputs.get(name) != inputs.get(name)}
    found: dict[str, int] = {}
    waiting = {step.name: step for step in new.steps}
    while True:
        ready = [
            step
            for step in waiting.values()
            if one.get(step.name) == other[step.name]
            and before.get(step.name) == {new.steps[n].name for n in step.before}
            and all(new.steps[n].name in found for n in step.before)
            and not any(
                each.root == "inputs" and len(each.path) > 1 and each.path[1] in changed
                for _, each in step.step.references()
            )
        ]
        if not ready:
            return found
        for step in ready:
            found[step.name] = step.index
            del waiting[step.name]


def _begin(move: Move) -> WorkflowRun:
    """The run that takes the other one up. It is the first of its effects: none that is still to come was ever sent."""
    run, id = move.run, uuid7()
    assert move.version is not None  # noqa: S101  # a move without one is refused
    return WorkflowRun.objects.create(
        id=id,
        workflow=run.workflow,
        version=move.version,
        inputs=move.inputs,
        retry_of=run,
        root=id,
        generation=run.generation,
        given=still_given(plan_of(move.version), run.given) or None,
        origin=ORIGIN,
        created_by=run.created_by,
        is_demo=run.is_demo,
        depth=run.depth,
        started_at=timezone.now() if run.started_at else None,
        pause_requested_at=run.pause_requested_at,
    )


def _take_along(move: Move, fresh: WorkflowRun, state: RunState) -> None:
    """Write what is kept into the new run's ledger, hand it the questions that are open, and stop what is not kept."""
    old = state.plan
    number = {step.index: move.same[step.name] for step in old.steps if step.name in move.same}
    open_rows = _openings(move.run, set(number))
    rows, handed = [], []
    for row in StepRun.objects.filter(run=move.run, ended=True, step__in=number).order_by("seq"):
        if row.outcome in {"succeeded", "skipped"}:
            opened = open_rows.pop((row.step, row.item), None)
            rows += [_copied(each, fresh, number[row.step]) for each in (opened, row) if each is not None]
    dropped: dict[str, list[UUID]] = {}
    for step, item, piece in state.open_pieces():
        kind = step.step.kind
        opened = open_rows.get((step.index, item))
        if step.index in number and kind in _TAKEN_ALONG:
            opened = opened or StepRun.objects.get(
                run=move.run, step=step.index, item=item, attempt=piece.attempt, ended=False
            )
            rows.append(_copied(opened, fresh, number[step.index]))
            if kind == "approval" and piece.ref is not None:
                handed.append(piece.ref)
        elif piece.ref is not None:
            dropped.setdefault(kind, []).append(piece.ref)
    StepRun.objects.bulk_create(rows)
    Approval.objects.filter(pk__in=handed).update(run=fresh)
    for kind, refs in dropped.items():
        PERFORMERS[kind].cancel(refs)


def _openings(run: WorkflowRun, steps: set[int]) -> dict[tuple[int, int], StepRun]:
    """What the steps of a run had opened last, by step and item; of those that it took over, in the run they are of."""
    found: dict[tuple[int, int], StepRun] = {}
    at: WorkflowRun | None = run
    for _ in range(_DEEPEST):
        if at is None or at.version_id != run.version_id:
            break
        rows = StepRun.objects.filter(run=at, step__in=steps, ended=False).exclude(ref=None).order_by("seq")
        found = {(row.step, row.item): row for row in rows} | found
        at = at.retry_of
    return found


def _copied(row: StepRun, run: WorkflowRun, step: int) -> StepRun:
    names = ("item", "attempt", "ended", "outcome", "output", "ref", "due", "at")
    return StepRun(run=run, step=step, **{name: getattr(row, name) for name in names})
