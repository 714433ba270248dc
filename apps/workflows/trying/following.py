"""How a trial goes on: inline steps are computed, agents are asked, and a person stands for whoever else is asked.

Nothing is sent, nobody else is asked, and no run is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apps.common import outbound
from apps.common.errors import Problem
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.engine.advance import problem
from apps.workflows.engine.ledger import Entry, RunState
from apps.workflows.engine.plan import Plan, plan_make
from apps.workflows.models import Trial
from apps.workflows.performers import Outcome
from apps.workflows.replaying.simulating import WAIT, Answer, Course, Question, simulate

MOST: Final = 20_000
"""Decisions of one go."""
Told = dict[str, Any]
AskAgent = Callable[[Question], Outcome]


def key_of(question: Question) -> str:
    """What a question is called among the answers of a trial."""
    return f"{question.step.name}|{question.item}|{question.attempt}"


def named(trial: Trial) -> Told:
    """What `${run...}` names in a trial."""
    return {"id": str(trial.pk), "number": 0, "started_at": trial.created_at.isoformat()}


@dataclass
class Going:
    """A trial with its definition, and what it has come to."""

    trial: Trial
    definition: Definition
    plan: Plan
    entries: list[Entry]
    now: datetime
    answers: Told
    pause_at: int | None
    """How many steps may have ended before it rests; None: it goes on for as long as it can."""

    @classmethod
    def of(cls, trial: Trial) -> Going:
        """Raises `InvalidInput` for a definition that this release cannot read."""
        definition = definition_parse(trial.content)
        kept: Told = trial.entries or {}
        now = datetime.fromisoformat(kept["now"]) if kept else trial.created_at
        entries = [_entry(each) for each in kept.get("ledger", [])]
        answers: Told = trial.answers or {}
        told, pause_at = answers.get("given", {}), answers.get("pause_at")
        return cls(trial, definition, plan_make(definition), entries, now, told, pause_at)

    def state(self) -> RunState:
        """What has come of it so far."""
        state = RunState(self.plan, self.trial.inputs, named(self.trial), self.trial.created_at)
        for entry in self.entries:
            state.apply(entry)
        return state

    def follow(self, ask: AskAgent | None = None) -> Course:
        """Go on, as far as it goes without `ask`: where it is left out, agents are waited for."""
        pause_at = self.pause_at
        course = simulate(
            self.plan,
            inputs=self.trial.inputs,
            run=named(self.trial),
            started_at=self.trial.created_at,
            answers=_Standing(self, ask),
            entries=self.entries,
            now=self.now,
            pause=lambda state: pause_at is not None and ended_count(state) >= pause_at,
            most=MOST,
        )
        self.entries, self.now = course.entries, course.now
        return course

    def remember(self, question: Question, outcome: Outcome) -> None:
        """Keep what was answered to a question: it is not asked again."""
        told = {"output": outcome.output, "problem": outcome.problem, "final": outcome.final}
        self.answers[key_of(question)] = told

    def kept(self) -> tuple[Told, Told]:
        """The trial's `entries` and `answers`, as they are stored."""
        ledger = [_told(each) for each in self.entries]
        return {"now": self.now.isoformat(), "ledger": ledger}, {"given": self.answers, "pause_at": self.pause_at}


def ended_count(state: RunState) -> int:
    """How many steps have run and ended."""
    return sum(each in {"succeeded", "failed"} for each in state.settled)


def questions_of(going: Going, state: RunState) -> list[Question]:
    """What waits for an answer."""
    return [
        Question(step, item, piece.attempt, state.asked(step, item), going.now)
        for step, item, piece in state.open_pieces()
        if step.step.kind != WAIT
    ]


@dataclass
class _Standing:
    """Answers what was answered before; the rest waits, or is asked of an agent."""

    going: Going
    ask: AskAgent | None

    def answer(self, question: Question) -> Answer:
        key, given = key_of(question), self.going.answers
        if (refused := _refused(question)) is not None:
            return Answer("failed", problem=refused, final=True)
        if key not in given and question.step.step.kind == "agent" and self.ask is not None:
            self.going.remember(question, self.ask(question))
        told = given.get(key)
        if told is None:
            return Answer("waiting")
        if told.get("problem") is not None:
            return Answer("failed", problem=told["problem"], final=bool(told.get("final")))
        return Answer("succeeded", output=told.get("output"))


def _refused(question: Question) -> Told | None:
    """Why a request would not even be sent."""
    if question.step.step.kind != "http":
        return None
    try:
        outbound.require_web_address(str(question.asked["url"]))
    except Problem as refused:
        return {**problem(refused.code, refused.detail), "remedy": refused.remedy}
    return None


def _told(entry: Entry) -> list[Any]:
    due = entry.due.isoformat() if entry.due is not None else None
    return [entry.step, entry.item, entry.attempt, entry.outcome, entry.output, entry.problem, due]


def _entry(told: list[Any]) -> Entry:
    step, item, attempt, outcome, output, wrong, due = told
    return Entry(step, item, attempt, outcome, output, wrong, None, datetime.fromisoformat(due) if due else None)
