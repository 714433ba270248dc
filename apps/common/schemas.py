"""Shapes that agents, forms and the API share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class StrictModel(BaseModel):
    """A model at a boundary: unknown fields are errors, so that a misspelt one is told rather than ignored.

    So are numbers that JSON does not have, which can be sent as the text ``nan`` and could not be stored.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _moment(sent: Any) -> Any:
    """A text is a moment only as RFC 3339 has it: not a number of seconds, nor a day."""
    if isinstance(sent, str) and not _MOMENT.fullmatch(sent):
        raise ValueError("Give a date and time with its zone, for example 2026-11-25T16:40:00Z.")
    return sent


def _universal(moment: datetime) -> datetime:
    """The moment in UTC: databases know fewer zones than texts can say."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # in UTC it is before the first or after the last that there is
        return datetime.min.replace(tzinfo=UTC) if moment.year == 1 else datetime.max.replace(tzinfo=UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_universal)]


class Table(StrictModel):
    """Tabular input: an uploaded dataset, or rows given inline. Exactly one of the two."""

    dataset: UUID | None = Field(default=None, description="Id of an uploaded dataset.")
    rows: list[dict[str, Any]] | None = Field(
        default=None, max_length=100_000, description="The rows themselves, one object each; at most 100,000."
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Which column plays which role, where detection should be overruled."
    )

    @model_validator(mode="after")
    def one_source(self) -> Self:
        if (self.dataset is None) == (self.rows is None):
            raise ValueError("Give either 'dataset' (the id of an uploaded file) or 'rows', not both and not neither.")
        return self


class Understood(BaseModel):
    """One thing that was detected in an input, shown so that a person can correct it."""

    path: str
    """Where a correction goes in the input, for example ``history.columns.period`` or ``frequency``."""
    label: str
    value: str
    choices: list[str] = []
    why: str = ""


class Inspection(BaseModel):
    """What an agent understood of an input before it is accepted."""

    summary: str = ""
    understood: list[Understood] = []
    warnings: list[str] = []
    preview: list[dict[str, Any]] = []
    """The first few rows as the agent reads them."""
