"""Definitions: what is read, what is written, and what is told of a wrong one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.common.errors import InvalidInput
from apps.common.paths import NoValue
from apps.workflows.checking import Signature, definition_check
from apps.workflows.conditions import condition_compile, condition_sentence
from apps.workflows.definition import (
    STEP_KINDS,
    Definition,
    definition_dump,
    definition_load,
    definition_parse,
    definition_yaml,
)
from apps.workflows.durations import duration_parse, duration_text, duration_words
from apps.workflows.values import BadValue, reference_parse, text_parse, value_compile
from tests.workflows.test_engine import definitions, give

YAML = """
format: 1
name: order-check
title: Order check
inputs:
  amount: {type: number, minimum: 0}
  country: {type: choice, choices: [DE, FR]}
steps:
  risk:
    kind: agent
    agent: test.risk
    input: {amount: "${inputs.amount}"}
    retry: {attempts: 4, delay: 10s}
    timeout: 5m
  check:
    kind: branch
    cases:
      - when:
          all: [{field: "${steps.risk.score}", op: ">", value: 70}, {field: "${inputs.country}", op: "=", value: DE}]
        go: [ask]
  ask:
    kind: approval
    question: "Ship for ${inputs.amount}?"
  ship:
    kind: transform
    after: [check, ask]
    set: {note: {$default: ["${steps.ask.comment}", none]}}
outputs:
  note: ${steps.ship.note}
"""


class Catalogue:
    def agent(self, key: str) -> Signature | None:
        takes = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
        gives = {"type": "object", "properties": {"score": {"type": "number"}, "level": {"enum": ["low", "high"]}}}
        return Signature(takes, gives) if key == "test.risk" else None

    def workflow(self, name: str) -> Signature | None:
        return None

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        return set()


def issues(text: str | dict[str, Any]) -> dict[str, str]:
    """What is told of a definition, by place."""
    definition = definition_load(text) if isinstance(text, str) else definition_parse(text)
    try:
        definition_check(definition, Catalogue())
    except InvalidInput as problem:
        return {issue.path: issue.message for issue in problem.issues}
    return {}


def of_steps(**steps: Any) -> dict[str, Any]:
    return {"name": "t", "title": "T", "steps": steps, "inputs": {"amount": {"type": "number"}}}


def test_a_definition_survives_yaml_and_json_with_its_steps_in_order() -> None:
    definition = definition_load(YAML)
    assert list(definition.steps) == ["risk", "check", "ask", "ship"]
    assert definition_load(definition_yaml(definition)) == definition
    again = definition_parse(json.loads(json.dumps(definition_dump(definition))))
    assert again == definition
    assert list(again.steps) == list(definition.steps)
    assert issues(YAML) == {}


@settings(max_examples=60, deadline=None)
@given(definitions())
def test_every_definition_survives_a_round_trip(steps: dict[str, Any]) -> None:
    definition = definition_parse({"name": "t", "title": "T", "steps": steps})
    assert definition_load(definition_yaml(definition)) == definition


@pytest.mark.parametrize(
    ("wrong", "place", "words"),
    [
        (("agent: test.risk", "agent: test.rizk"), "steps.risk.agent", "no agent 'test.rizk'"),
        (("steps.risk.score", "steps.risk.scor"), "steps.check.cases.0.when.all.0.field", "it has score, level"),
        (('inputs.amount}"}', 'inputs.amout}"}'), "steps.risk.input.amount", "there are amount, country"),
        (("value: DE", "value: IT"), "steps.check.cases.0.when.all.1.value", "one of DE, FR"),
        (("value: 70", "value: high"), "steps.check.cases.0.when.all.0.value", "is a number, and this is a text"),
        (("after: [check, ask]", "after: [check, aks]"), "steps.ship.after.1", "no step 'aks'"),
        (("after: [check, ask]", "after: [risk]"), "steps.ship.set.note.$default.0", "does not come before 'ship'"),
        (("note: ${steps.ship.note}", "note: ${steps.ship.not}"), "outputs.note", "has no field `not`"),
        (("go: [ask]", "go: [aks]"), "steps.check", "chooses 'aks'"),
        (("input: {amount", "input: {amont"), "steps.risk.input.amont", "it takes amount"),
        (('amount: "${inputs.amount}"', "amount: much"), "steps.risk.input.amount", "must be a number, and is a text"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong: tuple[str, str], place: str, words: str) -> None:
    assert wrong[0] in YAML
    found = issues(YAML.replace(*wrong, 1))
    assert place in found
    assert words in found[place]


def test_steps_that_wait_for_each_other_are_named() -> None:
    found = issues(of_steps(a=give(1, after=["c"]), b=give(1, after=["a"]), c=give(1, after=["b"])))
    assert found == {"steps.a.after": "These steps wait for each other: a → b → c → a."}


def test_an_item_is_known_only_where_there_are_items_and_an_error_only_to_its_handler() -> None:
    found = issues(of_steps(a=give("${item}"), b=give("${error.detail}")))
    assert "only inside a step with `for_each`" in found["steps.a.set.x"]
    assert "only to a step that another names" in found["steps.b.set.x"]
    steps = {"a": give("${item.n}", for_each={"items": [{"n": 1}]}, on_error={"do": "go", "to": "b"})}
    assert issues(of_steps(**steps, b=give("${error.detail}"))) == {}


def test_items_must_be_a_list() -> None:
    found = issues(of_steps(a=give(1, for_each={"items": "${inputs.amount}"})))
    assert found == {"steps.a.for_each.items": "This must be a list, and is a number."}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: {a: {kind: magic}}", "`kind` is one of act, agent, approval"),
        ("steps: {a: {kind: transform, set: {x: '${inputs}.'}, timeout: soon}}", "Write a duration as"),
        ("steps: {a: {kind: transform, set: {x: '${nothing.x}'}}}", "begins with none of inputs"),
        ("steps: {a: {kind: transform, set: {x: {$magic: 1}}}}", "There is no function `$magic`"),
        ("steps: {a: {kind: transform, set: {x: {$round: [1, 2, 3]}}}}", "takes 1 to 2 values"),
        ("steps: {a: {kind: transform, colour: red, set: {x: 1}}}", "Extra inputs are not permitted"),
        ("steps: {a: {kind: wait}}", "Give either `duration` or `until`"),
        ("steps: {}", "at least 1 item"),
        ("steps: [a, b", "expected"),
        ("steps: {a: &x {kind: wait}, b: *x}", "aliases are not understood"),
        ("title: x\nsteps: {a: {kind: transform, set: {x: 1}, set: {x: 2}}}", "`set` is there twice"),
        ("steps: {a: !!python/object:os.system {}}", "could not determine a constructor"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        definition_load(f"name: t\ntitle: T\n{text}" if "title" not in text else f"name: t\n{text}")
    assert any(told in issue.message for issue in refused.value.issues), refused.value.issues


def test_a_definition_has_a_size() -> None:
    with pytest.raises(InvalidInput, match="at most 256 KiB"):
        definition_load("description: " + "x" * 300_000)


def test_words_of_yaml_1_1_stay_words() -> None:
    definition = definition_load("name: t\ntitle: on\nsteps: {a: {kind: transform, set: {x: no, y: 2026-01-01}}}")
    assert definition.title == "on"
    assert definition.steps["a"].compile()({}) == {"x": "no", "y": "2026-01-01"}


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=300)).map(
        lambda found: timedelta(milliseconds=found // timedelta(milliseconds=1))
    )
)
def test_a_duration_is_read_as_it_is_written(duration: timedelta) -> None:
    assert duration_parse(duration_text(duration)) == duration


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(seconds=0.5), "0.5 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_a_duration_can_be_told_in_words(duration: timedelta, words: str) -> None:
    assert duration_words(duration) == words


def test_references_are_read_by_their_parts() -> None:
    assert reference_parse('steps.a["odd key"][0].b').path == ("steps", "a", "odd key", 0, "b")
    assert text_parse("a $${b} ${inputs.c}") == ["a ${b} ", reference_parse("inputs.c")]
    for wrong in ("", "a.b", "inputs.", "inputs..a", "inputs[x]", "inputs.a b"):
        with pytest.raises(BadValue):
            reference_parse(wrong)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        compiled = value_compile(text)
    except BadValue:
        return
    try:
        compiled({"inputs": {}})
    except NoValue:
        return


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted({"=", "!=", "<", ">=", "in", "contains", "between", "is empty", "starts with"})),
    json_values,
    json_values,
)
def test_no_condition_breaks_a_run_whatever_it_compares(op: str, left: Any, right: Any) -> None:
    value = {"in": [right], "between": [right, right], "is empty": None}.get(op, right)
    try:
        branch = STEP_KINDS["branch"].model_validate(
            {"kind": "branch", "cases": [{"when": {"field": "${inputs.x}", "op": op, "value": value}, "go": []}]}
        )
    except ValueError:
        return  # the value holds what reads as a reference or a function, and is none
    assert branch.compile()({"inputs": {"x": left}})["case"] in {"case 1", "otherwise"}


def test_a_condition_is_told_as_a_sentence() -> None:
    definition = definition_load(YAML)
    (case,) = definition.steps["check"].cases  # type: ignore[attr-defined]
    assert condition_sentence(case.when) == "risk score is more than 70 and country is DE"
    assert condition_compile(case.when)({"steps": {"risk": {"score": 71}}, "inputs": {"country": "DE"}})


def test_true_is_not_one_and_texts_have_no_order_with_numbers() -> None:
    def holds(field: Any, op: str, value: Any) -> bool:
        from apps.workflows.conditions import Test

        return condition_compile(Test(field="${inputs.x}", op=op, value=value))({"inputs": {"x": field}})

    assert not holds(True, "=", 1)
    assert holds(1, "=", 1.0)
    assert not holds("5", ">", 4)
    assert holds("2026-03-02", ">", "2026-03-01")
    assert holds(5, "between", [1, 5])
    assert not holds(None, ">", 0)


def test_a_definition_is_the_same_whichever_way_it_came() -> None:
    definition = definition_load(YAML)
    assert isinstance(definition, Definition)
    assert definition_load(json.dumps(definition_dump(definition))) == definition


def test_every_kind_of_step_and_trigger_says_what_it_does() -> None:
    from apps.workflows.triggers import TRIGGER_KINDS

    assert [kind for kind in STEP_KINDS if "compile" not in vars(kind)] == []
    assert [kind for kind in TRIGGER_KINDS if "told" not in vars(kind)] == []
