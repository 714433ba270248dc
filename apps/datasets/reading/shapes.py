"""What a reader is given and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

Kind = Literal["csv", "xlsx", "parquet"]
ColumnType = Literal["integer", "number", "date", "boolean", "text", "empty"]

# The column in which every stored table keeps the row of its source: 1 is the first row of the file.
ROW = "__row__"
MOST_ROWS = 2_000_000
MOST_COLUMNS = 16_384  # as many as a spreadsheet has
MOST_CELLS = 20_000_000
LONGEST_NAME = 200
MOST_ISSUES = 20
PREVIEW_ROWS = 50
PREVIEW_COLUMNS = 50

Row = tuple[int, list[str | None]]


@dataclass(frozen=True)
class Grid:
    """Rows of text cells, the header first, each with its number in the source. Blank rows may be among them."""

    read_as: str
    rows: Iterator[Row]
    hint: str = ""
    """What else could be meant when these rows cannot be used: the other sheets of a workbook."""


class Column(BaseModel):
    """What was seen in a column. `type` is a guess from every value; text stays text in storage."""

    name: str
    type: ColumnType
    nulls: int
    examples: list[str]


class Reading(BaseModel):
    """A table that was read and written. `preview` holds the first rows, cut to the first columns, as text."""

    kind: Kind
    read_as: str
    rows: int
    columns: list[Column]
    preview: list[list[str | None]]
