from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from apps.agents.evaluations.facts import Fact, is_like, judge

FACTS: dict[str, Any] = {
    "output": {
        "items": [{"name": "a", "tags": ["x", "y"], "n": 3}, {"name": "b", "tags": [], "n": None}],
        "rate": 0.25,
    },
    "decision": {"verdict": "hold", "score": 0.7},
    "problem": None,
}


@pytest.mark.parametrize(
    ("path", "op", "value", "holds"),
    [
        ("decision.verdict", "=", "hold", True),
        ("decision.verdict", "in", ["pass", "hold"], True),
        ("decision.verdict", "in", ["pass"], False),
        ("output.items[0].tags", "contains", "y", True),
        ("output.items[0].n", ">=", 3, True),
        ("output.items[0].n", "<=", 2, False),
        ("output.items[1].n", "is empty", None, True),
        ("output.items[9].n", "is empty", None, True),
        ("output.items[9].n", "=", 3, False),
        ("problem.code", "is empty", None, True),
        ("output.items", "has", {"name": "a", "tags": ["y"]}, True),
        ("output.items", "has", {"name": ["a", "c"], "n": 3}, True),
        ("output.items", "has", {"name": "a", "tags": ["z"]}, False),
        ("output.items", "has no", {"name": "c"}, True),
        ("output.items", "has no", {"name": "b"}, False),
        ("output.rate", "has", 0.25, False),
        ("output.rate", "has no", 0.25, False),
    ],
)
def test_a_fact_holds_or_does_not(path: str, op: str, value: Any, holds: bool) -> None:
    assert judge(Fact.model_validate({"path": path, "op": op, "value": value}), FACTS).holds is holds


@pytest.mark.parametrize(("within", "holds"), [(0.06, True), (0.04, False), (0, False)])
def test_a_number_may_be_near(within: float, holds: bool) -> None:
    assert judge(Fact(path="output.rate", value=0.3, within=within), FACTS).holds is holds


def test_what_is_no_number_is_near_to_none() -> None:
    assert not judge(Fact(path="decision.verdict", value=1, within=1e9), FACTS).holds


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        ({"path": "result.x", "value": 1}, "begins with"),
        ({"path": "output..x", "value": 1}, "begins with"),
        ({"path": "output.x", "op": "between", "value": 1}, "list of two"),
        ({"path": "output.x", "op": "is empty", "value": 1}, "leave the value out"),
        ({"path": "output.x", "op": "in", "value": 1}, "takes a list"),
        ({"path": "output.x", "op": ">", "value": 1, "within": 1}, "goes with"),
        ({"path": "output.x", "value": "a", "within": 1}, "goes with"),
        ({"path": "output.x", "value": 1, "weight": 0}, "greater than 0"),
        ({"path": "output.x", "op": "is", "value": 1}, "Input should be"),
        ({"path": "output.x", "value": 1, "must_not": True}, "not permitted"),
    ],
)
def test_a_fact_that_cannot_be_is_refused(fact: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Fact.model_validate(fact)


def test_a_fact_is_told_in_a_line_with_what_was_found() -> None:
    found = judge(Fact(path="output.rate", value=0.3, within=0.1), FACTS)
    assert (found.text, found.found) == ("output.rate = 0.3 ± 0.1", "0.25")
    assert judge(Fact(path="output.none", op="is empty"), FACTS).text == "output.none is empty"


def test_of_a_list_that_is_told_that_matters_which_the_fact_speaks_of() -> None:
    found = judge(Fact(path="output.items", op="has", value={"name": "c"}), FACTS)
    assert (found.holds, found.found) == (False, '[{"name": "a"}, {"name": "b"}]')


def test_long_findings_are_cut() -> None:
    assert len(judge(Fact(path="output", op="is not empty"), {"output": ["x" * 1000]}).found) == 300


def test_truth_is_no_number() -> None:
    assert not is_like({"a": True}, {"a": 1})
    assert is_like({"a": 1.0}, {"a": 1})
