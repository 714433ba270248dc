"""Parquet: the columns keep their types, as far as a table of plain values has them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from apps.common.errors import InvalidInput, Issue
from apps.datasets.reading.profile import as_text
from apps.datasets.reading.shapes import (
    LONGEST_NAME,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ISSUES,
    MOST_ROWS,
    ROW,
    Reading,
)
from apps.datasets.reading.store import TableWriter, batch_rows, too_large, without_nul


def store(source: Path, target: Path) -> Reading:
    """Copy the Parquet file at `source` to `target`, with rows numbered from 1. Raises `InvalidInput` when damaged."""
    try:
        file = pq.ParquetFile(source)
        _refuse_outsize(file.metadata)
        schema = _schema(file.schema_arrow)
        if not file.metadata.num_rows:
            raise InvalidInput(
                "The file holds no rows; nothing was stored.", remedy="Choose a file that holds a table."
            )
        with TableWriter(target, schema) as writer:
            for batch in file.iter_batches(batch_size=batch_rows(len(schema))):
                batch.validate(full=True)  # text that is not UTF-8 would break every later reader
                # `pa.array` would import pandas, which is installed for other reasons: a second, and 60 MB.
                numbers = pa.arange(writer.rows + 1, writer.rows + len(batch) + 1).cast(pa.int32())
                fields = zip(batch.columns, schema, strict=True)
                writer.add(numbers, [_plain(column, field.type) for column, field in fields])
            return writer.reading("parquet", "Parquet")
    except MemoryError:  # Arrow's own is one of its exceptions too, and says nothing against the file
        raise
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(
            "The Parquet file is damaged and cannot be read; nothing was stored.",
            remedy="Write it again and upload it.",
        ) from error


def _refuse_outsize(metadata: pq.FileMetaData) -> None:
    if metadata.num_rows > MOST_ROWS:
        raise too_large(f"{metadata.num_rows:,} rows, more than {MOST_ROWS:,}")
    if metadata.num_columns > MOST_COLUMNS:
        raise too_large(f"{metadata.num_columns:,} columns, more than {MOST_COLUMNS:,}")
    if metadata.num_rows * metadata.num_columns > MOST_CELLS:
        raise too_large(f"{metadata.num_rows:,} rows of {metadata.num_columns:,} columns")


def _schema(schema: pa.Schema) -> pa.Schema:
    """The types that are stored. Raises `InvalidInput` for columns whose name or whose values no table can have."""
    if not len(schema):
        raise InvalidInput("The file has no columns; nothing was stored.", remedy="Choose a file that holds a table.")
    issues, fields, seen = [], [], set()
    for place, field in enumerate(schema, start=1):
        name, stored = field.name, _stored(field.type)
        wrong = _wrong_name(name, name in seen)
        if stored is None:
            wrong = f"holds {str(field.type)[:60]}, not plain values"
        if wrong:
            shown = as_text(name)[:40]
            issues.append(Issue(message=f"Column {place}, “{shown}”, {wrong}.", column=shown))
        else:
            fields.append(pa.field(name, stored))
        seen.add(name)
    if issues:
        raise InvalidInput(
            f"Some columns cannot be used. {issues[0].message} Nothing was stored.",
            remedy="Rename these columns, leave them out or flatten them, and write the file again.",
            issues=issues[:MOST_ISSUES],
        )
    return pa.schema(fields)


def _wrong_name(name: str, is_doubled: bool) -> str:
    """What is wrong with the name of a column; empty when nothing is."""
    if is_doubled:
        return "is called as another one is"
    if name == ROW:
        return "has a name that is reserved"
    if not name.strip() or not name.isprintable():
        return "has a name that is empty or not plain text"
    return f"has a name of more than {LONGEST_NAME} letters" if len(name) > LONGEST_NAME else ""


def _stored(type_: pa.DataType) -> pa.DataType | None:
    """The type a column is stored as; None for binary and nested ones."""
    if pa.types.is_dictionary(type_):
        return _stored(type_.value_type)
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_) or pa.types.is_date(type_):
        return pa.date32() if pa.types.is_date(type_) else type_
    if pa.types.is_floating(type_):
        return pa.float64()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us")
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_decimal, pa.types.is_time, pa.types.is_null)
    return pa.string() if any(is_kind(type_) for is_kind in text) else None


def _plain(values: pa.Array, type_: pa.DataType) -> pa.Array:
    """The values as the type they are stored as; a moment loses its zone and stands in UTC, NaN is no value."""
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    plain = plain.cast(type_, safe=not pa.types.is_timestamp(type_))
    if pa.types.is_floating(type_):
        # Nor by `pa.scalar`, which would import pandas as well.
        return pc.if_else(pc.is_nan(plain), pa.nulls(1, type_)[0], plain)
    return without_nul(plain) if pa.types.is_string(type_) else plain
