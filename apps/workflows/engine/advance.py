"""What is to be done next: a pure function of a version and what is kept of a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from json import dumps
from typing import Any, Final

from apps.common.paths import NoValue
from apps.workflows.engine.ledger import STEP, TIMED_OUT, Entry, Items, Piece, RunState
from apps.workflows.engine.plan import PlanStep
from apps.workflows.engine.undo import undo_report

LARGEST: Final = 4 * 1024 * 1024
"""Characters of the JSON of what one step gives, or an item of one, and of a run's outputs, at most."""
BATCH: Final = 64
"""Decisions of one round: as many items of an inline for-each are computed between two commits."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write this entry: nothing needs to be computed for it."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Compute:
    """Compute an inline step, or an item of one, and record how it went."""

    step: PlanStep
    item: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Open:
    """Have somebody else carry out a step, or an item of one."""

    step: PlanStep
    item: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """What was opened has not ended in time."""

    step: PlanStep
    item: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing can be done now. `until`: when to look again if nothing happens before; None: never."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    succeeded: bool
    outputs: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None
    undo: bool = False
    """Whether it is over only when what its steps did is undone, which begins with this."""


Decision = Record | Compute | Open | Overdue | Rest | End


def advance(state: RunState, now: datetime) -> list[Decision]:
    """What is to be done now, at most `BATCH` things; a single `Rest` or `End` where there is nothing.

    The same state and moment give the same decisions: who loads a run again goes on where it was.
    """
    if state.ending is not None:
        return _undo(state, now)
    if (end := _end(state, now)) is not None:
        return [closing(state, end)]
    made: list[Decision] = []
    until: datetime | None = None
    if state.plan.deadline is not None:
        until = state.started_at + state.plan.deadline
    for index in state.active:
        step = state.plan.steps[index]
        if step.items is not None and state.is_reached(step) and (step.when is None or index in state.items):
            until = _items(state, step, now, made, until)
        else:
            until = _step(state, step, now, made, until)
        if len(made) >= BATCH:
            break
    return made or [Rest(until)]


def _end(state: RunState, now: datetime) -> End | None:
    if state.failure is not None:
        return End(succeeded=False, problem=state.failure)
    if state.stopped is not None:
        if state.stopped["as"] == "failed":
            return End(succeeded=False, problem=problem("stopped", str(state.stopped["reason"]) or "Stopped."))
        return _outputs(state)
    if state.unsettled == 0:
        return _outputs(state)
    deadline = state.plan.deadline
    if deadline is not None and now >= state.started_at + deadline:
        return End(succeeded=False, problem=problem("deadline", "The run was still open at its deadline."))
    return None


def closing(state: RunState, end: End) -> End:
    """How a run ends: one that ends badly first has undone what its steps did that name an undo."""
    has_to_undo = not end.succeeded and state.ending is None and (state.to_undo or state.flights)
    return replace(end, undo=True) if has_to_undo else end


def _undo(state: RunState, now: datetime) -> list[Decision]:
    """What is to be undone next: one thing after the other, in the reverse of the order in which they ended.

    What others still have in hand comes first: whether it was done must be known, as nothing is undone blindly.
    """
    if state.flights:
        return [Rest(None)]
    if not state.to_undo:
        return [undone(state)]
    index, item = next(reversed(state.to_undo))
    number = state.plan.steps[index].undo
    assert number is not None  # noqa: S101  # only what can be undone is left
    step = state.plan.steps[number]
    piece = state.piece(step, item)
    if piece.attempt == 0 and step.when is not None and not step.when(state.env_of(step, item)):
        return [Record(Entry(number, item, 1, "skipped"))]
    made: list[Decision] = []
    until = _piece(step, item, piece, now, made, None)
    return made or [Rest(until)]


def undone(state: RunState, *, stopped: bool = False) -> End:
    """The end of a run whose steps were undone, or are not any further as a person has `stopped` it."""
    told = undo_report(state, stopped=stopped)
    return End(succeeded=False, problem={**(state.ending or {}), **({"undo": told} if told["of"] else {})})


def _outputs(state: RunState) -> End:
    try:
        return End(succeeded=True, outputs=fitting(state.plan.outputs(state.env)))
    except (NoValue, ValueError) as error:
        return End(succeeded=False, problem=problem("no_output", f"The outputs cannot be made: {error}"))


def _step(
    state: RunState, step: PlanStep, now: datetime, made: list[Decision], until: datetime | None
) -> datetime | None:
    """Decide about a step as a whole. Returns when to look again, the earlier of `until` and its own."""
    piece = state.pieces[step.index]
    if piece.attempt == 0:
        if not state.is_reached(step) or (step.when is not None and not step.when(state.env_of(step))):
            made.append(Record(Entry(step.index, STEP, 1, "skipped")))
            return until
        if step.items is not None:
            return _items(state, step, now, made, until)
    return _piece(step, STEP, piece, now, made, until)


def _items(
    state: RunState, step: PlanStep, now: datetime, made: list[Decision], until: datetime | None
) -> datetime | None:
    try:
        items = state.items_of(step)
    except (NoValue, ValueError) as error:
        made.append(Record(Entry(step.index, STEP, 1, "failed", problem=problem("step_failed", str(error)))))
        return until
    if not items.values:
        made.append(Record(Entry(step.index, STEP, 1, "succeeded", output=[])))
        return until
    for item in _in_work(items, step):
        until = _piece(step, item, items.pieces[item], now, made, until)
        if len(made) >= BATCH:
            break
    return until


def _in_work(items: Items, step: PlanStep) -> list[int]:
    """The items that may be worked on now: those that were begun, and as many new ones as there is room for."""
    room = BATCH if step.inline else max(0, step.concurrency - len(items.begun))
    return [*items.begun, *islice(items.fresh, room)]


def _piece(
    step: PlanStep, item: int, piece: Piece, now: datetime, made: list[Decision], until: datetime | None
) -> datetime | None:
    if piece.is_open:
        if piece.due is not None and piece.due <= now:
            made.append(Overdue(step, item, piece.attempt))
        return _sooner(until, piece.due)
    if piece.due is not None and piece.due > now:  # it failed, and is to be tried again then
        return _sooner(until, piece.due)
    do = Compute if step.inline else Open
    made.append(do(step, item, piece.attempt + 1))
    return until


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def failed(
    step: PlanStep, item: int, attempt: int, told: dict[str, Any], *, now: datetime, run: str, final: bool = False
) -> Entry:
    """The entry of a try that failed: with the moment of the next one, where the step's policy allows one.

    The wait is `delay` × `factor`^(attempt-1), at most `longest`, and with jitter a part of it between a half and the
    whole, drawn from the run, the step and the attempt: who computes it again comes to the same.
    """
    retry = step.retry
    if final or retry is None or attempt >= retry.attempts or (retry.only and told.get("code") not in retry.only):
        return Entry(step.index, item, attempt, "failed", problem=told)
    wait: timedelta = min(retry.longest, timedelta(seconds=retry.delay.total_seconds() * retry.factor ** (attempt - 1)))
    if retry.jitter:
        drawn = hashlib.blake2b(f"{run}:{step.index}:{item}:{attempt}".encode(), digest_size=4).digest()
        wait *= 0.5 + int.from_bytes(drawn) / 2**33
    return Entry(step.index, item, attempt, "failed", problem=told, due=now + wait)


def computed(state: RunState, decision: Compute, *, now: datetime) -> Entry:
    """Compute an inline step, or an item of one."""
    step = decision.step
    try:
        output = state.asked(step, decision.item)
        fitting(output)
    except (NoValue, ValueError) as error:
        told = problem("step_failed", str(error))
        return failed(step, decision.item, decision.attempt, told, now=now, run=str(state.run.get("id")))
    return Entry(step.index, decision.item, decision.attempt, "succeeded", output=output)


def opened(state: RunState, decision: Open, *, now: datetime) -> tuple[Entry, Any]:
    """The entry of a step that somebody else is to carry out, and what they are asked; else a failed one."""
    step = decision.step
    try:
        asked = state.asked(step, decision.item)
        fitting(asked, "is given")
        due = step.step.due(asked, now)
    except (NoValue, ValueError, OverflowError) as error:
        told = problem("step_failed", str(error))
        return failed(step, decision.item, decision.attempt, told, now=now, run=str(state.run.get("id"))), None
    return Entry(step.index, decision.item, decision.attempt, "opened", due=due), asked


def answered(step: PlanStep, item: int, attempt: int, output: Any) -> Entry:
    """The entry of a step that somebody else carried out, by what they gave: one that is too large fails for good."""
    try:
        fitting(output)
    except ValueError as error:
        return Entry(step.index, item, attempt, "failed", problem=problem("output_too_large", str(error)))
    return _ended(step, item, attempt, output)


def _ended(step: PlanStep, item: int, attempt: int, output: Any) -> Entry:
    """The entry of a step that gave something. A person who was to undo by hand and said no has not undone it."""
    if step.undoes is not None and not step.step.undid(output):
        told = problem("not_undone", "The person who was asked to undo it said no, or nobody answered in time.")
        return Entry(step.index, item, attempt, "failed", problem=told)
    return Entry(step.index, item, attempt, "succeeded", output=output)


def fitting(value: Any, how: str = "gives") -> Any:
    """The value, where it is not too large to be kept. Raises `ValueError`."""
    size = len(dumps(value, ensure_ascii=False, default=str))
    if size > LARGEST:
        raise ValueError(
            f"What it {how} has {size / 1024**2:,.1f} MiB, and may have {LARGEST // 1024**2} MiB at most. Keep large "
            "data in a dataset, and let steps give its id."
        )
    return value


def overdue(state: RunState, decision: Overdue, *, now: datetime) -> Entry:
    """The entry of a step that has not ended in time."""
    step = decision.step
    piece = state.piece(step, decision.item)
    output = step.step.overdue(piece.due) if piece.due is not None else None
    if output is not None:
        return _ended(step, decision.item, decision.attempt, output)
    told = problem(TIMED_OUT, "It was not done in time.")
    return failed(step, decision.item, decision.attempt, told, now=now, run=str(state.run.get("id")))


def problem(code: str, detail: str) -> dict[str, Any]:
    """Why a step or a run failed, as it is kept."""
    return {"code": code, "detail": detail}
