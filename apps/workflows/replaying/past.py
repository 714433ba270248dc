"""Past runs as their ledgers have them, followed through their own versions: what was asked, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.workflows.engine.plan import Plan, PlanStep
from apps.workflows.payloads import veiled
from apps.workflows.replaying.simulating import Answer, Course, Question, simulate

LEDGER: Final = "ledger"
"""Source of what is answered as it was then."""
_TIMEOUT: Final = "step_timeout"
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of a ledger, with the moment at which it was written."""

    step: int
    item: int
    attempt: int
    outcome: str
    at: datetime
    output: Any = None
    problem: dict[str, Any] | None = None
    ref: UUID | None = None
    due: datetime | None = None


@dataclass(slots=True)
class Try:
    """One try of a step, or of an item of one."""

    opened: datetime | None = None
    ended: Row | None = None
    ref: UUID | None = None

    @property
    def took(self) -> timedelta:
        if self.opened is None or self.ended is None:
            return timedelta(0)
        return max(timedelta(0), self.ended.at - self.opened)


@dataclass(frozen=True)
class PastRun:
    """A run that has ended, with its ledger, in which credentials are `veiled`: it is followed through definitions that
    could show them under other names. Its inputs are as they were given, to be checked; what is followed veils them."""

    id: UUID
    number: int
    status: str
    inputs: dict[str, Any]
    outputs: Any
    problem: dict[str, Any] | None
    given: dict[str, Any]
    created_at: datetime
    finished_at: datetime
    plan: Plan
    """That of the version that it followed."""
    rows: list[Row]

    @property
    def named(self) -> dict[str, Any]:
        """What `${run...}` names."""
        return {"id": str(self.id), "number": self.number, "started_at": self.created_at.isoformat()}

    def tries(self) -> dict[tuple[int, int, int], Try]:
        """Every try, by step, item and attempt."""
        found: dict[tuple[int, int, int], Try] = {}
        for row in self.rows:
            each = found.setdefault((row.step, row.item, row.attempt), Try())
            if row.outcome == "opened":
                each.opened, each.ref = row.at, row.ref
            else:
                each.ended = row
        return found

    def refs(self) -> Iterable[tuple[str, UUID]]:
        """What carried out its steps: the kind of each, and the key."""
        for row in self.rows:
            if row.ref is not None:
                yield self.plan.steps[row.step].step.kind, row.ref


@dataclass(frozen=True, slots=True)
class Known:
    """What was asked then, and what came of it."""

    step: PlanStep
    asked: Any
    answer: Answer
    ref: UUID | None


Knowledge = dict[tuple[str, int, int], Known]
"""Of a past run, by name of the step, item and attempt."""


@dataclass
class Recorded:
    """Answers a run's own questions as they were answered then, and remembers what was asked."""

    run: PastRun
    known: Knowledge = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tries = self.run.tries()

    def answer(self, question: Question) -> Answer:
        step = question.step
        each = self._tries.get((step.index, question.item, question.attempt), Try())
        answer = self._answer(question, each)
        self.known[step.name, question.item, question.attempt] = Known(step, question.asked, answer, each.ref)
        return answer

    def _answer(self, question: Question, each: Try) -> Answer:
        """What came of a question. What passed before it was asked counts as time of its answer, so that each course
        in which it is asked has the same time for it as the past had."""
        ended = each.ended
        lag = self._lag(question, each)
        if ended is None:
            # At the moment of its end the run had no answer yet: what came of the others then comes first.
            waited = lag + max(timedelta(0), self.run.finished_at - (each.opened or question.at))
            if each.opened is None:  # as the run was looked at later than it wanted
                return Answer("untold", after=waited + _MOMENT, why="It was not asked then.")
            if self.run.status == "cancelled":
                return Answer("cancelled", after=waited, source=LEDGER)
            return Answer("untold", after=waited + _MOMENT, why="The run was over before it was answered.")
        due = question.step.step.due(question.asked, question.at)
        nominal = due - question.at if due is not None else None
        if _is_late(question.step, ended):
            # Nobody answered for as long as they had: what a longer wait would have brought is not known.
            waited = max(lag + each.took, nominal or timedelta(0))
            return Answer("untold", after=waited, source=LEDGER, why="Nobody answered it for as long as it waited.")
        took = lag + each.took
        if nominal is not None and took >= nominal:
            took = max(timedelta(0), nominal - _MOMENT)  # it came in time, as the ledger says
        if ended.outcome == "failed":
            final = _was_final(question.step, ended)
            return Answer("failed", problem=ended.problem, final=final, after=took, source=LEDGER)
        return Answer("succeeded", output=ended.output, after=took, source=LEDGER)

    def _lag(self, question: Question, each: Try) -> timedelta:
        """How long after it could be asked it was."""
        began = each.opened or (each.ended.at if each.ended is not None else None)
        if began is None:
            return timedelta(0)
        return max(timedelta(0), began - question.at)


def follow(run: PastRun) -> tuple[Course, Knowledge]:
    """The way that a run went by its own version and its own ledger, and what it asked of others on it."""
    recorded = Recorded(run)
    course = simulate(
        run.plan,
        inputs=veiled(run.inputs),
        run=run.named,
        started_at=run.created_at,
        answers=recorded,
        given=run.given,
    )
    return course, recorded.known


def _is_late(step: PlanStep, ended: Row) -> bool:
    """Whether it ended as nobody answered in time."""
    if ended.outcome == "failed":
        return (ended.problem or {}).get("code") == _TIMEOUT
    output = ended.output
    return step.step.kind == "approval" and isinstance(output, dict) and output.get("timed_out") is True


def _was_final(step: PlanStep, ended: Row) -> bool:
    """Whether a failure was not tried again though the step's policy would have had it."""
    retry, code = step.retry, (ended.problem or {}).get("code")
    would_retry = retry is not None and ended.attempt < retry.attempts and not (retry.only and code not in retry.only)
    return ended.due is None and would_retry
