"""Where the rows of a dataset are kept, sealed, and how they are handed out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from apps.common.errors import InvalidInput, Issue, TooLarge
from apps.common.spreadsheets import inert
from apps.datasets.reading.shapes import MOST_CELLS, MOST_COLUMNS, MOST_ISSUES, ROW
from apps.tenants.storage import file_open, tenant_path

if TYPE_CHECKING:
    import polars

FOLDER = "datasets"
# Text that reads as a number is no formula, whatever its sign.
_NUMBER = re.compile(r"[+-]?[\d.,]+([eE][+-]?\d+)?%?")


def path_of(id: UUID) -> Path:
    """The Parquet file of the dataset with this id in the current tenant."""
    return tenant_path(FOLDER, f"{id}.parquet")


def frame_of(path: Path) -> polars.DataFrame:
    """The table with `__row__`, the row of the source file, as its first column."""
    import polars

    with file_open(path) as file:
        return polars.read_parquet(file)


def csv_of(path: Path) -> Iterator[str]:
    """The table as CSV (RFC 4180) in pieces, without `__row__`. Cells are inert for spreadsheet programs.

    The file is opened at once, while the caller is in its tenant; the pieces may be asked for from anywhere.
    """
    return _csv_pieces(file_open(path))


def _csv_pieces(table: BinaryIO) -> Iterator[str]:
    import pyarrow.parquet as pq

    buffer = io.StringIO()
    writer = csv.writer(buffer)
    with table, pq.ParquetFile(table) as file:
        names = [name for name in file.schema_arrow.names if name != ROW]
        writer.writerow([_cell(name) for name in names])
        for batch in file.iter_batches(batch_size=max(1, 50_000 // len(names)), columns=names):
            writer.writerows(
                [_cell(cell) for cell in row] for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)
            )
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    return value if _NUMBER.fullmatch(value) else inert(value)


def frame_of_rows(rows: list[dict[str, Any]]) -> polars.DataFrame:
    """Rows given inline as a table of text, in the order in which columns first appear; `__row__` counts from 1.

    Raises `InvalidInput` for cells that are lists or objects, `TooLarge` for a table that could not be uploaded: a few
    rows that each name columns of their own make one that no memory holds.
    """
    import polars

    names = dict.fromkeys(name for row in rows for name in row if name != ROW)
    if len(names) > MOST_COLUMNS:
        raise _too_large(f"{len(names):,} columns, more than {MOST_COLUMNS:,}")
    if len(rows) * len(names) > MOST_CELLS:
        raise _too_large(f"{len(rows):,} rows of {len(names):,} columns")
    issues = [
        Issue(path=f"rows.{number}.{name}", message="Give a text, a number or null.", row=number + 1, column=name)
        for number, row in enumerate(rows)
        for name, value in row.items()
        if isinstance(value, list | dict)
    ]
    if issues:
        raise InvalidInput(
            f"Some cells are not plain values, the first in row {issues[0].row}; nothing was stored.",
            remedy="Give each cell as a text, a number or null.",
            issues=issues[:MOST_ISSUES],
        )
    columns = {name: [_text(row.get(name)) for row in rows] for name in names}
    numbers = polars.Series(ROW, range(1, len(rows) + 1), dtype=polars.Int32)
    return polars.DataFrame(
        [numbers, *(polars.Series(name, cells, dtype=polars.String) for name, cells in columns.items())]
    )


def _too_large(what: str) -> TooLarge:
    return TooLarge(
        f"The table has {what}; nothing was stored.",
        remedy="Split it, or leave out rows and columns that are not needed.",
    )


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None or value == "" else str(value)
