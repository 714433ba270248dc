"""Which kind of file it is, by what is in it: a name may lie."""

from __future__ import annotations

import zipfile
from pathlib import Path

from apps.common.errors import InvalidInput, UnsupportedFormat
from apps.datasets.reading.shapes import Kind

ACCEPTED = "Upload a table as CSV, XLSX or Parquet."

# First bytes of what people upload by mistake, with what to do about it.
_OTHERS = (
    (b"%PDF", "a PDF document", "Ask for the table behind it as CSV or XLSX."),
    (b"\x89PNG", "an image", "Upload the table itself."),
    (b"\xff\xd8\xff", "an image", "Upload the table itself."),
    (b"GIF8", "an image", "Upload the table itself."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it and upload the file inside."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and upload the file inside."),
    (b"Rar!", "a RAR archive", "Unpack it and upload the file inside."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"ARROW1", "an Arrow file", "Save it as Parquet."),
    (b"Obj\x01", "an Avro file", "Save it as Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls) or one with a password",
        "Open it in a spreadsheet program and save it as XLSX without a password.",
    ),
)


def kind_of(path: Path) -> Kind:
    """The kind of the file at `path`. Raises `InvalidInput` when it is empty or cut off, `UnsupportedFormat` else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4096)
        file.seek(max(0, size - 4))
        end = file.read(4)
    if not start.strip() and size == len(start):
        raise InvalidInput("The file is empty; nothing was stored.", remedy="Choose a file that holds a table.")
    if start.startswith(b"PAR1"):
        if end != b"PAR1":
            raise InvalidInput(
                "The Parquet file is cut off: its end is missing. Nothing was stored.", remedy="Upload it again."
            )
        return "parquet"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _of_zip(path)
    for magic, what, remedy in _OTHERS:
        if start.startswith(magic):
            raise _unsupported(what, remedy)
    _refuse_markup(start)
    return "csv"


def _of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InvalidInput(
            "The file is damaged or cut off: it cannot be unpacked. Nothing was stored.", remedy="Upload it again."
        ) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise _unsupported("a binary workbook (.xlsb)", "Save it as XLSX.")
    if "mimetype" in names and "content.xml" in names:
        raise _unsupported("an OpenDocument file", "Save it as XLSX or CSV.")
    if "word/document.xml" in names:
        raise _unsupported("a Word document", "Upload the table itself, as CSV or XLSX.")
    raise _unsupported("a ZIP archive", "Unpack it and upload the table inside.")


def _refuse_markup(start: bytes) -> None:
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise _unsupported("HTML or XML", "Open it in a spreadsheet program and save it as XLSX or CSV.")
    if head.startswith((b"[{", b'{"', b"[\n", b"[\r", b"{\n", b"{\r")):
        raise _unsupported("JSON", "Send its rows to the API as `rows`, or upload a CSV.")


def _unsupported(what: str, remedy: str) -> UnsupportedFormat:
    return UnsupportedFormat(f"The file is {what}; nothing was stored. {ACCEPTED}", remedy=remedy)
