"""A plan followed in memory, with a clock of its own. Pure: no database, and nothing is asked of anybody outside.

Steps that others carry out are answered by `Answers`. What cannot be told is followed on as `UNTOLD`: a run goes on
past it for as long as nothing reads it. Whoever reads it is blocked; the course ends where nothing else can go on.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, Literal, Protocol

from apps.workflows.engine.advance import (
    Compute,
    Decision,
    End,
    Open,
    Overdue,
    Record,
    Rest,
    advance,
    answered,
    computed,
    failed,
    opened,
    overdue,
    problem,
)
from apps.workflows.engine.ledger import Entry, RunState
from apps.workflows.engine.plan import Plan, PlanStep

MOST: Final = 100_000
"""Decisions of one course: what has not come to its end by then cannot be told."""
WAIT: Final = "wait"
"""The kind of step that the engine's clock alone carries out."""
UNTOLD: Final = object()
"""The output of a step that cannot be told."""


class Untold(Exception):
    """Something reads what a step gave, and that cannot be told. No `ValueError`, which conditions take for null."""

    def __init__(self, step: str) -> None:
        super().__init__(f"What {step} gives cannot be told.")
        self.step = step


class Outputs(dict[str, Any]):
    """Outputs by the names of their steps. Reading one that cannot be told raises `Untold`."""

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if found is UNTOLD:
            raise Untold(name)
        return found

    def __setitem__(self, name: str, output: Any) -> None:
        """Of a for-each one item that cannot be told is enough for all of it."""
        is_untold = isinstance(output, list) and any(each is UNTOLD for each in output)
        super().__setitem__(name, UNTOLD if is_untold else output)


@dataclass(frozen=True, slots=True)
class Question:
    """What a step, or an item of one, asks of who carries it out."""

    step: PlanStep
    item: int
    attempt: int
    asked: Any
    at: datetime
    """By the run's own clock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, or would have. `after` is the time that it takes; of what is `untold`, until that is so."""

    outcome: Literal["succeeded", "failed", "untold", "cancelled", "waiting"]
    output: Any = None
    problem: dict[str, Any] | None = None
    final: bool = False
    """Of a failure: whether it is not tried again, whatever the step's policy says."""
    after: timedelta = timedelta(0)
    source: str = ""
    """Where the answer comes from, in a word."""
    why: str = ""
    """Of what is untold: why, in a sentence."""


class Answers(Protocol):
    """Who answers for those outside. The same question is asked once."""

    def answer(self, question: Question) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answer."""

    question: Question
    answer: Answer


@dataclass
class Course:
    """How a run went, or would have gone."""

    state: RunState
    now: datetime
    entries: list[Entry] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    status: Literal["succeeded", "failed", "cancelled", "untold"] = "untold"
    """`untold`: its end cannot be told, as something before it cannot."""
    outputs: Any = None
    """`UNTOLD` where they hold what cannot be told."""
    problem: dict[str, Any] | None = None
    blocked: dict[str, str] = field(default_factory=dict)
    """Steps that read what cannot be told, with the step that gives it; outputs of the run under the name `""`."""
    to_undo: list[str] = field(default_factory=list)
    """Steps that would be undone after an end that is bad; how that would go is not followed."""
    untold: list[Asked] = field(default_factory=list)
    """Questions that were followed on without an answer."""
    waiting: list[Question] = field(default_factory=list)
    """Questions whose answer is not there yet: who has it lets the course go on from its entries."""
    is_paused: bool = False
    """Whether it rests as it was told to, and would go on."""

    @property
    def took(self) -> timedelta:
        return self.now - self.state.started_at

    @property
    def settled(self) -> dict[str, str | None]:
        """How each step ended, by name; None: it did not come to that."""
        return {step.name: self.state.settled[step.index] for step in self.state.plan.steps}

    @property
    def choices(self) -> dict[str, str]:
        """Which case each step came to that chooses among others, by its name."""
        found = {}
        for step in self.state.plan.steps:
            output = dict.get(self.state.env["steps"], step.name)
            if step.targets and isinstance(output, Mapping) and "case" in output:
                found[step.name] = str(output["case"])
        return found


def simulate(
    plan: Plan,
    *,
    inputs: dict[str, Any],
    run: dict[str, Any],
    started_at: datetime,
    answers: Answers,
    given: dict[str, Any] | None = None,
    entries: Sequence[Entry] = (),
    now: datetime | None = None,
    pause: Callable[[RunState], bool] = lambda state: False,
    most: int = MOST,
) -> Course:
    """Follow a plan to its end, or to where nothing more can be told. `run` is what `${run...}` names.

    It begins at the start, or where `entries` have brought it by the moment `now`: what they leave open is asked again.
    It rests where `pause` says so, after a decision was carried out. Raises what `answers` raises.
    """
    state = RunState(plan, inputs, run, started_at, given or {})
    state.env["steps"] = Outputs()
    course = Course(state, now or started_at)
    for entry in entries:
        course.entries.append(entry)
        state.apply(entry)
    return _Simulation(course, answers, pause, most).follow()


@dataclass
class _Simulation:
    course: Course
    answers: Answers
    pause: Callable[[RunState], bool]
    most: int
    pending: list[tuple[datetime, int, Asked]] = field(default_factory=list)
    """Answers that are on their way, the next one first."""
    order: count[int] = field(default_factory=count)

    def follow(self) -> Course:
        left = self.most
        for step, item, piece in list(self.course.state.open_pieces()):
            if step.step.kind != WAIT:
                self._ask(Question(step, item, piece.attempt, self.course.state.asked(step, item), self.course.now))
        while left > 0:
            decisions = self._decide()
            if decisions is None:
                return self.course
            for decision in decisions:
                left -= 1
                if isinstance(decision, End):
                    self._end(decision)
                    return self.course
                if isinstance(decision, Rest):
                    if not self._rest(decision):
                        return self.course
                else:
                    self._carry_out(decision)
                if self.pause(self.course.state):
                    self.course.is_paused = True
                    return self.course
        self.course.blocked[""] = "what takes so long"
        return self.course

    def _decide(self) -> Sequence[Decision] | None:
        """What is to be done now; None: what the run gives at its end cannot be told."""
        state = self.course.state
        try:
            return advance(state, self.course.now)
        except Untold as untold:
            over = state.stopped is not None or state.unsettled == 0
            if not over and self._block_readers():
                return []
            if over:
                self.course.status, self.course.outputs = "succeeded", UNTOLD
            self.course.blocked[""] = untold.step
            return None

    def _block_readers(self) -> bool:
        """Set aside the steps that cannot begin, as what they read cannot be told: the others go on. Whether there were
        some."""
        state, before = self.course.state, len(self.course.blocked)
        active = dict(state.active)
        for index in active:
            state.active = {index: None}
            try:
                advance(state, self.course.now)
            except Untold as untold:
                self._block(state.plan.steps[index], untold)
        blocked = {step.index for step in state.plan.steps if step.name in self.course.blocked}
        state.active = {index: None for index in active if index not in blocked}
        return len(self.course.blocked) > before

    def _block(self, step: PlanStep, untold: Untold) -> None:
        self.course.blocked[step.name] = untold.step
        self.course.state.active.pop(step.index, None)

    def _rest(self, rest: Rest) -> bool:
        """Let time pass until something happens. False: nothing will, or what does cannot be told."""
        due = self.pending[0][0] if self.pending else None
        if rest.until is not None and (due is None or rest.until <= due):
            if due is None and (self.course.blocked or self.course.waiting):
                return False  # what is blocked would have gone on before that
            self.course.now = max(self.course.now, rest.until)
            return True
        if due is None:
            return False
        self.course.now = max(self.course.now, due)
        return self._deliver(heapq.heappop(self.pending)[2])

    def _deliver(self, asked: Asked) -> bool:
        """Let an answer arrive. False: it ends the course."""
        question, answer, now = asked.question, asked.answer, self.course.now
        step, item, attempt = question.step, question.item, question.attempt
        piece = self.course.state.piece(step, item)
        if not piece.is_open or piece.attempt != attempt:
            return True  # it came too late
        match answer.outcome:
            case "succeeded":
                self._note(answered(step, item, attempt, answer.output))
            case "failed":
                told = answer.problem or problem("step_failed", "It failed.")
                run = str(self.course.state.run.get("id"))
                self._note(failed(step, item, attempt, told, now=now, run=run, final=answer.final))
            case "cancelled":
                self.course.status = "cancelled"
                self.course.problem = problem("cancelled", "Somebody cancelled the run.")
                return False
            case _:
                self.course.untold.append(asked)
                self._note(Entry(step.index, item, attempt, "succeeded", output=UNTOLD))
        return True

    def _carry_out(self, decision: Decision) -> None:
        state, now = self.course.state, self.course.now
        try:
            match decision:
                case Record(entry):
                    self._note(entry)
                case Compute():
                    self._note(computed(state, decision, now=now))
                case Overdue():
                    self._note(overdue(state, decision, now=now))
                case Open():
                    self._open(decision)
        except Untold as untold:
            named = state.plan.steps[decision.entry.step] if isinstance(decision, Record) else _step_of(decision)
            self._block(named, untold)

    def _open(self, decision: Open) -> None:
        entry, asked = opened(self.course.state, decision, now=self.course.now)
        self._note(entry)
        step = decision.step
        if entry.outcome != "opened" or step.step.kind == WAIT:
            return
        self._ask(Question(step, decision.item, decision.attempt, asked, self.course.now))

    def _ask(self, question: Question) -> None:
        answer = self.answers.answer(question)
        if answer.outcome == "waiting":
            self.course.waiting.append(question)
            return
        told = Asked(question, answer)
        self.course.asked.append(told)
        heapq.heappush(self.pending, (self.course.now + answer.after, next(self.order), told))

    def _note(self, entry: Entry) -> None:
        self.course.entries.append(entry)
        try:
            self.course.state.apply(entry)
        except Untold as untold:
            self._block(self.course.state.plan.steps[entry.step], untold)

    def _end(self, end: End) -> None:
        self.course.status = "succeeded" if end.succeeded else "failed"
        self.course.outputs, self.course.problem = end.outputs, end.problem
        if end.undo:
            steps = self.course.state.plan.steps
            self.course.to_undo = list(dict.fromkeys(steps[index].name for index, _ in self.course.state.to_undo))


def _step_of(decision: Decision) -> PlanStep:
    assert isinstance(decision, Compute | Open | Overdue)  # noqa: S101  # the others compute nothing
    return decision.step
