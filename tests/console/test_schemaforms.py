"""Forms from models: whatever a model takes can be shown, sent and read again; nothing that was entered is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from tests.console.forms import round_trip


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "very_fast"


class Level(IntEnum):
    ONE = 1
    TWO = 2


class Dose(BaseModel):
    drug: str
    dose: float | None = Field(default=None, gt=0, json_schema_extra={"unit": "mg"})
    when: Literal["morning", "evening"] = "morning"
    needed: bool = False


class Address(BaseModel):
    city: str
    zip: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Order(BaseModel):
    title: str
    lines: list[Dose] = []
    to: Address | None = None


# ------------------------------------------------------------------------------------------------------- any value

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=12)
lines = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False)
json_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | floats | lines
doses = st.builds(
    Dose,
    drug=texts.filter(str.strip),
    dose=st.none() | st.floats(min_value=0.001, max_value=1e9),
    when=st.sampled_from(["morning", "evening"]),
    needed=st.booleans(),
)
addresses = st.builds(Address, city=texts.filter(str.strip), zip=st.none() | texts)
pets = st.builds(Cat, lives=st.integers(0, 99)) | st.builds(Dog, name=texts.filter(str.strip))
orders = st.builds(Order, title=texts.filter(str.strip), lines=st.lists(doses, max_size=3), to=st.none() | addresses)
Long = Annotated[str, Field(max_length=5_000)]
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, texts),
    (Long, lines),
    (int, st.integers()),
    (float, floats),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (Speed, st.sampled_from(Speed)),
    (Level, st.sampled_from(Level)),
    (Literal["one"], st.just("one")),
    (date, st.dates()),
    (time, st.times()),
    (datetime, st.datetimes(timezones=st.just(UTC)) | st.datetimes()),
    (timedelta, st.timedeltas(timedelta(days=-999), timedelta(days=999))),
    (Dose, doses),
    (Order, orders),
    (dict[str, int], st.dictionaries(lines, st.integers(-(2**53), 2**53), max_size=3)),
    (Any, st.recursive(json_leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=5)),
    (int | str, st.integers() | texts.filter(lambda text: not text.strip().isdecimal())),
    (list[str] | str, st.lists(texts.filter(str.strip), max_size=3) | texts),
    (Annotated[Cat | Dog, Field(discriminator="kind")], pets),
]


@st.composite
def models(draw: st.DrawFn) -> tuple[type[BaseModel], dict[str, Any]]:
    """A model of any fields, and a value for each."""
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 5))):
        annotation, strategy = draw(st.sampled_from(LEAVES))
        values_of = strategy
        if draw(st.booleans()) and annotation not in {Any}:
            many = strategy.filter(lambda value: not isinstance(value, str) or bool(value.strip()))
            annotation, values_of = list[annotation], st.lists(many, max_size=3)  # type: ignore[valid-type]
        if draw(st.booleans()) and annotation is not Any:
            annotation, values_of = annotation | None, st.none() | values_of
        name = f"f{number}"
        given = draw(values_of)
        default = draw(st.sampled_from([..., None] if type(None) in getattr(annotation, "__args__", ()) else [...]))
        fields[name] = (
            annotation,
            default if draw(st.booleans()) else draw(values_of) if given is not None else default,
        )
        values[name] = given
    return create_model("Made", **fields), values


@settings(max_examples=150)
@given(models())
def test_any_value_of_any_model_is_the_same_after_it_was_shown_and_sent(made: tuple[Any, dict[str, Any]]) -> None:
    model, values = made
    whole = model(**values)
    again = model.model_validate(round_trip(model, whole.model_dump(mode="json")))
    assert again == whole
