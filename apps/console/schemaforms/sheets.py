"""Rows out of a spreadsheet, as text that was copied or the cells of a file, put into a list."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

from apps.common.errors import InvalidInput, Issue
from apps.console.schemaforms.shapes import UNSET, Shape
from apps.console.schemaforms.values import Entered, is_blank

Cells = Sequence[Sequence[str]]
MOST_ROWS: Final = 10_000
"""Rows that go into a form at once."""
_WORDS = re.compile(r"[^\w]+")
_YES, _NO = frozenset({"yes", "y", "true", "x", "1"}), frozenset({"no", "n", "false", "0", ""})


def cells_of(text: str, *, single: bool = False) -> Cells:
    """The cells of a text: with tabs, as spreadsheets copy it, else CSV with semicolons or commas.

    Of a `single` column a comma separates nothing, as names have some. Raises `InvalidInput` naming the line, or for
    more rows than go into a form.
    """
    first = text.lstrip("\n").partition("\n")[0]
    marks = "\t;" if single else "\t;,"
    mark = next((mark for mark in marks if mark in (text if single else first)), "\t")
    reader = csv.reader(io.StringIO(text.strip("\n")), delimiter=mark, strict=True, skipinitialspace=mark != "\t")
    rows, found = [], 0
    try:
        for row in reader:
            if said := sum(1 for cell in row if cell.strip()):
                rows.append(row)
                found += said if single else 1
            if found > MOST_ROWS:
                raise _too_many()
    except csv.Error as error:
        issue = Issue(path="", message=f"Line {reader.line_num} is not CSV: {error}.")
        raise InvalidInput(f"{issue.message} Nothing was changed.", remedy="Mend that line.", issues=[issue]) from error
    return rows


def _too_many() -> InvalidInput:
    issue = Issue(path="", message=f"These are more than the {MOST_ROWS:,} rows that go into a form at once.")
    return InvalidInput(f"{issue.message} Nothing was changed.", remedy="Send the input as JSON.", issues=[issue])


def rows_put(shape: Shape, rows: list[Entered], cells: Cells, *, row: int | None = None, column: int = 0) -> list[str]:
    """Put cells into the rows of a list: at a cell, else after what was entered. Returns the columns it does not have.

    A first line that names columns says where each goes; without one they go in order.
    """
    if not shape.is_table:
        _put_single(shape, rows, [cell for line in cells for cell in line if cell.strip()], row)
        return []
    columns, lines, unknown = _arranged(shape, cells, column)
    at = _begin(shape, rows, row)
    for number, line in enumerate(lines, start=at):
        while len(rows) <= number:
            rows.append(Entered())
        for target, cell in zip(columns, line, strict=False):
            if target is not None:
                rows[number].at([target.name]).text = _meant(target, cell.strip())
    return unknown


def _put_single(shape: Shape, rows: list[Entered], cells: Sequence[str], row: int | None) -> None:
    at = _begin(shape, rows, row)
    for number, cell in enumerate(cells, start=at):
        while len(rows) <= number:
            rows.append(Entered())
        rows[number].text = _meant(shape.item, cell.strip())


def _begin(shape: Shape, rows: list[Entered], row: int | None) -> int:
    """The number of the row that cells are put in from: this one, or the one behind those that there are; else the one
    after the last in which something was entered."""
    if row is not None:
        return min(row, len(rows))
    return max((n + 1 for n, each in enumerate(rows) if not is_blank(shape.item, each)), default=0)


def _arranged(shape: Shape, cells: Cells, column: int) -> tuple[list[Shape | None], Cells, list[str]]:
    """Which column each cell of a line goes to, the lines without the one of names, and names of no column."""
    by_name = {_plain(name): part for part in shape.columns for name in (part.name, part.label)}
    names = cells[0] if cells else []
    found = [by_name.get(_plain(name)) or by_name.get(_plain(name.partition("(")[0])) for name in names]
    if names and 2 * sum(1 for each in found if each) >= sum(1 for name in names if name.strip()):
        unknown = [name.strip() for name, part in zip(names, found, strict=True) if part is None and name.strip()]
        return found, cells[1:], unknown
    return list(shape.columns[column:]), cells, []


def _plain(name: str) -> str:
    return _WORDS.sub(" ", name.replace("_", " ")).strip().casefold()


def _meant(shape: Shape, cell: str) -> str:
    """A cell as the field takes it: choices by what is shown of them, yes and no by their words."""
    folded = cell.casefold()
    if shape.kind == "flag":
        return "true" if folded in _YES else "false" if folded in _NO else cell
    if shape.kind == "choice":
        if not cell and shape.default is not UNSET and shape.default is not None:
            return str(shape.default)
        texts = [str(value) for value in shape.values]
        return next((text for text in texts if _plain(text) == _plain(cell) or shape.labels.get(text) == cell), cell)
    return cell
