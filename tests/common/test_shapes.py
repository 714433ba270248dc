"""Models that are made of fields by a form."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from apps.ai.masking.values import personal_values
from apps.common.shapes import Given, model_of

FIELDS: TypeAdapter[list[Given]] = TypeAdapter(list[Given])


def made(*fields: dict[str, Any]) -> Any:
    return model_of("Made", FIELDS.validate_python([{"name": "it", **each} for each in fields]))


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ({"kind": "text", "longest": 3}, "abc", "abcd"),
        ({"kind": "long_text"}, "a\nb", 7),
        ({"kind": "file_text"}, "text", None),
        ({"kind": "integer", "least": 1, "most": 3}, 3, 4),
        ({"kind": "number", "least": 0}, 0.5, -1),
        ({"kind": "number"}, 1.5, float("nan")),
        ({"kind": "flag"}, True, "perhaps"),
        ({"kind": "choice", "choices": ["a", "b"]}, "a", "c"),
        ({"kind": "date"}, "2026-11-25", "25th"),
        ({"kind": "list", "most": 2}, ["a", "b"], ["a", "b", "c"]),
        ({"kind": "table", "columns": [{"kind": "text", "name": "a"}]}, [{"a": "x"}], [{"b": "x"}]),
        ({"kind": "dataset"}, {"rows": [{"a": 1}]}, {}),
    ],
)
def test_each_kind_takes_what_it_says_and_nothing_else(field: dict[str, Any], right: Any, wrong: Any) -> None:
    model = made(field)
    assert model.model_validate({"it": right}).it is not None
    with pytest.raises(ValidationError):
        model.model_validate({"it": wrong})
    with pytest.raises(ValidationError):
        model.model_validate({})


def test_what_need_not_be_there_is_nothing_or_what_it_is_unless_something_else_is_said() -> None:
    assert made({"kind": "text", "required": False}).model_validate({}).it is None
    assert made({"kind": "integer", "default": 4}).model_validate({}).it == 4


def test_fields_of_one_name_and_defaults_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="it: there are two fields"):
        made({"kind": "text"}, {"kind": "date"})
    with pytest.raises(ValueError, match="it: what it is unless"):
        made({"kind": "choice", "choices": ["a"], "default": "b"})


def test_what_is_personal_is_known_where_it_stands_in_a_table_too() -> None:
    columns = [{"kind": "text", "name": "who", "personal": True}, {"kind": "text", "name": "what"}]
    model = made({"kind": "table", "columns": columns})
    assert personal_values({"it": [{"who": "Ada", "what": "tea"}]}, model) == ("Ada",)


def test_units_and_words_stand_in_the_schema() -> None:
    schema = made({"kind": "number", "unit": "EUR", "help": "Before tax"}).model_json_schema()
    assert schema["properties"]["it"]["unit"] == "EUR"
    assert schema["properties"]["it"]["description"] == "Before tax"
