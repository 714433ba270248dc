"""From a table to a panel of series, column by column rather than cell by cell: a million cells take about a second.

Three layouts are read: long (item, period and quantity in one row each), periods across (an item per row, also V2..Vn
without dates), items across (a column of periods and one column per item).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from apps.common import numbers
from apps.common.errors import InvalidInput, Issue

from . import periods
from .layout import ROW, Layout, Plan, plan
from .metrics import Values
from .periods import HOURS, Frequency

if TYPE_CHECKING:
    import polars

Places = NDArray[np.int64]
MOST_SERIES = 5_000
MOST_PERIODS = 20_000
"""Periods between the first and the last of a table; more are a sign of a mistyped year."""
MOST_ISSUES = 20
ITEM, PERIOD, CELL, MOMENT = "__item__", "__period__", "__cell__", "__moment__"
ALL = "All"
"""The name of the one series of a table without an item column."""


@dataclass(frozen=True)
class Series:
    """One series, oldest value first, `start` being the label of its first period.

    `filled` counts the periods within it that the table skips; they were taken as zero. `early` counts the periods by
    which it ends before the table does.
    """

    item: str
    start: str
    values: Values
    filled: int = 0
    early: int = 0


@dataclass(frozen=True)
class Panel:
    """What was read. `empty` names the items without a single value; `why` gives reasons by what was detected."""

    series: list[Series]
    plan: Plan
    frequency: Frequency
    order: str = "auto"
    decimals: str = "auto"
    why: dict[str, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choices:
    """What a person decided instead of detection; ``auto`` and an empty role leave it to detection."""

    roles: dict[str, str] = field(default_factory=dict)
    layout: Layout | Literal["auto"] = "auto"
    frequency: str = "auto"
    order: periods.Order = "auto"
    decimals: numbers.Decimals = "auto"


def read(frame: polars.DataFrame, choices: Choices | None = None) -> Panel:
    """The panel in `frame`. Raises `InvalidInput` whose issues name rows and columns, at most twenty.

    A period that a series skips between its first and its last counts as zero demand, an empty quantity likewise; empty
    cells before and after are no part of the series. Without dates, series of different lengths end together.
    """
    choices = choices or Choices()
    if not frame.height or not [name for name in frame.columns if name != ROW]:
        raise InvalidInput(
            "The table holds no rows; nothing was started.",
            remedy="Upload a file with a header line and at least one row.",
            issues=[Issue(path="history", message="There is not a single row.")],
        )
    made = plan(frame, choices.roles, choices.layout)
    cells = _melt(frame, made)
    items = _items(cells, made)
    found = numbers.read(cells[CELL], choices.decimals)
    _refuse_text(cells, found, made)
    cells = cells.with_columns(found.values.alias(CELL)).drop_nulls(CELL)
    if not cells.height:
        raise InvalidInput(
            "No quantity is filled in; there is nothing to forecast.",
            remedy="Fill in the quantities, or choose their column.",
        )
    when = _moments(cells, made, choices.order)
    cells = cells.join(when.table, on=PERIOD, how="left", maintain_order="left")
    return _assemble(cells, items, _Known(made, choices, found, when))


def _melt(frame: polars.DataFrame, made: Plan) -> polars.DataFrame:
    """One row per cell: the row in the source, the item, the period and the cell itself, as they stand there."""
    import polars as pl

    row = (
        pl.col(ROW).cast(pl.Int64) if ROW in frame.columns else pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(ROW)
    )
    parts = [pl.col(name).cast(pl.String).str.strip_chars().fill_null("") for name in made.items]
    item = (pl.concat_str(parts, separator=" / ") if parts else pl.lit(ALL)).alias(ITEM)
    if made.layout == "long":
        period, quantity = pl.col(made.roles["period"]), pl.col(made.roles["quantity"])
        return frame.select(row, item, _text(period, frame).alias(PERIOD), quantity.alias(CELL))
    numeric = all(frame[name].dtype.is_numeric() for name in made.across)
    across = [pl.col(name).cast(pl.Float64 if numeric else pl.String) for name in made.across]
    if made.layout == "items across":
        kept = frame.select(row, _text(pl.col(made.roles["period"]), frame).alias(PERIOD), *across)
        return kept.unpivot(index=[ROW, PERIOD], variable_name=ITEM, value_name=CELL)
    if not parts:
        item = pl.format("Row {}", row).alias(ITEM)
    kept = frame.select(row, item, *across)
    return kept.unpivot(index=[ROW, ITEM], variable_name=PERIOD, value_name=CELL)


def _text(column: polars.Expr, frame: polars.DataFrame) -> polars.Expr:
    """A period as it is stored where it is a moment, else as text without blanks around it."""
    import polars as pl

    if frame.select(column).dtypes[0].is_temporal():
        return column.cast(pl.Datetime("us"))
    return column.cast(pl.String).str.strip_chars().fill_null("")


def _items(cells: polars.DataFrame, made: Plan) -> list[str]:
    """The names of the series in their order. Raises `InvalidInput` for rows without one, and for rows of one name."""
    import polars as pl

    names = cells[ITEM].unique(maintain_order=True)
    column = made.roles.get("item", "")
    if made.items:
        blank = cells.filter(pl.col(ITEM).str.replace_all(" / ", "", literal=True) == "").unique(
            ROW, maintain_order=True
        )
        _refuse(
            "Rows without an item", "Name the item in these rows, or remove them.",
            [Issue(message=f"Row {row}, column “{column}”, names no item.", row=row, column=column)
             for row in blank[ROW][:MOST_ISSUES]],
            blank.height,
        )  # fmt: skip
    if made.layout == "periods across":
        rows = cells.unique([ROW, ITEM], maintain_order=True)
        again = rows.filter(~pl.col(ITEM).is_first_distinct())
        first = dict(zip(rows[ITEM].reverse(), rows[ROW].reverse(), strict=True)) if again.height else {}
        _refuse(
            "Items that stand twice", "Keep one row for each item, or choose another column for the item.",
            [Issue(message=f"Row {row}: “{item[:60]}” stands in row {first[item]} already.", row=row, column=column)
             for row, item in again.select(ROW, ITEM).head(MOST_ISSUES).iter_rows()],
            again.height,
        )  # fmt: skip
    if len(names) > MOST_SERIES:
        raise InvalidInput(
            f"The table holds {len(names):,} series; at most {MOST_SERIES:,} are forecast at a time.",
            remedy="Split the file, or check that the item column is the right one.",
            issues=[Issue(message=f"There are {len(names):,} different items.", column=column or None)],
        )
    return cast("list[str]", names.to_list())


def _column(made: Plan, role: str, cell: dict[str, Any]) -> str:
    """The column of the source where the thing that plays `role` in a cell stands."""
    if made.layout == "periods across" and role != "item":
        return str(cell[PERIOD])
    if made.layout == "items across" and role == "quantity":
        return str(cell[ITEM])
    return made.roles.get(role, "")


def _refuse(what: str, remedy: str, issues: list[Issue], count: int) -> None:
    if issues:
        more = f" {count - 1:,} more {'is' if count == 2 else 'are'} like it." if count > 1 else ""
        raise InvalidInput(f"{what}: {issues[0].message}{more} Nothing was started.", remedy=remedy, issues=issues)


def _refuse_text(cells: polars.DataFrame, found: numbers.Numbers, made: Plan) -> None:
    bad = cells.filter(found.bad).sort(ROW, maintain_order=True)
    issues = []
    for cell in bad.head(MOST_ISSUES).iter_rows(named=True):
        column = _column(made, "quantity", cell)
        message = f"Row {cell[ROW]}, column “{column}”: “{str(cell[CELL])[:40]}” is not a number"
        message += " with a decimal comma." if found.decimals == "decimal comma" else "."
        issues.append(Issue(message=message, row=cell[ROW], column=column))
    remedy = "Correct these cells, leave them empty where nothing was sold, or choose another column."
    _refuse("Text among the numbers", remedy, issues, bad.height)


@dataclass(frozen=True)
class _When:
    """How periods were read: a table of period and moment, and the words about it."""

    table: polars.DataFrame
    dated: bool
    order: str
    why: str
    frequency: Frequency | None = None


def _moments(cells: polars.DataFrame, made: Plan, order: periods.Order) -> _When:
    """Read the distinct periods. Raises `InvalidInput` for empty ones, and where dates are written in several ways."""
    import polars as pl

    distinct = cells[PERIOD].unique(maintain_order=True)
    if distinct.dtype.is_temporal():
        _refuse_period(cells, cells[PERIOD].is_null(), made, "is empty", "Rows without a period")
        table = pl.DataFrame({PERIOD: distinct, MOMENT: distinct})
        return _When(table, True, "auto", "The file stores dates.")
    if made.layout == "periods across" and not any(periods.is_period(name) for name in distinct):
        place = {name: number for number, name in enumerate(made.across, start=1)}
        numbered = pl.Series(MOMENT, [place[name] for name in distinct], dtype=pl.Int64)
        return _When(
            pl.DataFrame({PERIOD: distinct, MOMENT: numbered}),
            False,
            "auto",
            "The columns are numbered, without dates.",
        )
    _refuse_period(cells, cells[PERIOD] == "", made, "is empty", "Rows without a period")
    found = periods.read(distinct, order)
    missed = cells[PERIOD].is_in(distinct.filter(found.misses).implode())
    mixed = not found.misses.all()
    saying = f"is no date written like {found.style.example}" if mixed else "is no date"
    _refuse_period(cells, missed, made, saying, "Mixed or impossible dates" if mixed else "No dates")
    table = pl.DataFrame({PERIOD: distinct, MOMENT: found.places})
    return _When(table, found.dated, found.order, found.why, found.style.frequency)


def _refuse_period(cells: polars.DataFrame, wrong: polars.Series, made: Plan, saying: str, what: str) -> None:
    bad = cells.filter(wrong).sort(ROW, maintain_order=True)
    issues = []
    if made.layout == "periods across":
        bad = bad.unique(PERIOD, maintain_order=True)
    for cell in bad.head(MOST_ISSUES).iter_rows(named=True):
        column, row = _column(made, "period", cell), 1 if made.layout == "periods across" else cell[ROW]
        quoted = f"“{str(cell[PERIOD])[:40]}” {saying}" if cell[PERIOD] else f"the period {saying}"
        issues.append(Issue(message=f"Row {row}, column “{column}”: {quoted}.", row=row, column=column))
    remedy = "Write every period the same way, best as 2024-12-31, 2024-12 or 2024-W52. Or choose another column."
    _refuse(what, remedy, issues, bad.height)


@dataclass(frozen=True)
class _Known:
    """What is known of the cells when they are put together."""

    plan: Plan
    choices: Choices
    numbers: numbers.Numbers
    when: _When


def _assemble(cells: polars.DataFrame, items: list[str], known: _Known) -> Panel:
    """Sort the cells by item and moment and cut them into series."""
    import polars as pl

    made, when = known.plan, known.when
    codes = cells[ITEM].cast(pl.Enum(items)).to_physical().to_numpy().astype(np.int64)
    moments = cells[MOMENT].to_numpy()
    order = np.lexsort((moments, codes))
    codes, moments, values = codes[order], moments[order], cells[CELL].to_numpy()[order]
    same = np.flatnonzero((np.diff(codes) == 0) & (moments[1:] == moments[:-1]))
    _refuse_twice(cells, order, same, made)
    frequency, why, anchor, places, notes = _place(codes, moments, known.choices, when)
    if made.layout == "periods across" and not when.dated:
        ends = np.append(np.flatnonzero(np.diff(codes)), len(codes) - 1)
        last = np.zeros(len(items), dtype=np.int64)
        last[codes[ends]] = places[ends]
        places = places + (places.max() - last)[codes]
    calendar = frequency if when.dated else "index"
    series, empty, final = [], [], int(places.max())
    for code, (start, stop) in enumerate(_bounds(codes, len(items))):
        if start == stop:
            empty.append(items[code])
            continue
        place = places[start:stop]
        if place[-1] - place[0] >= MOST_PERIODS:
            _refuse_span(
                items[code], [periods.start_label(int(p), calendar, anchor) for p in place[[0, -1]]], frequency
            )
        held = np.zeros(int(place[-1] - place[0]) + 1)
        np.add.at(held, place - place[0], values[start:stop])
        label = periods.start_label(int(place[0]), calendar, anchor)
        skipped = len(held) - len(np.unique(place))
        series.append(Series(items[code], label, held, skipped, final - int(place[-1])))
    reasons = {**made.why, "frequency": why, "dates": when.why, "numbers": known.numbers.why}
    return Panel(series, made, frequency, when.order, known.numbers.decimals, reasons, empty, notes)


def _bounds(codes: Places, count: int) -> list[tuple[int, int]]:
    return list(pairwise(np.searchsorted(codes, np.arange(count + 1)).tolist()))


def _refuse_twice(cells: polars.DataFrame, order: Places, same: Places, made: Plan) -> None:
    pairs = sorted((int(order[n + 1]), int(order[n])) for n in same[:100_000])
    issues = []
    for later, earlier in pairs[:MOST_ISSUES]:
        cell, first = cells.row(later, named=True), cells.row(earlier, named=True)
        column = _column(made, "period", cell)
        period = cell[PERIOD] if isinstance(cell[PERIOD], str) else f"{cell[PERIOD]:%Y-%m-%d}"
        message = f"Row {cell[ROW]}: “{cell[ITEM][:60]}” has the period {period} already in row {first[ROW]}."
        issues.append(Issue(message=message, row=cell[ROW], column=column))
    remedy = "Add the rows of a period together, remove those that are too many, or choose the column of the item."
    _refuse("Duplicate periods", remedy, issues, len(same))


def _refuse_span(item: str, ends: list[str], frequency: str) -> None:
    message = f"“{item[:60]}” runs from {ends[0]} to {ends[1]}, more than {MOST_PERIODS:,} {frequency} periods."
    raise InvalidInput(
        f"{message} Nothing was started.",
        remedy="Look for a mistyped year, or choose a coarser frequency.",
        issues=[Issue(message=message)],
    )


def _place(codes: Places, moments: Any, choices: Choices, when: _When) -> tuple[Frequency, str, int, Any, list[str]]:
    """The number of the period of each cell, with the frequency, its reason, the anchor of weeks and notes."""
    chosen = None if choices.frequency == "auto" else cast("Frequency", choices.frequency)
    if not when.dated:
        why = (
            "As you chose."
            if chosen
            else f"{when.why} Choose one if you know it: then a yearly or weekly pattern is looked for."
        )
        return chosen or "index", why, 0, moments.astype(np.int64), []
    within = np.diff(moments)[np.diff(codes) == 0]
    found, why = periods.frequency_of(within, np.unique(moments), when.frequency)
    if chosen == "index":
        return "index", "As you chose.", 0, np.unique(moments, return_inverse=True)[1].astype(np.int64), []
    frequency, notes = chosen or found, []
    coarser = HOURS[frequency] > HOURS[found] * 1.5
    if coarser:
        notes.append(f"The {found} values are added up to {frequency} ones; the first and the last may be incomplete.")
    places, anchor = periods.places_of(moments, frequency, ending=coarser)
    return frequency, "As you chose." if chosen else why, anchor, places, notes
