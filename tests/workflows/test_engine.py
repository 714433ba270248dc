"""The pure engine: what runs, in which order, and what comes of failures."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import apps.workflows.kinds.branch
import apps.workflows.kinds.outward
import apps.workflows.kinds.stop
import apps.workflows.kinds.transform  # noqa: F401  # registers
from apps.workflows.engine.advance import advance
from apps.workflows.engine.ledger import STEP, Entry
from tests.workflows.world import START, World, world


def give(value: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "transform", "set": {"x": value}, **more}


def ask(**more: Any) -> dict[str, Any]:
    return {"kind": "agent", "agent": "dummy.echo", **more}


def ran(made: World) -> list[str]:
    """The steps that succeeded, in the order in which they ended."""
    return [made.plan.steps[each.step].name for each in made.ledger if each.outcome == "succeeded"]


def test_steps_run_one_after_the_other_as_they_are_written() -> None:
    made = world(
        {"a": give(1), "b": give("${steps.a.x}"), "c": give({"$add": ["${steps.a.x}", "${steps.b.x}"]})},
        outputs={"sum": "${steps.c.x}"},
    )
    assert made.run().outputs == {"sum": 2}
    assert ran(made) == ["a", "b", "c"]


def test_a_step_without_predecessors_begins_at_once() -> None:
    made = world({"a": ask(), "b": give(1, after=[])})
    made.run()
    assert ran(made) == ["b", "a"]


def test_a_branch_skips_what_it_does_not_choose_and_what_follows_from_it() -> None:
    big = {"field": "${inputs.order.amount}", "op": ">", "value": 100}
    steps = {
        "check": {"kind": "branch", "cases": [{"when": big, "go": ["hold"]}], "otherwise": ["ship"]},
        "hold": give("held"),
        "after_hold": give("x", after=["hold"]),
        "ship": give("shipped"),
        "close": give({"$default": ["${steps.hold.x}", "${steps.ship.x}"]}, after=["hold", "ship"]),
    }
    for amount, way, skipped in ((500, "held", {"ship"}), (5, "shipped", {"hold", "after_hold"})):
        made = world(steps, inputs={"order": {"amount": amount}}, outputs={"way": "${steps.close.x}"})
        assert made.run().outputs == {"way": way}
        assert {made.plan.steps[each.step].name for each in made.ledger if each.outcome == "skipped"} == skipped


def test_a_chosen_step_that_also_waits_for_another_is_skipped_when_it_is_not_chosen() -> None:
    never = {"field": "${inputs.order.amount}", "op": "is empty"}
    steps = {
        "other": give(1),
        "check": {"kind": "branch", "cases": [{"when": never, "go": ["hold"]}], "after": []},
        "hold": give(2, after=["other"]),
    }
    made = world(steps, inputs={"order": {"amount": 1}})
    made.run()
    assert ran(made) == ["other", "check"] or ran(made) == ["check", "other"]


def test_a_condition_that_does_not_hold_skips_a_step_and_the_run_goes_on() -> None:
    off = {"field": "${inputs.order.on}", "op": "=", "value": True}
    made = world({"a": give(1, when=off), "b": give(2, after=[])}, inputs={"order": {"on": False}})
    assert made.run().succeeded
    assert ran(made) == ["b"]


def test_a_failed_step_is_tried_again_after_growing_waits() -> None:
    retry = {"attempts": 3, "delay": "10s", "factor": 3, "jitter": False}
    made = world({"a": ask(retry=retry)}, failures=1.0)
    end = made.run()
    assert not end.succeeded
    assert end.problem is not None
    assert end.problem["step"] == "a"
    tries = [each for each in made.ledger if each.outcome == "failed"]
    assert [each.attempt for each in tries] == [1, 2, 3]
    assert tries[0].due == START + timedelta(seconds=11)
    assert tries[1].due is not None
    assert tries[0].due is not None
    assert tries[1].due - tries[0].due == timedelta(seconds=31)
    assert tries[2].due is None


def test_a_step_that_never_answers_is_timed_out() -> None:
    made = world(
        {"a": ask(timeout="5m", on_error={"do": "continue", "value": {"x": "late"}})}, outputs={"x": "${steps.a.x}"}
    )
    state = made.load()
    from apps.workflows.engine.advance import Overdue, Rest

    (opened,) = advance(state, made.now)
    made.carry_out(state, opened)
    assert advance(state, made.now) == [Rest(START + timedelta(minutes=5))]
    (late,) = advance(state, START + timedelta(minutes=5))
    assert isinstance(late, Overdue)
    made.carry_out(state, late)
    (end,) = advance(state, made.now)
    assert end.outputs == {"x": "late"}  # type: ignore[union-attr]


def test_an_error_goes_to_its_handler_and_nowhere_else() -> None:
    steps = {
        "a": ask(on_error={"do": "go", "to": "mend"}),
        "b": give("good", after=["a"]),
        "mend": give("${error.detail}"),
        "end": give({"$default": ["${steps.mend.x}", "${steps.b.x}"]}, after=["b", "mend"]),
    }
    bad = world(steps, failures=1.0, outputs={"x": "${steps.end.x}"})
    assert bad.run().outputs == {"x": "It broke."}
    good = world(steps, outputs={"x": "${steps.end.x}"})
    assert good.run().outputs == {"x": "good"}
    assert ran(good) == ["a", "b", "end"]


def test_a_step_for_each_item_gives_a_list_in_order_and_opens_no_more_than_it_may() -> None:
    steps = {"a": ask(for_each={"items": "${inputs.order.lines}", "concurrency": 3}, input={"n": "${item}"})}
    made = world(steps, inputs={"order": {"lines": list(range(10))}}, outputs={"all": "${steps.a}"})
    most = 0
    state = made.load()
    from apps.workflows.engine.advance import Open

    while made.end is None:
        for decision in advance(state, made.now):
            if isinstance(decision, Open) or not made.opened:
                made.carry_out(state, decision)
        most = max(most, len(made.opened))
        if made.opened:
            made.answer(state)
    assert made.end.outputs == {"all": [{"got": {"n": n}} for n in range(10)]}
    assert most == 3


def test_an_item_that_fails_gives_null_or_ends_the_step_as_it_is_said() -> None:
    each = {"items": [1, 0, 2], "on_item_error": "skip"}
    steps = {"a": give({"$divide": [6, "${item}"]}, for_each=each)}
    assert world(steps, outputs={"a": "${steps.a}"}).run().outputs == {"a": [{"x": 6}, None, {"x": 3}]}
    steps["a"]["for_each"] = {"items": [1, 0, 2]}
    end = world(steps).run()
    assert end.problem is not None
    assert end.problem["item"] == 1
    assert "divided by 0" in end.problem["detail"]


def test_no_items_give_an_empty_list() -> None:
    assert world({"a": ask(for_each={"items": []})}, outputs={"a": "${steps.a}"}).run().outputs == {"a": []}


def test_a_stop_ends_the_run_before_its_other_steps() -> None:
    made = world(
        {"a": {"kind": "stop", "as": "failed", "reason": "No ${inputs.order.x}"}, "b": give(1)},
        inputs={"order": {"x": "stock"}},
    )
    end = made.run()
    assert end.problem == {"code": "stopped", "detail": "No stock"}
    assert "b" not in ran(made)


def test_a_run_that_is_open_at_its_deadline_fails() -> None:
    made = world({"a": {"kind": "wait", "duration": "2h"}}, deadline="1h")
    end = made.run()
    assert end.problem is not None
    assert end.problem["code"] == "deadline"


# Definitions with every shape of a graph: each step names earlier ones, some choose, some fail, some run for items.
@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 9))
    steps: dict[str, Any] = {}
    for n in range(count):
        earlier = [f"s{m}" for m in range(n)]
        step = draw(st.sampled_from([give(n), ask(input={"n": n}), give("${inputs.order.none}")]))
        step = dict(step, after=draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else [])
        if draw(st.integers(0, 3)) == 0:
            step["for_each"] = {
                "items": list(range(draw(st.integers(0, 5)))),
                "concurrency": draw(st.integers(1, 3)),
                "on_item_error": draw(st.sampled_from(["fail", "skip"])),
            }
        if draw(st.booleans()):
            step["retry"] = {"attempts": draw(st.integers(1, 3)), "delay": "1s"}
        if step["kind"] == "agent" and draw(st.integers(0, 2)) == 0:
            step["timeout"] = "5s"
        if draw(st.integers(0, 2)) == 0:
            step["on_error"] = {"do": "continue", "value": {"x": -1}}
        later = [f"s{m}" for m in range(n + 1, count)]
        if later and draw(st.integers(0, 4)) == 0:
            case = {
                "when": {"field": "${inputs.order.amount}", "op": ">", "value": draw(st.integers(0, 9))},
                "go": draw(st.lists(st.sampled_from(later), unique=True, max_size=2)),
            }
            step = {
                "kind": "branch",
                "cases": [case],
                "otherwise": draw(st.lists(st.sampled_from(later), max_size=2)),
                "after": step["after"],
            }
        elif later and draw(st.integers(0, 4)) == 0:
            step["on_error"] = {"do": "go", "to": draw(st.sampled_from(later))}
        steps[f"s{n}"] = step
    return steps


FAULTS = {
    "seed": st.integers(0, 2**32),
    "crashes": st.sampled_from([0.0, 0.1, 0.4]),
    "failures": st.sampled_from([0.0, 0.3, 0.8]),
    "lateness": st.sampled_from([0.0, 0.5]),
}


def played(steps: dict[str, Any], seed: int, **faults: float) -> World:
    made = world(steps, inputs={"order": {"amount": 5}}, chance=random.Random(seed), **faults)
    made.run()
    return made


@settings(max_examples=300, deadline=None)
@given(steps=definitions(), **FAULTS)
def test_whatever_fails_and_whatever_is_lost_a_run_ends_and_its_ledger_holds(
    steps: dict[str, Any], **faults: Any
) -> None:
    made = played(steps, **faults)
    ends = [(each.step, each.item, each.attempt) for each in made.ledger if each.outcome != "opened"]
    assert len(ends) == len(set(ends)), "something ended twice"
    begins = [(each.step, each.item, each.attempt) for each in made.ledger if each.outcome == "opened"]
    assert len(begins) == len(set(begins)), "something was asked for twice"
    if made.end is not None and made.end.succeeded:
        assert all(made.load().settled)


@settings(max_examples=200, deadline=None)
@given(steps=definitions(), **FAULTS)
def test_no_step_begins_before_those_that_come_before_it_have_ended(steps: dict[str, Any], **faults: Any) -> None:
    made = played(steps, **faults)
    state = World(made.plan, made.inputs).load()
    for entry in made.ledger:
        if state.settled[entry.step] is None and state.failure is None:
            assert all(state.settled[before] is not None for before in made.plan.steps[entry.step].before)
        state.apply(entry)


@settings(max_examples=200, deadline=None)
@given(steps=definitions(), **FAULTS)
def test_a_try_begins_once_the_one_before_it_has_failed_and_there_are_no_more_than_allowed(
    steps: dict[str, Any], **faults: Any
) -> None:
    made = played(steps, **faults)
    tried: dict[tuple[int, int], Any] = {}
    for entry in made.ledger:
        last = tried.get((entry.step, entry.item))
        if last is None:
            assert entry.attempt == 1
        elif entry.attempt == last.attempt:
            assert last.outcome == "opened", "it had ended"
        else:
            assert (entry.attempt, last.outcome) == (last.attempt + 1, "failed")
            assert last.due is not None, "it had failed for good"
        retry = made.plan.steps[entry.step].retry
        assert entry.attempt <= (retry.attempts if retry is not None else 1)
        tried[entry.step, entry.item] = entry


@settings(max_examples=200, deadline=None)
@given(steps=definitions(), **FAULTS)
def test_the_ledger_gives_the_same_state_however_often_it_is_read(steps: dict[str, Any], **faults: Any) -> None:
    made = played(steps, **faults)
    assert made.load() == made.load()
    again = made.load()
    for entry in made.ledger:
        again.apply(entry)  # what is told twice changes nothing
    once = made.load()
    assert (again.settled, again.env, again.failure) == (once.settled, once.env, once.failure)


@settings(max_examples=200, deadline=None)
@given(steps=definitions(), **FAULTS)
def test_a_run_that_is_over_stays_as_it_is_whatever_comes_late(steps: dict[str, Any], **faults: Any) -> None:
    made = played(steps, **faults)
    state = made.load()
    for moment in (made.now, made.now + timedelta(days=3650)):
        assert advance(state, moment) == [made.end]
    for step, item, attempt in sorted(made.opened):
        state.apply(Entry(step, item, attempt, "succeeded", output={"got": "late"}))
    assert advance(state, made.now) == [made.end]


@settings(max_examples=100, deadline=None)
@given(definitions(), st.integers(0, 2**32))
def test_crashes_change_nothing_of_what_a_run_computes(steps: dict[str, Any], seed: int) -> None:
    """Steps have all the time that there is: whether one is late goes by the clock, which crashes move."""
    steps = {name: {key: told for key, told in step.items() if key != "timeout"} for name, step in steps.items()}
    calm = world(steps, inputs={"order": {"amount": 5}}, chance=random.Random(seed))
    wild = world(steps, inputs={"order": {"amount": 5}}, chance=random.Random(seed), crashes=0.3)
    one, other = calm.run(), wild.run()
    if one.succeeded:
        assert other.succeeded
        assert calm.load().env == wild.load().env
        whole = {(each.step, each.outcome) for each in calm.ledger if each.item == STEP and each.outcome != "opened"}
        assert whole == {
            (each.step, each.outcome) for each in wild.ledger if each.item == STEP and each.outcome != "opened"
        }
