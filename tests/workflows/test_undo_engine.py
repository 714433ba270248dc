"""The pure engine where a run ends badly: what its steps did is undone, once, and the last of it first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import apps.workflows.kinds.branch
import apps.workflows.kinds.outward
import apps.workflows.kinds.stop
import apps.workflows.kinds.transform  # noqa: F401  # registers
from apps.workflows.engine.advance import End, Open, advance, answered, closing, failed, problem, undone
from apps.workflows.engine.ledger import DONE_ALL_THE_SAME, STEP, Entry
from tests.workflows.test_engine import FAULTS, ask, give, played
from tests.workflows.world import World, world


def call(**more: Any) -> dict[str, Any]:
    return {"kind": "http", "url": "https://shop.example", **more}


CHAIN = {
    "order": call(compensate="unorder"),
    "unorder": call(body={"order": "${steps.order.got.url}", "why": "${error.detail}"}),
    "book": call(compensate="unbook"),
    "unbook": call(when={"field": "${error.code}", "op": "!=", "value": "never"}),
    "check": {"kind": "stop", "as": "failed", "reason": "No stock"},
}


def names(made: World, *outcomes: str) -> list[str]:
    return [made.plan.steps[each.step].name for each in made.ledger if each.outcome in outcomes]


def test_a_run_that_fails_undoes_what_its_steps_did_the_last_of_it_first() -> None:
    made = world(CHAIN)
    end = made.run()
    assert names(made, "succeeded") == ["order", "book", "check", "unbook", "unorder"]
    assert end.problem is not None
    assert (end.problem["code"], end.problem["undo"]["done"], end.problem["undo"]["of"]) == ("stopped", 2, 2)
    assert end.problem["undo"]["remains"] == []


def test_a_run_that_succeeds_undoes_nothing_and_waits_for_no_undo() -> None:
    made = world(
        {name: step for name, step in CHAIN.items() if name != "check"}, outputs={"x": "${steps.book.got.url}"}
    )
    assert made.run().outputs == {"x": "https://shop.example"}
    assert names(made, "succeeded") == ["order", "book"]


def test_an_undo_reads_what_the_step_gave_that_it_undoes_and_why_the_run_ends() -> None:
    made = world(CHAIN)
    made.run()
    asked = {made.plan.steps[each.step].name: each.output for each in made.ledger if each.outcome == "succeeded"}
    assert asked["unorder"]["got"]["body"] == {"order": "https://shop.example", "why": "No stock"}


def test_an_undo_whose_condition_does_not_hold_is_not_needed() -> None:
    steps = dict(CHAIN, unbook=call(when={"field": "${error.code}", "op": "=", "value": "never"}))
    end = world(steps).run()
    assert end.problem is not None
    assert (end.problem["undo"]["done"], end.problem["undo"]["of"], end.problem["undo"]["unneeded"]) == (1, 1, 1)


def test_an_undo_that_fails_for_good_is_told_and_the_others_go_on() -> None:
    made = world(dict(CHAIN, unbook=call(retry={"attempts": 2, "delay": "1s"})))
    state = made.load()
    broken = 0
    while made.end is None:
        for decision in advance(state, made.now):
            made.carry_out(state, decision)
            if isinstance(decision, Open) and decision.step.name == "unbook":
                del made.opened[decision.step.index, decision.item, decision.attempt]
                told = problem("http_500", "It broke.")
                made.record(state, failed(decision.step, STEP, decision.attempt, told, now=made.now, run="run"))
                broken += 1
    assert broken == 2
    assert made.end.problem is not None
    told = made.end.problem["undo"]
    assert (told["done"], told["of"]) == (1, 2)
    assert told["remains"] == [{"step": "book", "item": None, "by": "unbook", "detail": "It broke."}]


def test_items_are_undone_one_by_one_the_last_that_ended_first() -> None:
    each = {"items": "${inputs.order.lines}", "concurrency": 1}
    steps = {
        "order": call(for_each=each, body="${item}", compensate="unorder"),
        "unorder": call(body=["${item}", "${index}", "${steps.order.got.body}"]),
        "check": {"kind": "stop", "as": "failed"},
    }
    made = world(steps, inputs={"order": {"lines": ["a", "b", "c"]}})
    made.run()
    undone = [each.output["got"]["body"] for each in made.ledger if each.step == 1 and each.outcome == "succeeded"]
    assert undone == [["c", 2, "c"], ["b", 1, "b"], ["a", 0, "a"]]


def test_what_is_in_the_air_when_a_run_ends_is_waited_for_before_anything_is_undone() -> None:
    made = world({"order": call(compensate="unorder"), "unorder": call()})
    state = made.load()
    (opened,) = advance(state, made.now)
    made.carry_out(state, opened)
    made.carry_out(state, closing(state, End(succeeded=False, problem=problem("cancelled", "Cancelled."))))
    assert [type(each).__name__ for each in advance(state, made.now)] == ["Rest"]
    made.answer(state)
    assert isinstance(advance(state, made.now)[0], Open)
    assert names(made, "succeeded") == ["order"]
    end = made.run()
    assert end.problem is not None
    assert end.problem["undo"]["done"] == 1


def test_a_call_that_came_to_an_end_after_its_time_was_over_is_undone_too() -> None:
    steps = {
        "order": call(timeout="5s", compensate="unorder", on_error={"do": "continue", "value": None}),
        "unorder": call(),
        "check": {"kind": "stop", "as": "failed"},
    }
    made = world(steps)
    state = made.load()
    made.carry_out(state, advance(state, made.now)[0])
    made.now += timedelta(seconds=5)
    made.carry_out(state, advance(state, made.now)[0])
    end = made.run()
    assert names(made, "succeeded") == ["check", "order", "unorder"]
    assert end.problem is not None
    assert end.problem["undo"]["done"] == 1


@pytest.mark.parametrize("code", sorted(DONE_ALL_THE_SAME))
def test_what_was_done_and_gave_too_much_is_undone_where_its_undo_needs_nothing_of_that_and_else_told(
    code: str,
) -> None:
    steps = {name: step for name, step in CHAIN.items() if name != "check"}
    made = world(steps)
    state = made.load()
    made.carry_out(state, advance(state, made.now)[0])
    made.answer(state)
    made.carry_out(state, advance(state, made.now)[0])
    made.opened.clear()
    told = problem(code, "It gave too much.")
    made.record(state, failed(made.plan.steps[2], STEP, 1, told, now=made.now, run="run", final=True))
    end = made.run()
    assert names(made, "succeeded") == ["order", "unbook", "unorder"]
    made = world(steps)
    state = made.load()
    made.carry_out(state, advance(state, made.now)[0])
    made.opened.clear()
    made.record(state, failed(made.plan.steps[0], STEP, 1, told, now=made.now, run="run", final=True))
    end = made.run()
    assert end.problem is not None
    assert (end.problem["undo"]["done"], end.problem["undo"]["of"]) == (0, 1)
    assert end.problem["undo"]["remains"][0]["step"] == "order"


def test_a_deadline_has_things_undone_and_does_not_cut_that_short() -> None:
    steps = {"order": call(compensate="unorder"), "unorder": call(), "rest": {"kind": "wait", "duration": "2h"}}
    made = world(steps, deadline="1h")
    end = made.run()
    assert end.problem is not None
    assert (end.problem["code"], end.problem["undo"]["done"]) == ("deadline", 1)


def test_a_person_who_does_not_undo_by_hand_leaves_it_to_be_done() -> None:
    steps = {
        "order": call(compensate="by_hand"),
        "by_hand": {"kind": "approval", "question": "Was it taken back?"},
        "check": {"kind": "stop", "as": "failed"},
    }
    made = world(steps)
    state = made.load()
    while (1, STEP, 1) not in made.opened:
        for decision in advance(state, made.now):
            made.carry_out(state, decision)
    said = {"approved": False, "comment": "They refuse", "by": "ana@acme.example", "timed_out": False}
    made.record(state, answered(made.plan.steps[1], STEP, 1, said))
    (end,) = advance(state, made.now)
    assert isinstance(end, End)
    assert end.problem is not None
    assert [each["step"] for each in end.problem["undo"]["remains"]] == ["order"]


def test_an_undoing_that_a_person_stops_tells_what_is_left() -> None:
    made = world(CHAIN)
    state = made.load()
    while made.ending is None:
        for decision in advance(state, made.now):
            made.carry_out(state, decision)
    made.carry_out(state, advance(state, made.now)[0])
    end = undone(state, stopped=True)
    assert end.problem is not None
    told = end.problem["undo"]
    assert (told["stopped"], told["done"], told["of"]) == (True, 0, 2)
    assert [each["step"] for each in told["remains"]] == ["book", "order"]
    assert "has to be looked up" in told["remains"][0]["detail"]


# Definitions in which calls are undone, some for items, with all that can go wrong.
@st.composite
def undoable(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 5))
    steps: dict[str, Any] = {}
    for n in range(count):
        earlier = [f"s{m}" for m in range(n)]
        step = call(after=draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else [])
        if draw(st.integers(0, 2)) == 0:
            step["for_each"] = {
                "items": list(range(draw(st.integers(0, 4)))),
                "concurrency": draw(st.integers(1, 3)),
                "on_item_error": draw(st.sampled_from(["fail", "skip"])),
            }
        if draw(st.booleans()):
            step["retry"] = {"attempts": draw(st.integers(1, 3)), "delay": "1s"}
        if draw(st.integers(0, 2)) == 0:
            step["timeout"] = "5s"
        if draw(st.integers(0, 2)) == 0:
            step["on_error"] = {"do": "continue", "value": None}
        if draw(st.integers(0, 3)) > 0:
            step["compensate"] = f"u{n}"
            undo = call()
            if draw(st.booleans()):
                undo["retry"] = {"attempts": 2, "delay": "1s"}
            if draw(st.integers(0, 3)) == 0:
                undo["timeout"] = "5s"
            steps[f"u{n}"] = undo
        steps[f"s{n}"] = step
    if draw(st.booleans()):
        steps["stop"] = {"kind": "stop", "as": "failed", "after": [f"s{n}" for n in range(count)]}
    return steps


UNDO_FAULTS = {**FAULTS, "cancels": st.sampled_from([0.0, 0.05, 0.3])}


@settings(max_examples=120, deadline=None)
@given(steps=undoable(), **UNDO_FAULTS)
def test_what_was_done_is_undone_once_in_reverse_order_whatever_fails_and_whatever_is_lost(
    steps: dict[str, Any], **faults: Any
) -> None:
    made = played(steps, **faults)
    plan = made.plan
    done = [(e.step, e.item) for e in made.ledger if e.outcome == "succeeded" and plan.steps[e.step].undo is not None]
    done = [key for key in done if any((e.step, e.item, e.outcome) == (*key, "opened") for e in made.ledger)]
    ends = [
        (plan.steps[e.step].undoes, e.item)
        for e in made.ledger
        if plan.steps[e.step].undoes is not None and e.outcome != "opened" and e.due is None
    ]
    assert made.end is not None
    assert ends == ([] if made.end.succeeded else list(reversed(done)))
    if made.end.problem is not None and done:
        told = made.end.problem["undo"]
        assert told["of"] == len(done)
        assert told["done"] + len(told["remains"]) == told["of"]


@settings(max_examples=80, deadline=None)
@given(steps=undoable(), **UNDO_FAULTS)
def test_undos_come_one_after_the_other_and_nothing_else_begins_meanwhile(steps: dict[str, Any], **faults: Any) -> None:
    made = played(steps, **faults)
    at_work: Entry | None = None
    has_begun = False
    tries: set[tuple[int, int, int, bool]] = set()
    for entry in made.ledger:
        key = entry.step, entry.item, entry.attempt, entry.outcome == "opened"
        assert key not in tries, "it was asked for, or ended, twice"
        tries.add(key)
        if made.plan.steps[entry.step].undoes is None:
            assert not has_begun, "something else went on while steps were undone"
        elif entry.outcome == "opened":
            assert at_work is None, "two at a time"
            at_work, has_begun = entry, True
        else:
            at_work, has_begun = None, True


@settings(max_examples=50, deadline=None)
@given(steps=undoable(), **UNDO_FAULTS)
def test_an_undone_run_stays_as_it_is_and_is_read_the_same_however_often(steps: dict[str, Any], **faults: Any) -> None:
    made = played(steps, **faults)
    state = made.load()
    assert state == made.load()
    for entry in made.ledger:
        state.apply(entry)  # what is told twice changes nothing
    once = made.load()
    assert (state.to_undo, state.undone, state.flights) == (once.to_undo, once.undone, once.flights)
    if made.ending is not None:
        assert advance(once, made.now + timedelta(days=3650)) == [made.end]


@pytest.mark.parametrize("step", [give(1), ask()])
def test_a_run_without_undos_ends_as_ever(step: dict[str, Any]) -> None:
    made = world({"a": step, "b": {"kind": "stop", "as": "failed", "reason": "No"}})
    assert made.run().problem == {"code": "stopped", "detail": "No"}
    assert made.ending is None
