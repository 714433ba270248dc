"""What a definition may say of undoing a step, and what is told of one that says it wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from apps.workflows.definition import definition_load, definition_parse, definition_yaml
from apps.workflows.differences import definition_difference
from tests.workflows.stepforms.posting import definition
from tests.workflows.stepforms.test_scope import scope, titles
from tests.workflows.test_definition import issues, of_steps

ORDER = {"kind": "http", "url": "https://shop.example", "compensate": "unorder"}
UNDO = {"kind": "http", "url": "https://shop.example", "body": "${steps.order.body.number}"}
NO_CALL = {"url": None, "body": None}
MANY = {"items": [1, 2]}


def told(**steps: Any) -> dict[str, str]:
    return issues(of_steps(**steps))


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"order": {"compensate": "gone"}}, "steps.order.compensate", "no step 'gone'"),
        ({"order": {"compensate": "order"}}, "steps.order.compensate", "cannot undo itself"),
        ({"order": {"kind": "wait", "duration": "1s", **NO_CALL}}, "steps.order.compensate", "does nothing outside"),
        ({"unorder": {"kind": "wait", "duration": "1s", **NO_CALL}}, "steps.unorder.kind", "undoes nothing"),
        ({"unorder": {"compensate": "other"}}, "steps.unorder.compensate", "is not undone itself"),
        ({"unorder": {"after": ["order"]}}, "steps.unorder.after", "leave `after` out"),
        ({"unorder": {"for_each": MANY}}, "steps.unorder.for_each", "leave `for_each` out"),
        ({"unorder": {"on_error": {"do": "continue"}}}, "steps.unorder.on_error", "leave `on_error` out"),
        ({"other": {"after": ["unorder"]}}, "steps.other.after.0", "nothing comes after it"),
        ({"other": {"on_error": {"do": "go", "to": "unorder"}}}, "steps.other", "it is not chosen"),
        ({"other": {"compensate": "unorder"}}, "steps.order.compensate", "undoes 'other' already"),
        ({"other": {"body": "${steps.unorder.body}"}}, "steps.other.body", "runs only to undo 'order'"),
        ({"unorder": {"body": "${steps.other.body}"}}, "steps.unorder.body", "does not come before"),
        ({"unorder": {"body": "${item}"}}, "steps.unorder.body", "only inside a step with `for_each`"),
    ],
)
def test_what_is_wrong_with_an_undo_is_told_with_its_place(
    change: dict[str, dict[str, Any]], place: str, words: str
) -> None:
    steps: dict[str, Any] = {"order": ORDER, "unorder": UNDO, "other": {"kind": "http", "url": "https://x.example"}}
    for name, said in change.items():
        steps[name] = {key: value for key, value in {**steps[name], **said}.items() if value is not None}
    found = told(**steps)
    assert words in found.get(place, ""), found


def test_an_undo_may_name_what_it_undoes_what_came_before_that_and_why_the_run_ends() -> None:
    first = {"kind": "transform", "set": {"x": 1}}
    assert not told(first=first, order=ORDER, unorder={**UNDO, "body": ["${steps.first.x}", "${error.detail}"]})


def test_the_undo_of_a_step_with_items_reads_one_of_them_at_a_time() -> None:
    order = {**ORDER, "for_each": {"items": "${steps.first.lines}"}}
    first = {"kind": "transform", "set": {"lines": [{"n": 1}]}}
    undo = {**UNDO, "body": ["${item.n}", "${index}", "${steps.order.status}"]}
    assert not told(first=first, order=order, unorder=undo)
    assert "steps.unorder.body" in told(first=first, order=order, unorder={**UNDO, "body": "${steps.order[0].status}"})


def test_a_step_follows_the_one_above_it_that_is_no_undo() -> None:
    made = definition_parse(of_steps(order=ORDER, unorder=UNDO, last={"kind": "transform", "set": {"x": 1}}))
    assert made.before("last") == ["order"]
    assert made.before("unorder") == []


def test_an_undo_survives_yaml_and_is_told_where_versions_differ() -> None:
    made = definition_parse(of_steps(order=ORDER, unorder=UNDO))
    assert definition_load(definition_yaml(made)) == made
    without = {key: value for key, value in ORDER.items() if key != "compensate"}
    former = definition_parse(of_steps(order=without, unorder=UNDO))
    assert any("compensate" in said or "undo" in said for said in definition_difference(former, made))


def test_the_form_of_an_undo_offers_what_it_undoes_the_item_and_why_the_run_ends() -> None:
    many = {**ORDER, "for_each": {"items": "${inputs.lines}"}}
    whole = definition(order=many, unorder={**UNDO, "body": None}, last={"kind": "stop"})
    offered = titles(scope(whole, "unorder"))
    assert {"${steps.order.body}", "${item}", "${error.detail}"} <= set(offered)
    assert not any(reference.startswith("${steps.unorder") for reference in titles(scope(whole, "last")))
