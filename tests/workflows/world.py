"""A world for the pure engine: it carries out decisions, loses what was not recorded, and answers in any order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.workflows.definition import definition_parse
from apps.workflows.engine.advance import (
    Compute,
    Decision,
    End,
    Open,
    Overdue,
    Record,
    Rest,
    advance,
    closing,
    computed,
    failed,
    opened,
    overdue,
    problem,
)
from apps.workflows.engine.ledger import Entry, RunState
from apps.workflows.engine.plan import Plan, plan_make

START = datetime(2026, 3, 1, 8, tzinfo=UTC)


@dataclass
class World:
    """One run, from its start to its end. `chance` decides what goes wrong, and in which order others answer."""

    plan: Plan
    inputs: dict[str, Any] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    crashes: float = 0.0
    """How likely it is that what is known is lost after a round."""
    failures: float = 0.0
    """How likely it is that somebody else fails."""
    lateness: float = 0.0
    """How likely it is that somebody else lets the time pass by which the run wants to look again."""
    cancels: float = 0.0
    """How likely it is, each round, that somebody cancels the run."""
    now: datetime = START
    ledger: list[Entry] = field(default_factory=list)
    opened: dict[tuple[int, int, int], Open] = field(default_factory=dict)
    unheard: dict[tuple[int, int, int], Open] = field(default_factory=dict)
    """What nobody waits for any more, and may still be done."""
    ending: dict[str, Any] | None = None
    """Why its steps are undone, once they are."""
    end: End | None = None
    rounds: int = 0

    def load(self) -> RunState:
        state = RunState(self.plan, self.inputs, {"id": "run", "number": 1, "started_at": START.isoformat()}, START)
        state.ending = self.ending
        for entry in self.ledger:
            state.apply(entry)
        return state

    def run(self, *, most: int = 3000) -> End:
        state = self.load()
        while self.end is None:
            self.rounds += 1
            assert self.rounds < most, "the run does not come to an end"
            for decision in self.decide(state):
                self.carry_out(state, decision)
            if self.opened and self.chance.random() < 0.7:
                self.answer(state)
            if self.chance.random() < self.crashes:
                state = self.load()
        return self.end

    def decide(self, state: RunState) -> list[Decision]:
        if self.ending is None and self.chance.random() < self.cancels:
            return [closing(state, End(succeeded=False, problem=problem("cancelled", "Somebody cancelled the run.")))]
        return advance(state, self.now)

    def carry_out(self, state: RunState, decision: Any) -> None:
        if self.chance.random() < self.crashes:
            return  # it was lost before it was recorded: the next look makes it again
        match decision:
            case End(undo=True):
                self.ending = state.ending = decision.problem
                flying = {(*key, flight.attempt) for key, flight in state.flights.items()}
                self.opened = {key: each for key, each in self.opened.items() if key in flying}
                self.opened |= {key: each for key, each in self.unheard.items() if key in flying}
            case End():
                self.end = decision
            case Record(entry):
                self.record(state, entry)
            case Compute():
                self.record(state, computed(state, decision, now=self.now))
            case Open(step, item, attempt):
                entry, _asked = opened(state, decision, now=self.now)
                if entry.outcome == "opened" and step.step.kind != "wait":
                    self.opened[step.index, item, attempt] = decision
                self.record(state, entry)
            case Overdue(step, item, attempt):
                late = self.opened.pop((step.index, item, attempt), None)
                if late is not None and step.undo is not None:
                    self.unheard[step.index, item, attempt] = late
                self.record(state, overdue(state, decision, now=self.now))
            case Rest(until):
                is_late = until is not None and self.lateness > 0 and self.chance.random() < self.lateness
                if self.opened and not is_late:
                    self.answer(state)
                else:
                    assert until is not None, "the run rests for ever"
                    self.now = max(self.now, until)

    def answer(self, state: RunState) -> None:
        key = self.chance.choice(sorted(self.opened))
        decision = self.opened.pop(key)
        self.now += timedelta(seconds=1)
        index, item, attempt = key
        if self.ending is not None and (flight := state.flights.get((index, item))) is not None:
            attempt += flight.is_late
        if self.chance.random() < self.failures:
            told = problem("agent_failed", "It broke.")
            final = self.ending is not None and decision.step.undoes is None
            self.record(state, failed(decision.step, item, attempt, told, now=self.now, run="run", final=final))
        else:
            asked = decision.step.compute(state.env_of(decision.step, item))
            self.record(state, Entry(index, item, attempt, "succeeded", output={"got": asked}))

    def record(self, state: RunState, entry: Entry) -> None:
        self.ledger.append(entry)
        state.apply(entry)


def world(steps: dict[str, Any], **given: Any) -> World:
    definition = {"name": "test", "title": "Test", "steps": steps}
    definition |= {key: given.pop(key) for key in ("outputs", "deadline") if key in given}
    inputs = given.get("inputs", {})
    definition["inputs"] = {name: {"type": "object", "required": False} for name in inputs}
    return World(plan_make(definition_parse(definition)), **given)
