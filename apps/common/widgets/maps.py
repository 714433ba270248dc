"""The widget of places: points, routes and shaded countries on the outline of the world that ships with the product."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, FiniteFloat, model_validator

from apps.common.widgets.parts import Tone

COUNTRIES: Final[dict[str, str]] = json.loads(Path(__file__).with_name("countries.json").read_text())
"""ISO 3166-1: two letters to three digits; and XK, which is in general use for Kosovo. The outline knows both."""
MOST_POSITIONS: Final = 20_000
"""Of all routes of one map together."""

Latitude = Annotated[FiniteFloat, Field(ge=-90, le=90)]
Longitude = Annotated[FiniteFloat, Field(ge=-180, le=180)]


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(f"“{code}” is no country: give two letters of ISO 3166-1, for example DE.")
    return code


def _upper(code: Any) -> Any:
    return code.upper() if isinstance(code, str) else code


Country = Annotated[str, BeforeValidator(_upper), AfterValidator(_country)]


class MapPoint(BaseModel):
    """A place. Its tone is told by shape as well as by colour, its value by size."""

    name: str
    latitude: Latitude
    longitude: Longitude
    value: FiniteFloat | None = Field(default=None, ge=0)
    tone: Tone = "neutral"
    text: str = ""


class MapRoute(BaseModel):
    """A line along positions. Its tone is told by dashes as well as by colour."""

    name: str
    positions: list[tuple[Latitude, Longitude]] = Field(min_length=2, max_length=2_000)
    """Latitude and longitude, in degrees. Between two of them the shorter way is drawn, over 180° where that is it."""
    tone: Tone = "neutral"
    text: str = ""


class MapRegion(BaseModel):
    """A country, shaded by its value."""

    country: Country
    value: FiniteFloat
    text: str = ""


class MapWidget(BaseModel):
    """Where things are, where they go, and how countries compare.

    Positions are WGS 84. The map opens on what it shows; nothing is fetched from anywhere else.
    """

    kind: Literal["map"] = "map"
    title: str
    points: list[MapPoint] = Field(default=[], max_length=5_000)
    """Most important first: of many, the first thousand are drawn, and all are in the table."""
    routes: list[MapRoute] = Field(default=[], max_length=500)
    regions: list[MapRegion] = Field(default=[], max_length=len(COUNTRIES))
    value_name: str = "Value"
    """What the values of points and regions are."""
    unit: str = ""
    digits: int | None = Field(default=None, ge=0, le=6)
    summary: str

    @model_validator(mode="after")
    def is_not_too_much(self) -> Self:
        if (positions := sum(len(route.positions) for route in self.routes)) > MOST_POSITIONS:
            raise ValueError(
                f"The routes have {positions:,} positions: the most are {MOST_POSITIONS:,}. Leave out some in between."
            )
        codes = [region.country for region in self.regions]
        if len(set(codes)) != len(codes):
            twice = next(code for code in codes if codes.count(code) > 1)
            raise ValueError(f"The country {twice} is shaded twice.")
        return self

    @property
    def is_empty(self) -> bool:
        return not (self.points or self.routes or self.regions)
