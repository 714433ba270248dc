"""What may be asked of a table."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from apps.common.schemas import StrictModel

MOST_ROWS = 200
"""That an answer holds."""

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
Value = str | float | int | bool | None
Compare = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts with", "in", "is empty", "is not empty"]
Figure = Literal["count", "sum", "mean", "min", "max", "distinct"]


class Filter(StrictModel):
    """A row counts where this holds of it."""

    column: ColumnName
    op: Compare = "="
    value: Value | list[Value] = Field(default=None, description="A list for `in`; nothing for the last two.")

    @model_validator(mode="after")
    def fitting(self) -> Filter:
        if (self.op == "in") != isinstance(self.value, list):
            raise ValueError("A list of values belongs to `in`, which needs one.")
        if isinstance(self.value, list) and len(self.value) > MOST_ROWS:
            raise ValueError(f"At most {MOST_ROWS} values.")
        if self.value is None and self.op not in {"is empty", "is not empty"}:
            raise ValueError("Give a value, or use `is empty`.")
        return self


class Order(StrictModel):
    column: ColumnName
    descending: bool = False


class ListArguments(StrictModel):
    search: str = Field(default="", max_length=100, description="Words that the name contains.")
    limit: int = Field(default=30, ge=1, le=100)


class DatasetArguments(StrictModel):
    dataset: UUID = Field(description="The id of a dataset, from `dataset_list`.")


class RowsArguments(DatasetArguments):
    columns: list[ColumnName] = Field(default=[], max_length=50, description="Empty: the first 50.")
    where: list[Filter] = Field(default=[], max_length=20, description="All of them have to hold.")
    order: list[Order] = Field(default=[], max_length=5)
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=MOST_ROWS)


class FigureOf(StrictModel):
    figure: Figure
    column: ColumnName | None = Field(default=None, description="May be left out for `count`, which then counts rows.")

    @model_validator(mode="after")
    def fitting(self) -> FigureOf:
        if self.column is None and self.figure != "count":
            raise ValueError("Name the column whose figure it is.")
        return self

    @property
    def name(self) -> str:
        return f"{self.figure} of {self.column}" if self.column else self.figure


class Aggregate(DatasetArguments):
    figures: list[FigureOf] = Field(min_length=1, max_length=10)
    group_by: list[ColumnName] = Field(default=[], max_length=5)
    where: list[Filter] = Field(default=[], max_length=20, description="All of them have to hold.")
    order: list[Order] = Field(
        default=[], max_length=5, description="By columns of the answer, such as `sum of sold`; else by group."
    )
    limit: int = Field(default=50, ge=1, le=MOST_ROWS)
