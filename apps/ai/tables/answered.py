"""Answers to questions of a table, by polars. Columns of text that hold numbers are compared and counted as numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from apps.ai.tables.asked import Aggregate, Figure, Filter, Order, RowsArguments
from apps.common import numbers
from apps.common.errors import InvalidInput, Issue
from apps.datasets.reading.shapes import ROW

if TYPE_CHECKING:
    import polars

LARGEST: Final = 64 * 1024
"""Characters of an answer as JSON."""
LONGEST_CELL: Final = 2_000
MOST_COLUMNS: Final = 50
_NUMERIC: Final = {"integer", "number"}

Answer = dict[str, Any]


class Table:
    """A table, and how its columns are understood. A column is read as numbers once it is asked for."""

    def __init__(self, frame: polars.DataFrame, columns: Sequence[dict[str, Any]]) -> None:
        self.frame = frame
        self._types = {each["name"]: each["type"] for each in columns}
        self._read: set[str] = set()

    @property
    def names(self) -> list[str]:
        return [name for name in self.frame.columns if name != ROW]

    def require(self, asked: Iterable[tuple[str, str]]) -> None:
        """Raise `InvalidInput` with an issue for each place that names a column that there is not."""
        known = set(self.names)
        told = f"There is no such column. There are: {', '.join(self.names[:30])}."
        issues = [Issue(path=path, message=told) for path, name in asked if name not in known]
        if issues:
            raise InvalidInput("The table has no such columns.", issues=issues)

    def is_numeric(self, name: str) -> bool:
        return self._types.get(name) in _NUMERIC or self.frame.schema[name].is_numeric()

    def as_numbers(self, name: str) -> None:
        """Have a column hold numbers from now on; what is none becomes empty."""
        if name in self._read or not self.is_numeric(name):
            return
        self._read.add(name)
        if not self.frame.schema[name].is_numeric():
            read = numbers.read(self.frame[name])
            self.frame = self.frame.with_columns(read.values.alias(name))

    def where(self, filters: Sequence[Filter]) -> None:
        """Keep the rows that all filters hold of."""
        self.require((f"where.{n}.column", each.column) for n, each in enumerate(filters))
        for n, each in enumerate(filters):
            self.as_numbers(each.column)
            self.frame = self.frame.filter(_condition(self, each, f"where.{n}.value"))

    def sort(self, order: Sequence[Order], known: Sequence[str] | None = None) -> None:
        names = set(self.frame.columns if known is None else known)
        wrong = [n for n, each in enumerate(order) if each.column not in names]
        if wrong:
            told = f"There is no such column. There are: {', '.join(sorted(names - {ROW})[:30])}."
            issues = [Issue(path=f"order.{n}.column", message=told) for n in wrong]
            raise InvalidInput("The table has no such columns.", issues=issues)
        for each in order:
            if each.column in self._types:
                self.as_numbers(each.column)
        if order:
            by, descending = [each.column for each in order], [each.descending for each in order]
            self.frame = self.frame.sort(by, descending=descending, nulls_last=True, maintain_order=True)


def selected(frame: polars.DataFrame, columns: Sequence[dict[str, Any]], wanted: RowsArguments) -> Answer:
    """The rows that are asked for."""
    table = Table(frame, columns)
    table.require((f"columns.{n}", name) for n, name in enumerate(wanted.columns))
    table.where(wanted.where)
    table.sort(wanted.order)
    names = list(dict.fromkeys(wanted.columns)) or table.names[:MOST_COLUMNS]
    return _told(table.frame.select(names), wanted.offset, wanted.limit)


def aggregated(frame: polars.DataFrame, columns: Sequence[dict[str, Any]], wanted: Aggregate) -> Answer:
    """The figures that are asked for, a row for each group."""
    table = Table(frame, columns)
    named = [(f"figures.{n}.column", each.column) for n, each in enumerate(wanted.figures) if each.column]
    table.require([*named, *((f"group_by.{n}", name) for n, name in enumerate(wanted.group_by))])
    _summable(table, wanted)
    table.where(wanted.where)
    for each in wanted.figures:
        if each.column and each.column not in wanted.group_by:
            table.as_numbers(each.column)
    groups = list(dict.fromkeys(wanted.group_by))
    made: dict[str, polars.Expr] = {}
    for each in wanted.figures:
        name = each.name if each.name not in groups else f"{each.name} of rows"  # a column may be called so too
        made[name] = _figure(each.figure, each.column).alias(name)
    if groups:
        result = table.frame.group_by(groups).agg(*made.values()).sort(groups, nulls_last=True)
    else:
        result = table.frame.select(*made.values())
    answer = Table(result, [])
    answer.sort(wanted.order, known=[*groups, *made])
    return _told(answer.frame.select([*groups, *made]), 0, wanted.limit)


def _summable(table: Table, wanted: Aggregate) -> None:
    issues = [
        Issue(path=f"figures.{n}.column", message=f"{each.column} does not hold numbers: it can be counted.")
        for n, each in enumerate(wanted.figures)
        if each.column and each.figure in {"sum", "mean"} and not table.is_numeric(each.column)
    ]
    if issues:
        raise InvalidInput("Only numbers have a sum and a mean.", issues=issues)


def _figure(figure: Figure, column: str | None) -> polars.Expr:
    import polars as pl

    if column is None:
        return pl.len()
    made: dict[str, Callable[[polars.Expr], polars.Expr]] = {
        "count": lambda each: each.count(),
        "sum": lambda each: each.sum(),
        "mean": lambda each: each.mean(),
        "min": lambda each: each.min(),
        "max": lambda each: each.max(),
        "distinct": lambda each: each.drop_nulls().n_unique(),
    }
    return made[figure](pl.col(column))


def _condition(table: Table, asked: Filter, path: str) -> polars.Expr:
    import polars as pl

    cells, value = pl.col(asked.column), asked.value
    if asked.op in {"is empty", "is not empty"}:
        empty = cells.is_null()
        if table.frame.schema[asked.column] == pl.String:
            empty |= cells.str.strip_chars() == ""
        return empty if asked.op == "is empty" else ~empty
    if asked.op in {"contains", "starts with"}:
        text = cells.cast(pl.String).str.to_lowercase()
        words = str(value).lower()
        return text.str.contains(words, literal=True) if asked.op == "contains" else text.str.starts_with(words)
    numeric = table.frame.schema[asked.column].is_numeric()
    if not numeric:
        cells = cells.cast(pl.String)
    if isinstance(value, list):
        wanted = [_value(each, numeric, path) for each in value]
        return cells.is_in(pl.Series(wanted, dtype=pl.Float64 if numeric else pl.String).implode())
    compare: dict[str, Callable[[polars.Expr, Any], polars.Expr]] = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a.ne_missing(b),
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }
    return compare[asked.op](cells, pl.lit(_value(value, numeric, path)))


def _value(value: Any, numeric: bool, path: str) -> Any:
    """A value as the column holds it. Raises `InvalidInput` for a text where numbers are."""
    if not numeric:
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        told = "The column holds numbers: compare it with one."
        raise InvalidInput("The filter cannot be used.", issues=[Issue(path=path, message=told)]) from None


def _told(frame: polars.DataFrame, offset: int, limit: int) -> Answer:
    """Rows as JSON-able values, as many as an answer holds."""
    rows = [[_cell(cell) for cell in row] for row in frame.slice(offset, limit).iter_rows()]
    size, kept = 0, []
    for row in rows:
        size += len(json.dumps(row))
        if size > LARGEST:
            break
        kept.append(row)
    found = frame.height
    return {"columns": frame.columns, "rows": kept, "found": found, "is_cut": offset + len(kept) < found}


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        return value if len(value) <= LONGEST_CELL else f"{value[:LONGEST_CELL]}…"
    return value if value is None or isinstance(value, bool | int) else str(value)[:LONGEST_CELL]
