"""Writes a table as Parquet, batch by batch, and profiles it on the way."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from apps.common.errors import TooLarge
from apps.datasets.reading.profile import ColumnProfile, as_text
from apps.datasets.reading.shapes import (
    MOST_CELLS,
    MOST_ROWS,
    PREVIEW_COLUMNS,
    PREVIEW_ROWS,
    ROW,
    Kind,
    Reading,
)


def batch_rows(width: int) -> int:
    """How many rows of `width` cells are held at a time: about two million cells."""
    return max(64, min(50_000, 2_000_000 // max(1, width)))


class TableWriter:
    """A Parquet file that grows by batches. Leaving the block closes it; `reading` tells what was written."""

    def __init__(self, target: Path, schema: pa.Schema) -> None:
        self._schema = schema.insert(0, pa.field(ROW, pa.int32()))
        self._writer = pq.ParquetWriter(target, self._schema, compression="zstd", write_statistics=False)
        self._profiles = [ColumnProfile(name) for name in schema.names]
        self._rows = 0
        self._preview: list[list[str | None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._writer.close()

    def add(self, numbers: pa.Array, columns: list[pa.Array]) -> None:
        """Append a batch: the rows' numbers in the source, then a column per name of the schema.

        Raises `TooLarge` when the table outgrows its limits.
        """
        self._rows += len(numbers)
        if self._rows > MOST_ROWS:
            raise too_large(f"more than {MOST_ROWS:,} rows")
        if self._rows * len(columns) > MOST_CELLS:
            raise too_large(f"more than {MOST_CELLS:,} cells ({len(columns):,} columns)")
        for profile, values in zip(self._profiles, columns, strict=True):
            profile.add(values)
        self._keep_preview(columns)
        # A row group at once, column after column: `write_batch` would keep buffers of all columns open.
        self._writer.write_table(pa.table([numbers, *columns], schema=self._schema))

    def _keep_preview(self, columns: list[pa.Array]) -> None:
        if wanted := PREVIEW_ROWS - len(self._preview):
            shown = [values.slice(0, wanted).to_pylist() for values in columns[:PREVIEW_COLUMNS]]
            texts = ([None if cell is None else as_text(cell) for cell in row] for row in zip(*shown, strict=True))
            self._preview.extend(texts)

    @property
    def rows(self) -> int:
        return self._rows

    def reading(self, kind: Kind, read_as: str) -> Reading:
        columns = [profile.column() for profile in self._profiles]
        return Reading(kind=kind, read_as=read_as, rows=self._rows, columns=columns, preview=self._preview)


def without_nul(texts: pa.Array) -> pa.Array:
    """The texts less the character NUL, which no column of text in a database holds."""
    return pc.replace_substring(texts, "\x00", "")


def too_large(what: str) -> TooLarge:
    return TooLarge(
        f"The table has {what}; nothing was stored.",
        remedy="Split it, or leave out rows and columns that are not needed.",
    )
