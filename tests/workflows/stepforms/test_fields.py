"""The form of what a workflow takes, and of what whoever says yes fills in."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from lxml import html

from apps.common.errors import Issue
from apps.workflows.stepforms import fields_form, fields_read
from apps.workflows.stepforms.nodes import Node
from tests.workflows.stepforms.posting import WHO, posted

INPUTS: dict[str, Any] = {
    "amount": {"type": "number", "title": "Amount", "minimum": 0, "example": 12.5},
    "country": {"type": "choice", "choices": ["DE", "FR"], "required": False, "default": "DE"},
    "urgent": {"type": "boolean", "default": True},
    "lines": {"type": "list", "example": [{"sku": "A"}]},
}


def page_of(made: Node) -> html.HtmlElement:
    return html.fromstring(f"<form>{render_to_string(made.template, {'node': made})}</form>")


def again(given: Any, *, act: str = "", **changes: str) -> Any:
    data = posted(page_of(fields_form(given, who=WHO)))
    for path, value in changes.items():
        data[f"i.{path.replace('__', '.')}"] = value
    if act:
        data["act"] = act
    return fields_read(data, given, who=WHO)


def test_inputs_that_nobody_touched_stay_as_they_are() -> None:
    assert again(INPUTS) == INPUTS
    assert again({}) == {}


@pytest.mark.parametrize(
    ("act", "names"),
    [
        ("add - i", ["amount", "country", "urgent", "lines", "new"]),
        ("remove 1 i", ["amount", "urgent", "lines"]),
        ("down 0 i", ["country", "amount", "urgent", "lines"]),
        ("up 0 i", ["amount", "country", "urgent", "lines"]),
    ],
)
def test_inputs_are_added_removed_and_moved(act: str, names: list[str]) -> None:
    assert list(again(INPUTS, act=act)) == names


def test_a_new_input_is_a_text_and_can_be_read() -> None:
    assert again({}, act="add - i") == {"new": {"type": "text"}}


def test_an_input_is_renamed_and_given_another_type_which_takes_what_belongs_to_it() -> None:
    made = again(INPUTS, **{"0__k": "total", "0__v__type": "text"})
    assert list(made) == ["total", "country", "urgent", "lines"]
    assert made["total"] == {"type": "text", "title": "Amount", "example": 12.5}


def test_defaults_are_of_the_type_of_the_input() -> None:
    typed = {"0__v__default": "7", "1__v__default": "7", "2__v__default": "false", "3__v__default__yaml": "[1, 2]"}
    made = again(INPUTS, **typed)
    assert [each["default"] for each in made.values()] == [7, "7", False, [1, 2]]


def test_choices_are_rows_of_their_own() -> None:
    assert again(INPUTS, act="add - i.1.v.choices")["country"]["choices"] == ["DE", "FR", ""]
    assert again(INPUTS, act="remove 0 i.1.v.choices")["country"]["choices"] == ["FR"]
    assert again(INPUTS, **{"1__v__choices__1": "IT"})["country"]["choices"] == ["DE", "IT"]


def test_what_is_no_mapping_of_inputs_is_kept_as_yaml() -> None:
    assert again("amount") == "amount"


def test_what_is_wrong_stands_at_its_field() -> None:
    issues = [Issue(path="inputs.amount.minimum", message="Too low."), Issue(path="steps.a", message="Other.")]
    made = fields_form(INPUTS, who=WHO, issues=issues)
    assert [(node.place, node.error) for node in made.every() if node.error] == [("inputs.amount.minimum", "Too low.")]
