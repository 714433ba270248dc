"""XLSX: one sheet as rows of text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fastexcel
import pyarrow as pa
import pyarrow.compute as pc

from apps.common.errors import InvalidInput, Issue, TooLarge
from apps.datasets.reading.grid import letter
from apps.datasets.reading.shapes import MOST_CELLS, MOST_COLUMNS, MOST_ISSUES, MOST_ROWS, Grid, Row
from apps.datasets.reading.store import batch_rows, too_large

# A workbook unpacks to five or ten times its size; what goes far beyond is made to fill the memory.
MOST_UNPACKED = 1024**3
MOST_PARTS = 10_000
_MIDNIGHT = " 00:00:00"
# The day before the first one that a workbook knows: with it a time of day is written.
_NO_DAY = r"^1899-12-3[01] (\d{2}:\d{2}:\d{2})$"


def read(path: Path, sheet: str = "") -> Grid:
    """The rows of a sheet, the first one unless it is named. Dates are written as ISO dates, numbers with a point.

    Raises `InvalidInput` for a damaged workbook, a sheet that is not there, or cells that hold an error.
    """
    _refuse_bomb(path)
    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        if sheet and sheet not in names:
            raise InvalidInput(
                f"There is no sheet “{sheet}”; nothing was stored. The sheets are: {_listed(names)}.",
                remedy="Name one of these, or none for the first.",
            )
        chosen = sheet or names[0]
        columns = _columns(book, chosen)
    except fastexcel.FastExcelError as error:
        raise _damaged() from error
    others = [name for name in names if name != chosen]
    which = f" (first of {len(names)})" if others and not sheet else ""
    hint = f"Only the sheet “{chosen}” was read. For another one name it; there are also: {_listed(others)}."
    return Grid(f"Workbook, sheet “{chosen}”{which}", _rows(columns), hint if others else "")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:20])


def _columns(book: fastexcel.ExcelReader, sheet: str) -> list[pa.Array]:
    """The columns of a sheet as text, from the first row and column of the sheet that holds anything."""
    page = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    if page.width > MOST_COLUMNS:
        raise too_large(f"{page.width:,} columns, more than {MOST_COLUMNS:,}")
    if page.height > MOST_ROWS + 1 or page.height * page.width > MOST_CELLS + page.width:
        raise too_large(f"{page.height:,} rows of {page.width:,} columns")
    texts, errors = page.to_arrow_with_errors()
    if errors is not None and errors.errors:
        _refuse_errors(errors.errors, page.available_columns())
    del page  # it holds every cell once more
    # As text a number has nine digits after the point, so those that have more are looked up once more.
    figures = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="float").to_arrow()
    return [_exact(_plain_moments(own), value) for own, value in zip(texts.columns, figures.columns, strict=True)]


def _exact(texts: pa.Array, figures: pa.Array) -> pa.Array:
    """`texts` with the numbers that were rounded in them written in full."""
    is_number = pc.match_substring_regex(texts, r"^-?\d{1,300}(\.\d{1,9})?$")
    rounded = pc.not_equal(pc.cast(pc.if_else(is_number, texts, None), pa.float64()), figures)
    return pc.if_else(pc.fill_null(rounded, False), pc.cast(figures, pa.string()), texts)


def _plain_moments(column: pa.Array) -> pa.Array:
    """Times without a day, and dates without the midnight that every date of a workbook carries.

    A column in which one moment is not midnight keeps it everywhere.
    """
    column = pc.replace_substring_regex(column, _NO_DAY, r"\1")
    moments = pc.match_substring_regex(column, r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$")
    midnight = pc.ends_with(column, _MIDNIGHT)
    if not pc.any(moments).as_py() or pc.any(pc.and_not(moments, midnight)).as_py():
        return column
    return pc.if_else(moments, pc.utf8_slice_codeunits(column, 0, 10), column)


def _rows(columns: list[pa.Array]) -> Iterator[Row]:
    size = batch_rows(len(columns))
    for start in range(0, len(columns[0]) if columns else 0, size):
        parts = [column.slice(start, size).to_pylist() for column in columns]
        for number, cells in enumerate(zip(*parts, strict=True), start=start + 1):
            yield number, list(cells)


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged() from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise TooLarge(
            "The workbook unpacks to more than 1 GB; nothing was stored.",
            remedy="Upload only the sheet that is needed, best as CSV or Parquet.",
        )


def _refuse_errors(errors: list[fastexcel.CellError], columns: list[fastexcel.ColumnInfo]) -> None:
    places = {column.index: letter(column.absolute_index + 1) for column in columns}
    issues = []
    for each in errors[:MOST_ISSUES]:
        row, column = each.position[0] + 1, places.get(each.position[1], "?")
        issues.append(Issue(message=f"Cell {column}{row} holds an error instead of a value.", row=row))
    count = f"{len(errors):,} cell{'s' if len(errors) != 1 else ''}"
    raise InvalidInput(
        f"{count} with an error instead of a value, the first in row {issues[0].row}. Nothing was stored.",
        remedy="Correct the formulas, or empty these cells.",
        issues=issues,
    )


def _damaged() -> InvalidInput:
    return InvalidInput(
        "The workbook is damaged and cannot be read; nothing was stored.",
        remedy="Open it in a spreadsheet program and save it as XLSX again.",
    )
