"""Forms from models: the form renders, the model validates."""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from apps.agents import fields
from apps.common.errors import Issue
from apps.common.schemas import Table


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "very_fast"


class Everything(BaseModel):
    table: Table
    count: int = Field(default=3, ge=1, le=9, description="How many.")
    share: float | None = None
    speed: Speed = Speed.SLOW
    day: date | None = None
    careful: bool = True
    name: str
    nested: dict[str, int] = {}


def by_name() -> dict[str, fields.Field]:
    return {each.name: each for each in fields.fields_of(Everything, skip=["table"])}


def test_every_scalar_becomes_a_field_of_its_kind_and_nothing_else_does() -> None:
    kinds = {name: each.kind for name, each in by_name().items()}
    assert kinds == {
        "count": "integer",
        "share": "number",
        "speed": "choice",
        "day": "date",
        "careful": "flag",
        "name": "text",
    }


def test_limits_help_default_and_choices_come_from_the_model() -> None:
    count, speed = by_name()["count"], by_name()["speed"]
    assert (count.minimum, count.maximum, count.value, count.help) == (1, 9, "3", "How many.")
    assert speed.choices == [("slow", "Slow"), ("very_fast", "Very fast")]
    assert by_name()["name"].required
    assert not count.required


def test_what_was_entered_and_what_was_wrong_stay_in_the_form() -> None:
    filled = fields.fill(list(by_name().values()), {"count": "many"}, [Issue(path="count", message="Not a number")])
    count = next(each for each in filled if each.name == "count")
    assert (count.value, count.error) == ("many", "Not a number")


names = st.text("abcdefg_", min_size=1, max_size=6)
inputs = st.recursive(
    st.text("abc 123", min_size=1), lambda inner: st.dictionaries(names, inner, min_size=1, max_size=4), max_leaves=12
).filter(lambda value: isinstance(value, dict))


@given(inputs)
def test_flattening_an_input_and_nesting_it_again_gives_the_same(data: dict[str, object]) -> None:
    assert fields.nest(fields.flat(data)) == data


def test_an_empty_value_leaves_the_default_of_the_model_in_force() -> None:
    assert fields.nest({"horizon": "", "history.dataset": "x"}) == {"history": {"dataset": "x"}}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_for_people_says_the_same(value: object) -> None:
    assert json.loads(fields.json_text(value)) == value


def test_json_for_people_has_a_row_of_a_table_on_a_line() -> None:
    text = fields.json_text({"table": {"rows": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, "steps": 3})
    assert text.count("\n") == 8
    assert '      {"a": 1, "b": 2},\n' in text


def test_merging_keeps_what_stands_beside() -> None:
    base = {"table": {"rows": [1], "columns": {"a": "x"}}, "steps": 3}
    over = {"table": {"columns": {"b": "y"}}, "steps": 4, "mood": "calm"}
    assert fields.merge(base, over) == {
        "table": {"rows": [1], "columns": {"a": "x", "b": "y"}},
        "steps": 4,
        "mood": "calm",
    }


def test_only_an_input_without_lists_fits_a_form() -> None:
    assert fields.is_flat({"a": 1, "b": {"c": "x"}})
    assert not fields.is_flat({"a": {"rows": []}})
