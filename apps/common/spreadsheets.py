"""Results as CSV and XLSX. Text that a spreadsheet program would run as a formula is made inert."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from apps.common.widgets import Cell, Sheet

# A cell that begins with one of these may be run as a formula (OWASP, CSV Injection).
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")


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
    """The sheet as an XLSX workbook with one worksheet and a frozen header row."""
    import xlsxwriter

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(target, options) as book:
        page = book.add_worksheet(sheet.name[:31])
        page.freeze_panes(1, 0)
        page.write_row(0, 0, [inert(column) for column in sheet.columns], book.add_format({"bold": True}))
        for number, row in enumerate(sheet.rows, start=1):
            page.write_row(number, 0, [inert(cell) for cell in row])
    return target.getvalue()
