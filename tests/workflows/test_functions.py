"""Functions of values that look at lists: what they give, and what a definition knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.errors import InvalidInput
from apps.common.operators import OPERATORS
from apps.workflows.checking import Signature, definition_check
from apps.workflows.definition import definition_parse
from apps.workflows.values import value_compile

ITEMS = [{"item": "Tea", "change": 4}, {"item": "Soup", "change": 31.5}, {"item": "Milk"}, "none"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=12,
)


class NoCatalogue:
    def agent(self, key: str) -> Signature | None:
        return None

    def workflow(self, name: str) -> Signature | None:
        return None

    def strangers(self, addresses: Iterable[str]) -> set[str]:
        return set()


def value(call: dict[str, Any], **inputs: Any) -> Any:
    return value_compile(call)({"inputs": inputs})


@pytest.mark.parametrize(
    ("test", "names"),
    [
        (["change", ">", 10], ["Soup"]),
        (["change", "between", [0, 40]], ["Tea", "Soup"]),
        (["item", "in", ["Milk", "Tea"]], ["Tea", "Milk"]),
        (["change", "is empty"], ["Milk"]),
        (["item", "=", "${inputs.item}"], ["Tea"]),
    ],
)
def test_items_are_chosen_by_the_comparisons_of_conditions(test: list[Any], names: list[str]) -> None:
    found = value({"$where": ["${inputs.items}", *test]}, items=ITEMS, item="Tea")
    assert [each["item"] for each in found] == names


def test_an_unknown_comparison_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'~' compares nothing: use one of =, !="):
        value({"$where": [[], "change", "~", 1]})


def test_a_list_is_sorted_by_itself_or_by_a_field_either_way() -> None:
    assert value({"$sort": [[3, 1.5, 2]]}) == [1.5, 2, 3]
    assert value({"$sort": [["b", "a"], "-"]}) == ["b", "a"]
    assert value({"$sort": [ITEMS[:2], "-change"]}) == [ITEMS[1], ITEMS[0]]


@pytest.mark.parametrize("items", [[1, "a"], ITEMS[:3], [True, False], [None]])
def test_what_has_no_order_is_not_sorted(items: list[Any]) -> None:
    with pytest.raises(ValueError, match="have an order"):
        value({"$sort": [items, "change"]} if isinstance(items[0], dict) else {"$sort": [items]})


@pytest.mark.parametrize("limits", [[], [1], [1, 2, 3], 7, None])
def test_what_is_no_range_holds_nothing(limits: Any) -> None:
    items = [{"size": 1}, {"size": None}]
    assert value({"$where": ["${inputs.items}", "size", "between", "${inputs.other}"]}, items=items, other=limits) == []


@given(JSON, st.sampled_from(["a", "b"]), st.sampled_from(list(OPERATORS)), JSON)
def test_choosing_and_sorting_give_a_list_or_say_why_not(items: Any, field: str, operator: str, other: Any) -> None:
    calls = {"$where": ["${inputs.items}", field, operator, "${inputs.other}"]}, {"$sort": ["${inputs.items}", field]}
    for call in calls:
        with suppress(ValueError):  # and nothing else
            assert isinstance(value(call, items=items, other=other), list)


def test_what_is_known_of_items_is_known_of_those_that_are_chosen() -> None:
    steps = {
        "each": {
            "kind": "transform",
            "for_each": {"items": "${inputs.items}"},
            "set": {"item": "${item}", "size": 1},
        },
        "large": {
            "kind": "transform",
            "for_each": {"items": {"$sort": [{"$where": ["${steps.each}", "size", ">", 0]}, "-size"]}},
            "set": {"item": "${item.itme}"},
        },
    }
    definition = definition_parse(
        {"name": "test", "title": "Test", "inputs": {"items": {"type": "list"}}, "steps": steps}
    )
    with pytest.raises(InvalidInput) as refused:
        definition_check(definition, NoCatalogue())
    [issue] = refused.value.issues
    assert issue.path == "steps.large.set.item"
    assert "has no field `itme`; it has item, size" in issue.message
