"""Results as CSV and XLSX. Text that a spreadsheet program would run as a formula is made inert."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from apps.common.errors import TooLarge
from apps.common.widgets import Cell, Sheet

# A cell that begins with one of these may be run as a formula (OWASP, CSV Injection).
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")


MOST_ROWS: Final = 1_048_576
"""Of a worksheet, the header among them."""
LONGEST: Final = 32_767
"""Characters of a cell of a worksheet."""
_CUT: Final = "… (cut)"
_EXACT: Final = 10**15
"""From here on a spreadsheet program rounds whole numbers: numbers of accounts would be others."""
_NOT_IN_NAMES: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def inert(cell: Cell) -> Cell:
    """Return the cell so that no spreadsheet program runs it: text that looks active gets a leading apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_ACTIVE) else cell


def csv_lines(sheet: Sheet) -> Iterator[str]:
    """The sheet as CSV (RFC 4180), in pieces of 500 rows so that a large one can be streamed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([inert(column) for column in sheet.columns])
    for number, row in enumerate(sheet.rows, start=1):
        writer.writerow([inert(cell) for cell in row])
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def xlsx_bytes(sheet: Sheet) -> bytes:
    """The sheet as an XLSX workbook with one worksheet and a frozen header row. A text that is longer than a cell takes
    is cut and says so; a whole number of which figures would be lost is text. Raises `TooLarge` for too many rows."""
    import xlsxwriter

    if len(sheet.rows) >= MOST_ROWS:
        raise TooLarge(
            f"The table has {len(sheet.rows):,} rows, more than a worksheet takes. Nothing was downloaded.",
            remedy="Download it as CSV.",
        )

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(target, options) as book:
        page = book.add_worksheet(_page_name(sheet.name))
        page.freeze_panes(1, 0)
        page.write_row(0, 0, [inert(column) for column in sheet.columns], book.add_format({"bold": True}))
        for number, row in enumerate(sheet.rows, start=1):
            page.write_row(number, 0, [_kept(inert(cell)) for cell in row])
    return target.getvalue()


def _page_name(name: str) -> str:
    """A name that a worksheet may have."""
    made = _NOT_IN_NAMES.sub("_", name)[:31].strip("' ")
    return made if made and made.lower() != "history" else "Sheet1"


def _kept(cell: Cell) -> Cell:
    if isinstance(cell, str) and len(cell) > LONGEST:
        return f"{cell[: LONGEST - len(_CUT)]}{_CUT}"
    return str(cell) if type(cell) is int and abs(cell) >= _EXACT else cell
