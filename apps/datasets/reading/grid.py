"""The rules for tables of text: a header with unlike names, and as many cells in every row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from apps.common.errors import InvalidInput, Issue
from apps.datasets.reading.profile import kinds_each, kinds_of
from apps.datasets.reading.shapes import (
    LONGEST_NAME,
    MOST_COLUMNS,
    MOST_ISSUES,
    ROW,
    Grid,
    Kind,
    Reading,
    Row,
)
from apps.datasets.reading.store import TableWriter, batch_rows, too_large, without_nul

# Rows that a header is compared with.
LOOKED_AT = 20


def store(grid: Grid, kind: Kind, target: Path) -> Reading:
    """Check the rows of `grid` and write them to `target`. Raises `InvalidInput` that names rows and columns."""
    try:
        return _store(grid, kind, target)
    except InvalidInput as problem:
        problem.remedy = f"{problem.remedy} {grid.hint}".strip()
        raise


def _store(grid: Grid, kind: Kind, target: Path) -> Reading:
    rows = (row for row in grid.rows if any(cell and not cell.isspace() for cell in row[1]))
    first = next(rows, None)
    if first is None:
        raise InvalidInput("The file holds no rows; nothing was stored.", remedy="Choose a file that holds a table.")
    names = _names(first)
    beneath = list(islice(rows, LOOKED_AT))
    if not beneath:
        raise InvalidInput(
            "The file holds a header and no rows; nothing was stored.", remedy="Add rows below the header."
        )
    _refuse_missing_header(first, names, beneath)
    whole = _whole_rows(chain(beneath, rows), len(names))
    with TableWriter(target, pa.schema([(name, pa.string()) for name in names])) as writer:
        size = batch_rows(len(names))
        while batch := list(islice(whole, size)):
            numbers, cells = zip(*batch, strict=True)
            writer.add(pa.array(numbers, type=pa.int32()), [_column(each) for each in zip(*cells, strict=True)])
        return writer.reading(kind, grid.read_as)


def _column(cells: tuple[str | None, ...]) -> pa.Array:
    values = without_nul(pa.array(cells, type=pa.string()))
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), pa.scalar(None, pa.string()), values)


def letter(column: int) -> str:
    """The name that a spreadsheet gives the column of this number, counted from 1: `A`, `Z`, `AA`."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _names(header: Row) -> list[str]:
    """The names of the columns. Raises `InvalidInput` for those that are missing, doubled, reserved or too long."""
    row, cells = header
    names = [(cell or "").strip() for cell in cells]
    while not names[-1]:  # separators at the end of the line
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise too_large(f"{len(names):,} columns, more than {MOST_COLUMNS:,}")
    issues = []
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        where = f"Column {letter(place)}"
        if not name:
            issues.append(Issue(message=f"{where} has no name.", row=row))
        elif name in seen:
            message = f"{where} is called “{name}”, as column {letter(seen[name])} is."
            issues.append(Issue(message=message, row=row, column=name))
        elif name == ROW:
            issues.append(Issue(message=f"{where} is called “{ROW}”, which is reserved.", row=row, column=name))
        elif len(name) > LONGEST_NAME or not name.isprintable():
            message = f"The name of column {letter(place)} is too long or not plain text."
            issues.append(Issue(message=message, row=row))
        seen.setdefault(name, place)
    if issues:
        raise InvalidInput(
            f"The header does not name every column: {_lower_first(issues[0].message)} Nothing was stored.",
            remedy="Give each column a name of its own in the first row.",
            issues=issues[:MOST_ISSUES],
        )
    return names


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _refuse_missing_header(first: Row, names: list[str], beneath: list[Row]) -> None:
    """Raise `InvalidInput` when the first row looks like all the others: then its values would be taken for names.

    Numbers that count up by one are names all the same: the columns of a wide table may be called 1, 2, 3.
    """
    kinds = kinds_each(names)
    figures = [name for name, own in zip(names, kinds, strict=True) if own - {"boolean"}]
    if not figures or _counts_up(figures):
        return
    for place, own in enumerate(kinds):
        below = kinds_of(cells[place] for _, cells in beneath if place < len(cells))
        if bool(own) != bool(below) or (own and not own & below):
            return
    shown = ", ".join(names[:4])
    raise InvalidInput(
        f"The file has no header: its first row ({shown}) looks like the rows below it. Nothing was stored.",
        remedy="Put the names of the columns into the first row.",
        issues=[Issue(message="Names of columns are expected here.", row=first[0])],
    )


def _counts_up(names: list[str]) -> bool:
    if len(names) < 2 or not all(name.isdecimal() and len(name) < 10 for name in names):
        return False
    numbers = [int(name) for name in names]
    return all(after - before == 1 for before, after in pairwise(numbers))


def _whole_rows(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """The rows as long as the header. Raises `InvalidInput` for the others, once all or many of them are known."""
    issues: list[Issue] = []
    for number, cells in rows:
        if len(cells) > width:
            while len(cells) > width and not (cells[-1] or "").strip():
                cells.pop()
        if len(cells) == width:
            if not issues:
                yield number, cells
            continue
        have, extra = len(cells), cells[width:]
        message = f"Row {number} has {have} cell{'s' if have != 1 else ''}, the header has {width}"
        message += f"; “{(extra[0] or '')[:40]}” is one too many." if extra else "."
        issues.append(Issue(message=message, row=number))
        if len(issues) == MOST_ISSUES:
            break
    if issues:
        raise InvalidInput(
            f"Some rows are longer or shorter than the header: row {issues[0].row} is the first. Nothing was stored.",
            remedy="Check these rows for a missing or a surplus separator; put cells that contain one into quotes.",
            issues=issues,
        )
