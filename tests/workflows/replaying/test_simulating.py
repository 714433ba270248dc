"""Runs followed in memory: by their own ledgers they go as they went; what cannot be told is never made up."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.workflows.engine.advance import Rest
from apps.workflows.engine.ledger import Entry, RunState
from apps.workflows.replaying.past import PastRun, Row, follow
from apps.workflows.replaying.simulating import UNTOLD, Answer, Course, Question, simulate
from tests.workflows.test_engine import ask, definitions, give
from tests.workflows.world import START, World, world


class Told:
    """Answers what it was told by name of the step; what it was not told is untold."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def answer(self, question: Question) -> Answer:
        found = self.answers.get(question.step.name, UNTOLD)
        if isinstance(found, Answer):
            return found
        return Answer("untold", why="Nobody knows.") if found is UNTOLD else Answer("succeeded", output=found)


def followed(steps: dict[str, Any], answers: Told | None = None, **more: Any) -> Course:
    made = world(steps, **more)
    named = {"id": "run", "number": 1, "started_at": START.isoformat()}
    return simulate(made.plan, inputs=made.inputs, run=named, started_at=START, answers=answers or Told())


@dataclass
class Recording(World):
    """A world that keeps when each entry was written, and in which all is computed before somebody else ends something:
    which of two failures comes first is else a matter of who is faster."""

    rows: list[Row] = field(default_factory=list)
    rests: bool = False

    def carry_out(self, state: RunState, decision: Any) -> None:
        self.rests = isinstance(decision, Rest)
        super().carry_out(state, decision)
        self.rests = False

    def answer(self, state: RunState) -> None:
        if self.rests:
            super().answer(state)

    def record(self, state: RunState, entry: Entry) -> None:
        told = (entry.step, entry.item, entry.attempt, entry.outcome, self.now)
        self.rows.append(Row(*told, output=entry.output, problem=entry.problem, due=entry.due))
        super().record(state, entry)


def past_of(made: Recording) -> PastRun:
    assert made.end is not None
    status = "succeeded" if made.end.succeeded else "failed"
    told: Any = "run"  # the world's own name of the run, from which waits between tries are drawn
    end = (made.end.outputs, made.end.problem)
    return PastRun(told, 1, status, made.inputs, *end, {}, START, made.now, made.plan, made.rows)


ONE_FAILS_AND_THE_RUN_ENDS: dict[str, Any] = {
    "s0": {
        "kind": "agent",
        "agent": "dummy.echo",
        "input": {"n": 0},
        "after": [],
        "for_each": {"items": [0, 1, 2, 3, 4], "concurrency": 2, "on_item_error": "fail"},
        "on_error": {"do": "go", "to": "s1"},
        "timeout": "5s",
    },
    "s1": {"kind": "transform", "after": [], "for_each": {"items": []}, "set": {"x": 1}},
    "s2": {
        "kind": "branch",
        "after": [],
        "cases": [{"when": {"field": "${inputs.order.amount}", "op": ">", "value": 1}, "go": []}],
    },
    "s3": {"kind": "transform", "after": [], "for_each": {"items": []}, "set": {"x": 3}},
}
"""Another item waits for its answer when one has failed: at that moment it has none, and makes no room for the next."""


@settings(max_examples=100, deadline=None)
@example(steps=ONE_FAILS_AND_THE_RUN_ENDS, seed=0, failures=0.3, lateness=0.0)
@given(
    steps=definitions(),
    seed=st.integers(0, 2**32),
    failures=st.sampled_from([0.0, 0.3, 0.8]),
    lateness=st.sampled_from([0.0, 0.5]),
)
def test_a_run_followed_by_its_own_ledger_goes_as_it_went(steps: dict[str, Any], seed: int, **faults: Any) -> None:
    # When what is computed is tried again goes by when its run is looked at, which no ledger tells: it is tried once.
    for step in steps.values():
        if step["kind"] != "agent":
            step.pop("retry", None)
    plain = world(
        steps,
        inputs={"order": {"amount": 5}},
        outputs={f"of_{name}": {"$default": [f"${{steps.{name}}}", None]} for name in steps},
    )
    made = Recording(plain.plan, plain.inputs, random.Random(seed), **faults)
    end = made.run()
    course, known = follow(past_of(made))
    is_late = faults["lateness"] > 0  # of two items that nobody answered in time, another may then be told of
    assert (course.status, course.outputs) == ("succeeded" if end.succeeded else "failed", end.outputs)
    assert _told(course.problem, is_late=is_late) == _told(end.problem, is_late=is_late)
    assert not course.blocked
    whole = made.load()
    if end.succeeded:
        assert course.state.env == whole.env
    # At the moment at which a run fails, others may have been about to be settled.
    both = zip(course.state.settled, whole.settled, strict=True)
    assert all(one == other for one, other in both if end.succeeded or None not in (one, other))
    begun = {(each.step, each.item, each.attempt) for each in made.ledger if each.outcome == "opened"}
    asked = {(known[key].step.index, *key[1:]) for key in known}
    # A run that is looked at later than it wants may end before it asks something, or ask before it knows that it ends.
    heard = {(each.question.step.index, each.question.item, each.question.attempt) for each in course.untold}
    if end.succeeded:
        assert not heard & (asked - begun)
        assert begun <= asked or is_late


def _told(problem: dict[str, Any] | None, *, is_late: bool) -> dict[str, Any] | None:
    return problem and {key: value for key, value in problem.items() if key != "item" or not is_late}


def test_what_nobody_reads_need_not_be_told() -> None:
    course = followed({"a": ask(), "b": give(1)}, outputs={"b": "${steps.b.x}"})
    assert (course.status, course.outputs) == ("succeeded", {"b": 1})
    assert [each.question.step.name for each in course.untold] == ["a"]


def test_who_reads_what_cannot_be_told_is_blocked_and_the_others_go_on() -> None:
    hold = {"field": "${steps.a.score}", "op": ">", "value": 5}
    steps = {
        "a": ask(),
        "check": {"kind": "branch", "cases": [{"when": hold, "go": ["high"]}]},
        "high": give(1),
        "other": give(2, after=[]),
        "more": give("${steps.other.x}", after=["other"]),
    }
    course = followed(steps)
    assert course.status == "untold"
    assert course.blocked == {"check": "a"}
    assert course.settled == {"a": "succeeded", "check": None, "high": None, "other": "succeeded", "more": "succeeded"}


def test_a_condition_does_not_take_what_cannot_be_told_for_nothing() -> None:
    empty = {"field": "${steps.a.score}", "op": "is empty"}
    course = followed({"a": ask(), "b": give(1, when=empty)})
    assert course.blocked == {"b": "a"}


def test_outputs_that_hold_what_cannot_be_told_are_not_told() -> None:
    course = followed({"a": ask()}, outputs={"a": "${steps.a}"})
    assert (course.status, course.outputs) == ("succeeded", UNTOLD)


def test_one_item_that_cannot_be_told_is_enough_for_all_of_them() -> None:
    class Odd:
        def answer(self, question: Question) -> Answer:
            return Answer("untold") if question.item == 1 else Answer("succeeded", output=question.item)

    each = {"items": [1, 2, 3]}
    course = followed({"a": ask(for_each=each), "b": give("${steps.a[0]}")}, Odd())  # type: ignore[arg-type]
    assert course.blocked == {"b": "a"}


def test_the_clock_of_a_course_is_its_own() -> None:
    steps = {"a": ask(), "rest": {"kind": "wait", "duration": "2h"}, "b": ask()}
    took = Answer("succeeded", output=1, after=timedelta(minutes=5))
    course = followed(steps, Told(a=took, b=took))
    assert (course.status, course.took) == ("succeeded", timedelta(hours=2, minutes=10))


def test_an_answer_that_takes_longer_than_there_is_time_comes_too_late() -> None:
    late = Answer("succeeded", output={"x": 1}, after=timedelta(minutes=5))
    steps = {"a": ask(timeout="1m", on_error={"do": "continue", "value": {"x": "late"}})}
    course = followed(steps, Told(a=late), outputs={"x": "${steps.a.x}"})
    assert (course.outputs, course.took) == ({"x": "late"}, timedelta(minutes=1))


def test_a_run_does_not_fail_at_its_deadline_for_what_is_blocked() -> None:
    course = followed({"a": ask(), "b": give("${steps.a.x}")}, deadline="1h")
    assert (course.status, course.blocked) == ("untold", {"b": "a"})


def test_a_try_that_was_never_made_cannot_be_told() -> None:
    failed = Answer("failed", problem={"code": "agent_failed", "detail": "It broke."})

    class Once:
        def answer(self, question: Question) -> Answer:
            return failed if question.attempt == 1 else Answer("untold")

    tried = ask(retry={"attempts": 2, "delay": "1s"})
    course = followed({"a": tried, "b": give("${steps.a.x}")}, Once())  # type: ignore[arg-type]
    assert course.blocked == {"b": "a"}
    assert followed({"a": ask()}, Once()).status == "failed"  # type: ignore[arg-type]
