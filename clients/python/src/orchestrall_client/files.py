"""What can be uploaded: a path, an open file, bytes, or a table of polars or pandas."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from orchestrall_client.connection import SPOOL, Upload


class PolarsFrame(Protocol):
    """A `polars.DataFrame`."""

    def write_parquet(self, file: Any) -> Any: ...


class PandasFrame(Protocol):
    """A `pandas.DataFrame`."""

    def to_parquet(self, path: Any, *, index: bool) -> Any: ...

    def to_csv(self, path_or_buf: Any, *, index: bool) -> Any: ...


Source = str | os.PathLike[str] | bytes | BinaryIO | PolarsFrame | PandasFrame
"""A path (text is one too), the bytes of a file, a file opened in binary mode, or a table."""


@contextmanager
def upload_of(source: Source, name: str | None = None) -> Iterator[Upload]:
    """The source as a file that can be sent again and again. An open file is sent whole, and stays open.

    Raises `OSError` for a path that cannot be read, and `TypeError` for what is none of these.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        with path.open("rb") as file:
            yield Upload(name or path.name, file)
    elif isinstance(source, bytes):
        yield Upload(name or "table", io.BytesIO(source))
    elif hasattr(source, "write_parquet") or hasattr(source, "to_parquet"):
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
            end = _write(source, cast("BinaryIO", spool))
            yield Upload(name or f"table.{end}", cast("BinaryIO", spool))
    elif hasattr(source, "read"):
        with _rewindable(source) as file:
            yield Upload(name or _name_of(source), file)
    else:
        raise TypeError(f"A {type(source).__name__} cannot be uploaded: give a path, bytes, an open file or a table.")


def _write(table: Any, file: BinaryIO) -> str:
    """Write the table, and return the ending of its format. Parquet keeps types: CSV is for pandas without pyarrow."""
    if hasattr(table, "write_parquet"):
        table.write_parquet(file)
        return "parquet"
    if find_spec("pyarrow"):
        table.to_parquet(file, index=False)
        return "parquet"
    table.to_csv(file, index=False)
    return "csv"


@contextmanager
def _rewindable(source: Any) -> Iterator[BinaryIO]:
    if isinstance(source.read(0), str):
        raise TypeError("Open the file in binary mode: its encoding is found out by the server.")
    if source.seekable():
        yield source
        return
    with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
        shutil.copyfileobj(source, spool)
        yield cast("BinaryIO", spool)


def _name_of(source: Any) -> str:
    """What the file is called; an open file descriptor has a number for a name."""
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) and name else "table"
