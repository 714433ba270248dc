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
                f"There is no sheet “{sheet}”; nothing was stored. The sheets are: {', '.join(names[:20])}.",
                remedy="Name one of these, or none for the first.",
            )
        chosen = sheet or names[0]
        page = book.load_sheet(chosen, header_row=None, skip_rows=0, dtypes="string")
        if page.width > MOST_COLUMNS:
            raise too_large(f"{page.width:,} columns, more than {MOST_COLUMNS:,}")
        if page.height > MOST_ROWS + 1 or page.height * page.width > MOST_CELLS + page.width:
            raise too_large(f"{page.height:,} rows of {page.width:,} columns")
        batch, errors = page.to_arrow_with_errors()
    except fastexcel.FastExcelError as error:
        raise _damaged() from error
    if errors is not None and errors.errors:
        _refuse_errors(errors.errors, page.available_columns())
    others = f" (first of {len(names)})" if len(names) > 1 and not sheet else ""
    return Grid(f"Workbook, sheet “{chosen}”{others}", _rows(batch))


def _rows(batch: pa.RecordBatch) -> Iterator[Row]:
    columns = [_plain_dates(column) for column in batch.columns]
    size = batch_rows(len(columns))
    for start in range(0, batch.num_rows, size):
        parts = [column.slice(start, size).to_pylist() for column in columns]
        for number, cells in enumerate(zip(*parts, strict=True), start=start + 1):
            yield number, list(cells)


def _plain_dates(column: pa.Array) -> pa.Array:
    """Dates without the midnight that every date of a workbook carries, where no moment of the column is another."""
    moments = pc.match_substring_regex(column, r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$")
    midnight = pc.ends_with(column, _MIDNIGHT)
    if not pc.any(moments).as_py() or pc.any(pc.and_not(moments, midnight)).as_py():
        return column
    return pc.if_else(moments, pc.utf8_slice_codeunits(column, 0, 10), column)


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
    raise InvalidInput(
        f"Cells with an error instead of a value: {len(errors):,}, the first in row {issues[0].row}. Nothing was stored.",
        remedy="Correct the formulas, or empty these cells.",
        issues=issues,
    )


def _damaged() -> InvalidInput:
    return InvalidInput(
        "The workbook is damaged and cannot be read; nothing was stored.",
        remedy="Open it in a spreadsheet program and save it as XLSX again.",
    )
