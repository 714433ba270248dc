"""What is entered of models, by form and over the API alike."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from apps.common.schemas import StrictModel

_LARGEST: Final = 9_999_999
_STEP: Final = Decimal("0.0001")


def _price(value: Decimal) -> Decimal:
    return value.quantize(_STEP, ROUND_HALF_UP)


Price = Annotated[
    Decimal,
    Field(ge=0, le=_LARGEST),
    AfterValidator(_price),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": _LARGEST}),
]
"""Per million tokens, to the fourth decimal."""
NAME: Final = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
"""Printable, and not of spaces alone."""


class ModelSettings(StrictModel):
    """What a model costs, and how much it takes."""

    context: int = Field(
        default=32_000,
        ge=256,
        le=100_000_000,
        description="Tokens that a request and its answer may have together, as the provider says.",
    )
    longest_answer: int = Field(default=4_096, ge=1, le=10_000_000, description="Tokens that an answer may have.")
    price_input: Price = Field(
        default=Decimal(0),
        json_schema_extra={"default": 0},
        description="For a million tokens of input. 0: not counted.",
    )
    price_cached: Price | None = Field(
        default=None, description="For a million tokens of input that the provider had kept. Empty: as other input."
    )
    price_output: Price = Field(
        default=Decimal(0),
        json_schema_extra={"default": 0},
        description="For a million tokens of an answer. 0: not counted.",
    )
    takes_tools: bool = Field(default=True, description="Whether it can use tools: custom agents need that.")
    takes_schema: bool = Field(
        default=True, description="Whether it keeps to a JSON schema when told to. Else it is asked for JSON in words."
    )
    is_enabled: bool = Field(default=True, description="Whether it is asked at all.")

    @model_validator(mode="after")
    def _answer_fits(self) -> Self:
        if self.longest_answer >= self.context:
            raise ValueError(
                f"An answer has to be shorter than the context of {self.context:,} tokens, which it is part of."
            )
        return self
