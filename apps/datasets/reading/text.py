"""CSV and its kin: which encoding, which separator, then row by row. Never more than a row in memory."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from apps.common.errors import InvalidInput, Issue, UnsupportedFormat
from apps.datasets.reading.formats import ACCEPTED
from apps.datasets.reading.shapes import Grid, Row

SAMPLE = 64 * 1024
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEP_LINE = re.compile(r"\s*sep=(.)\r?\n?", re.IGNORECASE)


def read(path: Path) -> Grid:
    """The rows of the text file at `path`. Raises `UnsupportedFormat` for what is not text.

    Iterating raises `InvalidInput` at the row where quotes or characters cannot be read. Rows are counted as a
    spreadsheet shows them: a line break inside quotes does not begin a row.
    """
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        sample = file.read(SAMPLE)
        complete = not file.read(1)
    named = _SEP_LINE.match(sample)
    separator = named[1] if named else separator_of(sample, complete=complete)
    words = SEPARATORS.get(separator, f"“{separator}”")
    read_as = f"{_NAMES.get(encoding, encoding.upper())} text, separated by {words}"
    return Grid(read_as, _rows(path, encoding, separator, skip_first=named is not None))


def encoding_of(path: Path) -> str:
    """The encoding of a text file: by its mark, else UTF-8 when all of it is, else Windows-1252."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\x00" in start:
        return _sixteen_bits(start)
    if sum(byte < 32 and byte not in b"\t\n\r\x0c\x1a" for byte in start) * 100 > len(start):
        raise _not_text()
    for encoding in ("utf-8", "cp1252"):
        if _decodes(path, encoding):
            return encoding
    raise InvalidInput(
        "The text is neither UTF-8 nor Windows-1252, so its letters cannot be told; nothing was stored.",
        remedy="Save the file as UTF-8 and upload it again.",
    )


def _sixteen_bits(start: bytes) -> str:
    """UTF-16 without a mark: in the text of western languages every other byte is zero."""
    even, odd = start[0::2], start[1::2]
    if even.count(0) * 10 < len(even) and odd.count(0) * 2 > len(odd):
        return "utf-16-le"
    if odd.count(0) * 10 < len(odd) and even.count(0) * 2 > len(even):
        return "utf-16-be"
    raise _not_text()


def _decodes(path: Path, encoding: str) -> bool:
    """Whether all of the file is text of this encoding. Raises `UnsupportedFormat` where it holds the byte NUL."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(1024 * 1024):
                if b"\x00" in block:
                    raise _not_text()
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _not_text() -> UnsupportedFormat:
    return UnsupportedFormat(f"The file is neither text nor a workbook; nothing was stored. {ACCEPTED}")


def separator_of(sample: str, *, complete: bool) -> str:
    """The separator by which most rows have as many cells as the header, and at least two; a comma if none does."""
    lines = sample.splitlines(keepends=True)
    text = "".join(lines if complete or len(lines) == 1 else lines[:-1])  # the last line may be cut off
    best, score = ",", (0.0, 0)
    for separator in SEPARATORS:
        try:
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        alike = sum(len(row) == width for row in rows) / len(rows)
        if (alike, width) > score:
            best, score = separator, (alike, width)
    return best


def _rows(path: Path, encoding: str, separator: str, *, skip_first: bool) -> Iterator[Row]:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        if skip_first:
            file.readline()
        try:
            for number, row in enumerate(csv.reader(file, delimiter=separator, strict=True), start=1):
                yield number, [*row]
        except csv.Error as error:
            raise _unreadable(number + 1, _explained(str(error))) from error
        except UnicodeDecodeError as error:
            raise _unreadable(number + 1, f"some bytes are no {encoding.upper()} text.") from error


def _explained(error: str) -> str:
    """Words for an error of the csv module."""
    if "end of data" in error:
        return "a quotation mark is opened and never closed."
    if "field larger than" in error:
        return "a cell has more than 131,072 letters, or a quotation mark is opened and never closed."
    if "expected after" in error:
        return "a quotation mark inside a quoted cell is not doubled."
    return f"{error}."


def _unreadable(row: int, why: str) -> InvalidInput:
    message = f"Row {row} cannot be read: {why}"
    return InvalidInput(
        f"{message} Nothing was stored.",
        remedy="Correct that row, or save the table again from a spreadsheet program.",
        issues=[Issue(message=message, row=row)],
    )
