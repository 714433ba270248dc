"""What is kept of a run: entries that are only ever added, and the state that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from apps.common.paths import NoValue
from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.values import Env

STEP = -1
"""The item of an entry that is about a step as a whole."""
MOST_ITEMS = 10_000
TIMED_OUT = "step_timeout"
"""The code of a step that was not done in time."""
DONE_ALL_THE_SAME = frozenset({"answer_too_large", "output_too_large"})
"""The codes of steps that failed only as what they gave cannot be kept: what they did is done."""
ERROR_FIELDS = ("step", "code", "title", "detail", "remedy")
"""What `${error...}` has, whatever a problem says."""

Outcome = Literal["opened", "succeeded", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a step, or to an item of one. A step, item, attempt has at most one end."""

    step: int
    item: int
    attempt: int
    outcome: Outcome
    output: Any = None
    problem: dict[str, Any] | None = None
    ref: UUID | None = None
    """Of an opened one: the key of what carries it out (a run of an agent, an approval, another run)."""
    due: datetime | None = None
    """Of an opened one: when it is overdue. Of a failed one: when it is tried again; None: it failed for good."""


@dataclass(slots=True)
class Piece:
    """A step without items, or one item of a step."""

    attempt: int = 0
    """The latest try that has begun or ended."""
    is_open: bool = False
    is_over: bool = False
    due: datetime | None = None
    ref: UUID | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """What others have in hand of a step that can be undone: what becomes of it must be known before it is."""

    attempt: int
    ref: UUID | None
    is_late: bool = False
    """Whether nobody waited for it any longer: then what became of it is an entry of its own, the next attempt."""


@dataclass(slots=True)
class Items:
    """The items of a step that runs once for each."""

    values: list[Any]
    pieces: list[Piece]
    outputs: list[Any]
    fresh: dict[int, None]
    """Items that have not begun, in order. Not only the last ones: of a round, any part may have been lost."""
    begun: dict[int, None] = field(default_factory=dict)
    """Items that have begun and are not over."""


@dataclass(slots=True)
class RunState:
    """What a run's entries say. `apply` is the only thing that changes it."""

    plan: Plan
    inputs: dict[str, Any]
    run: dict[str, Any]
    """What `${run...}` names."""
    started_at: datetime
    given: dict[str, Any] = field(default_factory=dict)
    """What a person gave a step instead of what it works out itself, by name of the step."""
    settled: list[str | None] = field(init=False)
    """How each step ended: `succeeded`, `failed` or `skipped`; None while it has not."""
    env: dict[str, Any] = field(init=False)
    left: list[int] = field(init=False)
    """Steps before each that have not ended."""
    live: list[int] = field(init=False)
    """Ended steps before each that lead to it."""
    chosen: list[bool] = field(init=False)
    pieces: list[Piece] = field(init=False)
    items: dict[int, Items] = field(init=False)
    errors: dict[int, dict[str, Any]] = field(init=False)
    """The problem that each handler of errors has to deal with."""
    active: dict[int, None] = field(init=False)
    """Steps that could begin or have begun, and have not ended; in order."""
    unsettled: int = field(init=False)
    failure: dict[str, Any] | None = None
    """Why the run failed, once it has."""
    stopped: dict[str, Any] | None = None
    """What a `stop` said."""
    ending: dict[str, Any] | None = None
    """Why the run is to end badly, while what its steps did is undone: nothing else begins."""
    flights: dict[tuple[int, int], Flight] = field(default_factory=dict)
    """By step and item."""
    flown: dict[tuple[int, int], int] = field(default_factory=dict)
    """The latest attempt of each that has begun."""
    to_undo: dict[tuple[int, int], Any] = field(default_factory=dict)
    """What was done by this run, can be undone, and is not yet: what it gave, in the order in which it ended."""
    undos: dict[tuple[int, int], Piece] = field(default_factory=dict)
    """How far each undo has come, by its step and the item that it undoes."""
    undone: dict[tuple[int, int], Entry] = field(default_factory=dict)
    """How each undo ended, by the step and item that it was to undo; in order."""

    def __post_init__(self) -> None:
        steps = self.plan.steps
        self.settled = [None] * len(steps)
        self.env = {"inputs": self.inputs, "steps": {}, "run": self.run}
        self.left = [len(step.before) for step in steps]
        self.live = [0] * len(steps)
        self.chosen = [not step.choosers for step in steps]
        self.pieces = [Piece() for _ in steps]
        self.items, self.errors = {}, {}
        self.active = {step.index: None for step in steps if not step.before and step.undoes is None}
        self.unsettled = sum(step.undoes is None for step in steps)

    def env_of(self, step: PlanStep, item: int = STEP) -> Env:
        """What the references of a step, or of one of its items, name."""
        if step.undoes is not None:
            return self._env_of_undo(self.plan.steps[step.undoes], item)
        extra: dict[str, Any] = {}
        if item != STEP:
            extra = {"item": self.items[step.index].values[item], "index": item}
        if step.index in self.errors:
            extra["error"] = self.errors[step.index]
        return {**self.env, **extra} if extra else self.env

    def _env_of_undo(self, undone: PlanStep, item: int) -> Env:
        """What the references of an undo name: what it undoes is told under its name, of a step with items the one."""
        steps = {**self.env["steps"], undone.name: self.to_undo.get((undone.index, item))}
        told = {**dict.fromkeys(ERROR_FIELDS, ""), **(self.ending or {})}
        extra = {"item": self.items_of(undone).values[item], "index": item} if item != STEP else {}
        return {**self.env, "steps": steps, "error": told, **extra}

    def asked(self, step: PlanStep, item: int) -> Any:
        """What a step gives (inline) or asks for. Raises `NoValue` or `ValueError`."""
        if step.name in self.given and step.step.kind != "approval":  # nobody rewords what people are asked
            return self.given[step.name]
        return step.compute(self.env_of(step, item))

    def is_reached(self, step: PlanStep) -> bool:
        """Whether something leads to a step whose predecessors have all ended."""
        return not step.before or (self.chosen[step.index] and self.live[step.index] > 0)

    def piece(self, step: PlanStep, item: int) -> Piece:
        """What is kept of a step, or of one of its items."""
        if step.undoes is not None:
            return self.undos.setdefault((step.index, item), Piece())
        return self.pieces[step.index] if item == STEP else self.items_of(step).pieces[item]

    def open_pieces(self) -> Iterator[tuple[PlanStep, int, Piece]]:
        """What somebody else has in hand, and is waited for."""
        if self.ending is not None:
            for (index, item), flight in self.flights.items():
                attempt = flight.attempt + flight.is_late
                yield self.plan.steps[index], item, Piece(attempt, is_open=True, ref=flight.ref)
            yield from (
                (self.plan.steps[index], item, piece) for (index, item), piece in self.undos.items() if piece.is_open
            )
            return
        for index in self.active:
            step = self.plan.steps[index]
            if self.pieces[index].is_open:
                yield step, STEP, self.pieces[index]
            if index in self.items:
                pieces = self.items[index].pieces
                yield from ((step, item, pieces[item]) for item in self.items[index].begun if pieces[item].is_open)

    def items_of(self, step: PlanStep) -> Items:
        """The items of a step, worked out from what came before it. Raises `NoValue` or `ValueError`."""
        found = self.items.get(step.index)
        if found is None:
            values = step.items(self.env_of(step)) if step.items else None
            if not isinstance(values, list):
                raise ValueError("`for_each.items` is not a list.")
            if len(values) > MOST_ITEMS:
                raise ValueError(f"`for_each.items` has {len(values):,} items; at most {MOST_ITEMS:,} are worked on.")
            count = len(values)
            found = Items(values, [Piece() for _ in values], [None] * count, dict.fromkeys(range(count)))
            self.items[step.index] = found
        return found

    def apply(self, entry: Entry) -> None:
        """Take an entry into account. One about what is over already changes nothing."""
        step = self.plan.steps[entry.step]
        if step.undoes is not None:
            self._apply_undo(step, entry)
            return
        if step.undo is not None:
            self._follow(entry)
        if self.settled[entry.step] is not None:
            return
        piece = self.piece(step, entry.item)
        if piece.is_over or entry.attempt < piece.attempt:
            return
        if entry.item != STEP and piece.attempt == 0:
            del self.items[entry.step].fresh[entry.item]
            self.items[entry.step].begun[entry.item] = None
        piece.attempt, piece.due, piece.ref = entry.attempt, entry.due, entry.ref
        piece.is_open = entry.outcome == "opened"
        if piece.is_open or (entry.outcome == "failed" and entry.due is not None):
            return
        piece.is_over = True
        if entry.item == STEP:
            self._end(step, entry.outcome, entry.output, entry.problem)
        else:
            self._item_end(step, entry)

    def _follow(self, entry: Entry) -> None:
        """Know what is in the air of a step that can be undone, and what was done: also when its run goes on without.

        Only what was opened here counts: what a run took over from an earlier one is not its own to undo.
        """
        key = entry.step, entry.item
        if entry.outcome == "opened":
            if entry.attempt > self.flown.get(key, 0):
                self.flights[key] = Flight(entry.attempt, entry.ref)
                self.flown[key] = entry.attempt
            return
        flight = self.flights.get(key)
        if flight is None or entry.attempt != flight.attempt + flight.is_late:
            return
        if not flight.is_late and (entry.problem or {}).get("code") == TIMED_OUT:
            self.flights[key] = Flight(flight.attempt, flight.ref, is_late=True)
            return
        del self.flights[key]
        self.flown[key] = entry.attempt
        if entry.outcome == "succeeded" or (entry.problem or {}).get("code") in DONE_ALL_THE_SAME:
            self.to_undo[key] = entry.output

    def _apply_undo(self, step: PlanStep, entry: Entry) -> None:
        piece = self.piece(step, entry.item)
        if piece.is_over or entry.attempt < piece.attempt:
            return
        piece.attempt, piece.due, piece.ref = entry.attempt, entry.due, entry.ref
        piece.is_open = entry.outcome == "opened"
        if piece.is_open or (entry.outcome == "failed" and entry.due is not None):
            return
        piece.is_over = True
        assert step.undoes is not None  # noqa: S101  # only such steps come here
        key = step.undoes, entry.item
        self.to_undo.pop(key, None)
        self.undone[key] = entry

    def _item_end(self, step: PlanStep, entry: Entry) -> None:
        items = self.items[step.index]
        del items.begun[entry.item]
        items.outputs[entry.item] = entry.output
        if entry.outcome == "failed" and not step.skips_items:
            problem = dict(entry.problem or {}, item=entry.item)
            self._end(step, "failed", None, problem)
        elif not items.fresh and not items.begun:
            self._end(step, "succeeded", items.outputs, None)

    def _end(self, step: PlanStep, outcome: str, output: Any, problem: dict[str, Any] | None) -> None:
        if outcome == "failed":
            self._fail(step, {**(problem or {}), "step": step.name})
            return
        self.env["steps"][step.name] = output if outcome == "succeeded" else None
        self._settle(step, outcome)
        if outcome == "succeeded" and step.step.kind == "stop":
            self.stopped = output
        for after in step.after:
            self._edge(step, after, outcome == "succeeded" and self._leads(step, after, output))

    def _leads(self, step: PlanStep, after: int, output: Any) -> bool:
        if after in step.targets:
            return bool(self.plan.steps[after].name in output["go"])
        return after != step.handler

    def _fail(self, step: PlanStep, problem: dict[str, Any]) -> None:
        if step.instead is not None:
            try:
                output = step.instead(self.env_of(step))
            except (NoValue, ValueError) as error:
                problem = {**problem, "detail": f"{problem.get('detail', '')} And `on_error.value`: {error}".strip()}
            else:
                self._end(step, "succeeded", output, None)
                return
        self.env["steps"][step.name] = None
        self._settle(step, "failed")
        if step.handler is None:
            self.failure = self.failure or problem
        else:
            self.errors[step.handler] = problem
        for after in step.after:
            self._edge(step, after, after == step.handler)

    def _settle(self, step: PlanStep, outcome: str) -> None:
        self.settled[step.index] = outcome
        self.unsettled -= 1
        self.active.pop(step.index, None)

    def _edge(self, step: PlanStep, after: int, leads: bool) -> None:
        self.left[after] -= 1
        if leads:
            self.live[after] += 1
            self.chosen[after] = self.chosen[after] or step.index in self.plan.steps[after].choosers
        if self.left[after] == 0:
            self.active[after] = None
