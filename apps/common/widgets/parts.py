"""What widgets and decisions are made of: cells, tones, the scale of a score."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, Field, FiniteFloat, model_validator

Tone = Literal["neutral", "good", "warning", "bad"]
Cell = str | int | float | bool | None


class ScaleBand(BaseModel):
    """A part of a scale, from the end of the one before up to `upto`."""

    title: str
    upto: FiniteFloat
    tone: Tone = "neutral"


class Scale(BaseModel):
    """What a score is measured on. A score is never shown without it."""

    title: str
    low: FiniteFloat = 0.0
    high: FiniteFloat = 1.0
    unit: str = ""
    digits: int = Field(default=2, ge=0, le=6)
    bands: list[ScaleBand] = []
    """From `low` upwards; the last one ends at `high`. Where settings move them, a decision brings its own scale."""

    @model_validator(mode="after")
    def bands_fill_it(self) -> Self:
        ends = [self.low, *(band.upto for band in self.bands)]
        if not self.low < self.high:
            raise ValueError("A scale's low end must be below its high end.")
        if self.bands and (ends != sorted(set(ends)) or ends[-1] != self.high):
            raise ValueError("The bands of a scale must rise from its low end and the last must end at its high end.")
        return self

    def band_of(self, value: float) -> ScaleBand | None:
        """The part that a value lies in; one beyond an end lies in the part there. None where no part is named."""
        return next((band for band in self.bands if value <= band.upto), self.bands[-1] if self.bands else None)


class Sheet(BaseModel):
    """A flat table for download: the result without its dress."""

    name: str
    columns: list[str]
    rows: list[list[Cell]]
