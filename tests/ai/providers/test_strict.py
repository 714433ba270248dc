"""Schemas in their strict form, and answers without what only strictness asked for."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from apps.ai.wire.strict import strict, without_fillers


class Line(BaseModel):
    item: str = Field(min_length=1, description="What is bought.")
    note: str | None = None


class Letter(BaseModel):
    kind: Literal["letter"] = "letter"
    lines: list[Line]


class Memo(BaseModel):
    kind: Literal["memo"]
    text: str


class Order(BaseModel):
    lines: list[Line]
    paper: Letter | Memo | None = Field(default=None, discriminator="kind")
    size: Literal["S", "L"] = "S"
    share: float = Field(default=0.5, ge=0, le=1)


def objects(schema: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(schema, dict):
        found += [schema] if "properties" in schema and isinstance(schema.get("required"), list) else []
        found += [each for value in schema.values() for each in objects(value)]
    if isinstance(schema, list):
        found += [each for value in schema for each in objects(value)]
    return found


def test_every_property_is_required_and_no_other_is_allowed() -> None:
    made = strict(Order.model_json_schema())
    assert made is not None
    every = objects(made)
    assert len(every) == 4
    assert all(each["required"] == list(each["properties"]) for each in every)
    assert all(each["additionalProperties"] is False for each in every)
    assert "default" not in str(made)
    assert "minLength" not in str(made)
    assert made["properties"]["share"] == {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"any": {}}, "required": ["any"]},
        {"type": "object", "properties": {"far": {"$ref": "https://example.org/schema"}}},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "properties": {"list": {"type": "array"}}},
        {"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}},
    ],
)
def test_what_strictness_cannot_say_has_no_strict_form(schema: dict[str, Any]) -> None:
    assert strict(schema) is None


def test_nulls_that_stand_for_nothing_are_taken_out_and_others_stay() -> None:
    answer = {
        "lines": [{"item": "A1", "note": None}],
        "paper": {"kind": "letter", "lines": [{"item": "B2", "note": "red"}, {"item": "C3", "note": None}]},
        "size": None,
        "share": None,
    }
    plain = without_fillers(answer, Order.model_json_schema())
    assert plain == {
        "lines": [{"item": "A1"}],
        "paper": {"kind": "letter", "lines": [{"item": "B2", "note": "red"}, {"item": "C3"}]},
    }
    assert Order.model_validate(plain).size == "S"


def test_a_null_that_is_required_stays() -> None:
    schema = {
        "type": "object",
        "properties": {"due": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["due"],
    }
    assert without_fillers({"due": None}, schema) == {"due": None}
