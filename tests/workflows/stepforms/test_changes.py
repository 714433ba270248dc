"""What buttons do, and that what is not finished is kept as it was typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from tests.workflows.stepforms.posting import again, definition, read

RISK: dict[str, Any] = {"kind": "agent", "agent": "demo.risk", "input": {"country": "DE"}}
TEST = {"field": "${inputs.amount}", "op": ">=", "value": 70}
EMPTY = {"field": "", "op": "="}


def step(**changes: Any) -> dict[str, Any]:
    return definition(first=RISK, second={"kind": "stop", **changes}, third={"kind": "stop"})


def test_a_condition_is_added_to_a_step_that_always_ran() -> None:
    assert again(step(), "second", act="add-test - s.when")["when"] == {"all": [EMPTY]}


def test_a_lone_comparison_becomes_a_group_when_another_is_added() -> None:
    assert again(step(when=TEST), "second", act="add-test - s.when")["when"] == {"all": [TEST, EMPTY]}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("add-test - s.when.1", {"all": [TEST, {"any": [TEST, TEST, EMPTY]}]}),
        ("add-group - s.when", {"all": [TEST, {"any": [TEST, TEST]}, {"any": [EMPTY]}]}),
        ("remove 0 s.when", {"all": [{"any": [TEST, TEST]}]}),
        ("remove 1 s.when.1", {"all": [TEST, {"any": [TEST]}]}),
        ("word none s.when.1", {"all": [TEST, {"none": [TEST, TEST]}]}),
        ("drop - s.when", None),
        ("remove 9 s.when", {"all": [TEST, {"any": [TEST, TEST]}]}),
        ("remove x s.when", {"all": [TEST, {"any": [TEST, TEST]}]}),
        ("nonsense", {"all": [TEST, {"any": [TEST, TEST]}]}),
    ],
)
def test_groups_of_conditions_change_by_their_buttons(act: str, expected: Any) -> None:
    whole = step(when={"all": [TEST, {"any": [TEST, TEST]}]})
    assert again(whole, "second", act=act).get("when") == expected


@pytest.mark.parametrize(
    ("op", "value"),
    [("in", [70]), ("between", [70, ""]), ("<", 70), ("is empty", None)],
)
def test_another_operator_keeps_what_was_compared_as_far_as_it_takes_it(op: str, value: Any) -> None:
    made = again(step(when=TEST), "second", when__op=op)["when"]
    assert made == {"field": TEST["field"], "op": op, **({"value": value} if value is not None else {})}


def test_another_field_keeps_the_operator_and_what_was_typed() -> None:
    made = again(step(when=TEST), "second", when__field="${inputs.day}")["when"]
    assert made == {**TEST, "field": "${inputs.day}"}


@pytest.mark.parametrize(
    ("changes", "place", "kept"),
    [
        ({"retry__attempts": "many"}, "retry", {"attempts": "many"}),
        ({"retry__delay": "a while"}, "retry", {"attempts": 2, "delay": "a while"}),
        ({"timeout": "soon"}, "timeout", "soon"),
        ({"when__value": "12x"}, "when", {**TEST, "value": "12x"}),
        ({"when__field": ""}, "when", {**TEST, "field": ""}),
    ],
)
def test_what_cannot_be_right_is_kept_as_it_was_typed(changes: dict[str, str], place: str, kept: Any) -> None:
    assert again(step(when=TEST, retry={"attempts": 2}), "second", **changes)[place] == kept


def test_the_steps_before_are_said_once_one_is_added() -> None:
    assert again(step(), "third", after__new="first")["after"] == ["second", "first"]
    assert "after" not in again(step(), "third")


@pytest.mark.parametrize(
    ("act", "after"),
    [("remove 0 s.after", ["second"]), ("imply - s.after", None), ("up 1 s.after", ["second", "first"])],
)
def test_the_steps_before_change_by_their_buttons(act: str, after: Any) -> None:
    whole = definition(first=RISK, second={"kind": "stop"}, third={"kind": "stop", "after": ["first", "second"]})
    assert again(whole, "third", act=act).get("after") == after


def test_removing_what_only_the_order_told_says_that_nothing_comes_before() -> None:
    assert again(step(), "second", act="remove 0 s.after")["after"] == []


@pytest.mark.parametrize(
    ("was", "mode", "becomes"),
    [
        ("DE", "from", "${}"),
        ("DE", "computed", {"$cel": '"DE"'}),
        ("${inputs.country}", "computed", {"$cel": "inputs.country"}),
        ("${inputs.country}", "choice", ""),
    ],
)
def test_a_value_is_given_in_another_way(was: Any, mode: str, becomes: Any) -> None:
    whole = definition(first={**RISK, "input": {"country": was}})
    assert again(whole, "first", input__f__country__mode=mode)["input"] == {"country": becomes}


def test_what_an_agent_takes_is_given_by_type() -> None:
    whole = definition(first=RISK)
    made = again(whole, "first", input__f__amount="12.5", input__f__note="12.5", input__f__day="2026-03-01")
    assert made["input"] == {"country": "DE", "amount": 12.5, "note": "12.5", "day": "2026-03-01"}
    assert "input" not in again(whole, "first", input__f__country="")


def test_what_another_agent_does_not_take_is_kept_until_it_is_removed() -> None:
    whole = definition(first={**RISK, "input": {"country": "DE", "iban": "x"}})
    assert again(whole, "first")["input"] == {"country": "DE", "iban": "x"}
    assert again(whole, "first", act="remove 0 s.input")["input"] == {"country": "DE"}


def test_data_that_cannot_be_read_is_kept_and_lets_no_check_pass() -> None:
    whole = definition(first={"kind": "transform", "set": {"x": {"$round": ["${inputs.amount}", 2]}}})
    made = again(whole, "first", set__0__v="$round: [")
    assert made["set"] == {"x": {"$data": "$round: ["}}
    assert again(definition(first=made), "first")["set"] == made["set"]
    assert again(definition(first=made), "first", set__0__v="$round: [1]")["set"] == {"x": {"$round": [1]}}


def test_rows_of_names_and_values_are_added_named_and_moved() -> None:
    whole = definition(first={"kind": "transform", "set": {"x": 1, "y": 2}})
    assert again(whole, "first", act="add - s.set")["set"] == {"x": 1, "y": 2, "new": ""}
    assert list(again(whole, "first", act="up 1 s.set")["set"]) == ["y", "x"]
    assert again(whole, "first", set__0__k="total")["set"] == {"total": 1, "y": 2}
    assert again(whole, "first", set__0__k="y")["set"] == {"y": 1, "y_2": 2}


def test_a_value_is_inserted_into_a_text() -> None:
    whole = step(reason="Too much: ")
    assert again(whole, "second", act="insert - s.reason", reason__insert="${inputs.amount}")["reason"] == (
        "Too much: ${inputs.amount}"
    )


def test_what_happens_after_the_last_try_takes_what_belongs_to_it() -> None:
    whole = step(on_error={"do": "go", "to": "third"})
    assert again(whole, "second")["on_error"] == {"do": "go", "to": "third"}
    assert again(whole, "second", on_error__do="continue")["on_error"] == {"do": "continue"}
    assert again(whole, "second", on_error__do="fail").get("on_error") is None


def test_groups_that_need_not_be_there_are_added_and_dropped() -> None:
    assert again(step(), "second", act="set - s.for_each")["for_each"] == {}
    assert again(step(), "second", act="set - s.retry")["retry"] == {}
    assert "retry" not in again(step(retry={"attempts": 2}), "second", act="drop - s.retry")


def test_what_no_field_is_for_stays() -> None:
    whole = step(misspelt=5, retry="often", when={"all": [TEST], "any": []})
    assert again(whole, "second") == {
        "kind": "stop",
        "misspelt": 5,
        "retry": "often",
        "when": whole["steps"]["second"]["when"],
    }


def test_a_step_of_no_kind_is_kept_and_changed_as_yaml() -> None:
    whole = definition(first={"kind": "gone", "x": 1})
    assert again(whole, "first") == {"kind": "gone", "x": 1}
    data = QueryDict("s.yaml=kind: stop")
    assert read(whole, "first", data) == {"kind": "stop"}


def test_what_is_not_posted_stays_as_it_is() -> None:
    whole = step(when=TEST, retry={"attempts": 2}, reason="x")
    assert read(whole, "second", QueryDict()) == whole["steps"]["second"]
    assert read(whole, "second", QueryDict("s.title=Stop"))["title"] == "Stop"
