"""The cells of a small file, read at once for a form, where it becomes no dataset."""

from __future__ import annotations

from typing import Any, Final

from apps.common.errors import InvalidInput, TooLarge
from apps.common.ids import uuid7
from apps.console.schemaforms.sheets import MOST_ROWS, Cells, cells_of
from apps.datasets.reading.isolation import table_read
from apps.tenants.storage import scratch_path

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a file whose rows go into a form."""
_ZIP: Final = b"PK\x03\x04"
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


def cells_read(file: Any) -> Cells:
    """The cells of a file: text, as CSV, else a workbook, whose first line names its columns.

    Raises `TooLarge`, `InvalidInput`, `UnsupportedFormat`.
    """
    raw: bytes = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise TooLarge(
            f"A file whose rows go into a form has {LARGEST // 1024**2} MiB at most; nothing was changed.",
            remedy="Upload it as a dataset, or send the input as JSON.",
        )
    cells = _of_workbook(raw) if raw.startswith(_ZIP) else cells_of(_text(raw))
    if len(cells) > MOST_ROWS:
        raise TooLarge(
            f"The file has {len(cells):,} rows, more than the {MOST_ROWS:,} that go into a form; nothing was changed.",
            remedy="Send the input as JSON.",
        )
    return cells


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-16" if raw.startswith(_MARKS) else "utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "The file is no text in UTF-8; nothing was changed.", remedy="Save it as CSV UTF-8, or as XLSX."
        ) from error


def _of_workbook(raw: bytes) -> Cells:
    """By a process of its own, as a workbook of a stranger is read nowhere else."""
    import pyarrow.parquet as pq

    source, target = (scratch_path(f"{uuid7()}.{part}") for part in ("source", "table"))
    try:
        source.write_bytes(raw)
        reading = table_read(source=source, target=target)
        table = pq.read_table(target, columns=[column.name for column in reading.columns])
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    columns = [["" if value is None else str(value) for value in column.to_pylist()] for column in table.columns]
    return [table.column_names, *(list(row) for row in zip(*columns, strict=True))]
