"""Shapes of data that a person describes by a form: a list of fields becomes a model, so that what is entered and what
comes out is checked as strictly as where a program declares it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, Field, FiniteFloat, create_model, model_validator

from apps.common.schemas import StrictModel, Table

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["unit_price"])]
Said = Annotated[str, Field(min_length=1, max_length=200)]
MOST_FIELDS: Final = 40
MOST_CHOICES: Final = 50
LONGEST: Final = 40_000
"""Characters of the longest text."""
_TEXT: Final = 200


class _Described(StrictModel):
    """What is said of a field of any kind."""

    name: Name = Field(title="Name", description="Small letters, figures and `_`: as prompts and programs call it.")
    title: str = Field(default="", max_length=80, description="What people call it; empty: made of the name.")
    help: str = Field(default="", max_length=300, description="What it holds: for people and for models.")
    required: bool = Field(default=True, title="Has to be there")
    personal: bool = Field(
        default=False, title="Personal", description="It is about a person: it is masked before a model is asked."
    )

    @property
    def said(self) -> dict[str, Any]:
        """What its schema says besides its type."""
        told: dict[str, Any] = {"title": self.title or self.name.replace("_", " ").capitalize()}
        if self.help:
            told["description"] = self.help
        if self.personal:
            told["json_schema_extra"] = {"personal": True}
        return told


class TextField(_Described):
    """A line of text."""

    kind: Literal["text"]
    longest: int = Field(default=_TEXT, ge=1, le=500, title="Characters at most")
    default: str = Field(default="", max_length=500, title="Unless something else is said")

    def typed(self) -> Any:
        return Annotated[str, Field(max_length=self.longest)]


class LongTextField(_Described):
    """Text of several lines."""

    kind: Literal["long_text"]
    longest: int = Field(default=8_000, ge=1, le=LONGEST, title="Characters at most")

    def typed(self) -> Any:
        return Annotated[str, Field(max_length=self.longest, json_schema_extra={"long": True})]


class FileTextField(_Described):
    """The text of a file: a letter, a report, a log, put in as it is."""

    kind: Literal["file_text"]
    longest: int = Field(default=LONGEST, ge=1, le=LONGEST, title="Characters at most")

    def typed(self) -> Any:
        return Annotated[str, Field(max_length=self.longest, json_schema_extra={"long": True})]


class WholeNumberField(_Described):
    """A whole number."""

    kind: Literal["integer"]
    unit: str = Field(default="", max_length=20)
    least: int | None = Field(default=None, title="At least")
    most: int | None = Field(default=None, title="At most")
    default: int | None = Field(default=None, title="Unless something else is said")

    def typed(self) -> Any:
        return Annotated[int, Field(ge=self.least, le=self.most, json_schema_extra=_unit(self.unit))]


class NumberField(_Described):
    """A number."""

    kind: Literal["number"]
    unit: str = Field(default="", max_length=20)
    least: FiniteFloat | None = Field(default=None, title="At least")
    most: FiniteFloat | None = Field(default=None, title="At most")
    default: FiniteFloat | None = Field(default=None, title="Unless something else is said")

    def typed(self) -> Any:
        return Annotated[FiniteFloat, Field(ge=self.least, le=self.most, json_schema_extra=_unit(self.unit))]


class YesNoField(_Described):
    """Yes or no."""

    kind: Literal["flag"]
    default: bool | None = Field(default=None, title="Unless something else is said")

    def typed(self) -> Any:
        return bool


class ChoiceField(_Described):
    """One of a few."""

    kind: Literal["choice"]
    choices: list[Said] = Field(min_length=1, max_length=MOST_CHOICES, description="What there is to choose from.")
    default: str = Field(default="", max_length=200, title="Unless something else is said")

    @model_validator(mode="after")
    def each_once(self) -> Self:
        if len(set(self.choices)) < len(self.choices):
            raise ValueError(f"{self.name}: each choice is there once.")
        return self

    def typed(self) -> Any:
        return Literal[tuple(self.choices)]


class DateField(_Described):
    """A day."""

    kind: Literal["date"]

    def typed(self) -> Any:
        return datetime.date


Simple = Annotated[
    TextField | WholeNumberField | NumberField | YesNoField | ChoiceField | DateField, Field(discriminator="kind")
]


class ListField(_Described):
    """A list of texts."""

    kind: Literal["list"]
    most: int = Field(default=20, ge=1, le=200, title="Entries at most")
    longest: int = Field(default=_TEXT, ge=1, le=2_000, title="Characters of each at most")

    def typed(self) -> Any:
        item = Annotated[str, Field(max_length=self.longest)]
        return Annotated[list[item], Field(max_length=self.most)]


class TableField(_Described):
    """Rows with columns."""

    kind: Literal["table"]
    columns: list[Simple] = Field(min_length=1, max_length=20, description="What stands in each row.")
    most: int = Field(default=50, ge=1, le=500, title="Rows at most")

    @model_validator(mode="after")
    def names_once(self) -> Self:
        refuse_doubles(self.columns)
        return self

    def typed(self) -> Any:
        row = model_of(f"Row of {self.name}", self.columns)
        return Annotated[list[row], Field(max_length=self.most)]  # type: ignore[valid-type]


class DatasetField(_Described):
    """An uploaded table, chosen or uploaded with the input."""

    kind: Literal["dataset"]

    def typed(self) -> Any:
        return Table


Given = Annotated[
    TextField
    | LongTextField
    | WholeNumberField
    | NumberField
    | YesNoField
    | ChoiceField
    | DateField
    | ListField
    | TableField
    | DatasetField
    | FileTextField,
    Field(discriminator="kind"),
]
"""A field that something is entered in."""
Made = Annotated[
    TextField
    | LongTextField
    | WholeNumberField
    | NumberField
    | YesNoField
    | ChoiceField
    | DateField
    | ListField
    | TableField,
    Field(discriminator="kind"),
]
"""A field that something comes out in."""
AnyField = (
    TextField
    | LongTextField
    | WholeNumberField
    | NumberField
    | YesNoField
    | ChoiceField
    | DateField
    | ListField
    | TableField
    | DatasetField
    | FileTextField
)
FREE: Final = ("text", "long_text", "file_text", "list", "table", "dataset")
"""Kinds that hold words of whoever fills them in."""


def model_of(name: str, fields: Sequence[AnyField], **more: Any) -> type[BaseModel]:
    """The model of these fields, with `more` as `create_model` takes it. It refuses what is not declared.

    Raises `ValueError` for a default that its own field does not take, or for two fields of a name.
    """
    refuse_doubles(fields)
    made: type[BaseModel] = create_model(
        name, __base__=StrictModel, **{each.name: _declared(each) for each in fields}, **more
    )
    defaults = {each.name: value for each in fields if (value := getattr(each, "default", None)) not in (None, "")}
    for each, value in defaults.items():
        try:
            made.__pydantic_validator__.validate_assignment(made.model_construct(), each, value)
        except ValueError as error:
            raise ValueError(
                f"{each}: what it is unless something else is said, {value!r}, is not one of its values."
            ) from error
    return made


def refuse_doubles(fields: Sequence[AnyField]) -> None:
    """Raise `ValueError` where two fields have one name."""
    seen = set[str]()
    for each in fields:
        if each.name in seen:
            raise ValueError(f"{each.name}: there are two fields of this name; give one of them another.")
        seen.add(each.name)


def _declared(field: AnyField) -> Any:
    default = getattr(field, "default", None)
    if default not in (None, ""):
        return field.typed(), Field(default=default, **field.said)
    if field.required:
        return field.typed(), Field(**field.said)
    return field.typed() | None, Field(default=None, **field.said)


def _unit(unit: str) -> dict[str, Any] | None:
    return {"unit": unit} if unit else None
