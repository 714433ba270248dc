"""An agent whose input has a field of every kind, and which says what it was given."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr

from apps.agents.contract import Agent, RunContext
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import Inspection, StrictModel
from apps.common.widgets import Sheet, TextWidget, Widget

KNOWN = ["nothing", "nuts", "nuts and bolts", "washers"]


class Part(StrictModel):
    name: str = Field(json_schema_extra={"suggest": True})
    length: float = Field(gt=0, le=1_000, json_schema_extra={"unit": "mm"})
    made_of: Literal["steel", "brass"] = "steel"
    spare: bool = False


class Place(StrictModel):
    street: str
    city: str = "Bremen"


class Crate(StrictModel):
    label: str
    parts: list[Part] = []


class ByPost(StrictModel):
    way: Literal["post"]
    to: Place


class ByHand(StrictModel):
    way: Literal["hand"]
    by: str


class FormerInput(StrictModel):
    title: str = Field(min_length=2, description="What it is for.")
    count: int | None = Field(default=None, ge=1)
    weight: float = Field(default=2.5, ge=0, json_schema_extra={"unit": "kg"})
    speed: Literal["slow", "very_fast"] | None = None
    urgent: bool = False
    day: date | None = None
    at: datetime | None = None
    lasts: timedelta | None = None
    note: str = Field(default="", max_length=2_000)
    tags: list[str] = Field(default=[], json_schema_extra={"suggest": True})
    parts: list[Part] = Field(default=[], description="What it is made of.")
    crates: list[Crate] = []
    place: Place | None = None
    sent: Annotated[ByPost | ByHand, Field(discriminator="way")] | None = None
    extra: dict[str, Any] = {}


class FormerSettings(BaseModel):
    token: SecretStr | None = None
    limits: list[float] = [1.0, 2.0]
    parts: list[Part] = []
    place: Place = Place(street="Am Wall 1")


class Given(BaseModel):
    given: dict[str, Any]
    knows_token: bool


class Former(Agent[FormerInput, Given, FormerSettings]):
    """Take a field of every kind and say what came."""

    key, title, version = "dummy.former", "Former", "1.0"

    def inspect(self, data: FormerInput, ctx: RunContext) -> Inspection:
        for number, part in enumerate(data.parts):
            if part.name == "nothing":
                issue = Issue(path=f"parts.{number}.name", message="Nothing is no part.")
                raise InvalidInput("A part is none.", issues=[issue])
        return Inspection(summary=f"{len(data.parts)} parts")

    def suggest(self, path: str, text: str) -> list[str]:
        return [name for name in KNOWN if name.startswith(text.lower())]

    def run(self, data: FormerInput, settings: FormerSettings, ctx: RunContext) -> Given:
        return Given(given=data.model_dump(mode="json"), knows_token=settings.token is not None)

    def headline(self, report: Given) -> str:
        return f"Given {report.given['title']}"

    def present(self, report: Given) -> list[Widget]:
        return [TextWidget(title="Given", text=f"{len(report.given['parts'])} parts")]

    def export(self, report: Given) -> Sheet:
        return Sheet(name="given", columns=["name"], rows=[[name] for name in report.given])
