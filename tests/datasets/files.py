"""Files that people upload by mistake, or to do harm: name, content, what the answer must say."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars
import xlsxwriter


def xlsx(rows: list[list[Any]], *, sheets: tuple[str, ...] = ("Data",), at: tuple[int, int] = (0, 0)) -> bytes:
    """A workbook whose first sheet holds `rows` from the cell `at` on; the other sheets are empty."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        pages = [book.add_worksheet(name) for name in sheets]
        for number, row in enumerate(rows):
            pages[0].write_row(at[0] + number, at[1], row)
    return target.getvalue()


def xlsx_with_error() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet("Data")
        page.write_row(0, 0, ["item", "sold"])
        page.write_row(1, 0, ["Tea", 3])
        page.write_formula(2, 1, "=1/0", None, "#DIV/0!")
    return target.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def honest_bomb() -> bytes:
    """A workbook that says that its sheet unpacks to two gigabytes."""
    made = bytearray(zipped({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"<worksheet/>"}))
    _declare(made, b"xl/worksheets/sheet1.xml", 2_000_000_000)
    return bytes(made)


def _declare(archive: bytearray, part: bytes, size: int) -> None:
    """Write into both heads of a part that it unpacks to `size` bytes."""
    local, central = archive.find(part) - 30, archive.rfind(part) - 46
    archive[local + 22 : local + 26] = archive[central + 24 : central + 28] = size.to_bytes(4, "little")


def lying_bomb(megabytes: int = 2300) -> bytes:
    """A workbook whose sheet unpacks to two gigabytes of one cell, and says that it unpacks to a few bytes."""
    with zipfile.ZipFile(io.BytesIO(xlsx([["item"], ["Tea"]]))) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    head, tail = parts["xl/worksheets/sheet1.xml"].split(b"<sheetData>")
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
    pieces = [packer.compress(head + b"<sheetData>" + row)]
    block = b"x" * (4 * 1024 * 1024)
    pieces += [packer.compress(block) for _ in range(megabytes // 4)]
    pieces += [packer.compress(b"</t></is></c></row>" + tail.partition(b"</sheetData>")[2]), packer.flush()]
    packed = b"".join(pieces)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, content)
        archive.writestr("xl/worksheets/sheet1.xml", packed)  # as it is: below it is declared to be deflated
    made = bytearray(target.getvalue())
    sheet = b"xl/worksheets/sheet1.xml"
    for method in (made.find(sheet) - 30 + 8, made.rfind(sheet) - 46 + 10):
        made[method : method + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
    _declare(made, sheet, 900)
    return bytes(made)


def parquet(**columns: Any) -> bytes:
    target = io.BytesIO()
    polars.DataFrame(columns).write_parquet(target)
    return target.getvalue()


def damaged(content: bytes, after: bytes = b"") -> bytes:
    """The content with a stretch overwritten: behind the first `after`, else in its middle."""
    begin = content.index(after) + len(after) if after else len(content) // 2
    return content[:begin] + b"\xff" * 80 + content[begin + 80 :]


def wide(columns: int) -> bytes:
    return (",".join(f"c{number}" for number in range(columns)) + "\n" + "," * (columns - 1) + "1\n").encode()


@dataclass(frozen=True)
class Bad:
    """A file that must be refused, with the status and words that the answer must hold."""

    id: str
    name: str
    make: Callable[[], bytes]
    status: int
    says: tuple[str, ...]
    row: int | None = None
    """The row that the first issue must name."""
    column: str | None = None


BAD = [
    Bad("pdf", "report.pdf", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 415, ("PDF document", "CSV, XLSX or Parquet")),
    Bad("png", "chart.png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(64), 415, ("an image",)),
    Bad("pdf named csv", "sales.csv", lambda: b"%PDF-1.7\n", 415, ("PDF document",)),
    Bad("xls", "old.xls", lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512), 415, ("(.xls)", "save it as XLSX")),
    Bad("zip", "all.zip", lambda: zipped({"a.csv": b"a,b\n1,2\n"}), 415, ("ZIP archive", "Unpack it")),
    Bad("html", "page.csv", lambda: b"<!DOCTYPE html><html><table>", 415, ("HTML or XML",)),
    Bad("json", "rows.json", lambda: b'[{"item": "Tea"}]', 415, ("JSON", "`rows`")),
    Bad("binary", "x.csv", lambda: bytes(range(256)) * 40, 415, ("neither text nor a workbook",)),
    Bad("empty", "empty.csv", lambda: b"", 422, ("empty",)),
    Bad("blank", "blank.csv", lambda: b" \n\n \t\n", 422, ("empty",)),
    Bad("header only", "head.csv", lambda: b"item,week,sold\n", 422, ("a header and no rows", "Add rows")),
    Bad("no header", "data.csv", lambda: b"1,2.5\n2,3.5\n", 422, ("no header", "first row"), row=1),
    Bad(
        "ragged rows",
        "ragged.csv",
        lambda: b"item,week,sold\nTea,1,2\nTea,2\nTea,3,4,5\n",
        422,
        ("Row 3 has 2 cells, the header has 3", "Row 4 has 4 cells", "one too many", "separator"),
        row=3,
    ),
    Bad(
        "doubled name",
        "twice.csv",
        lambda: b"item,sold,item\nTea,1,2\n",
        422,
        ("Column C is called “item”, as column A is", "a name of its own"),
        row=1,
        column="item",
    ),
    Bad("missing name", "gap.csv", lambda: b"item,,sold\nTea,1,2\n", 422, ("Column B has no name",), row=1),
    Bad("encoding", "mac.csv", lambda: b"item\nM\x81\x8dller\n", 422, ("neither UTF-8 nor Windows-1252", "as UTF-8")),
    Bad("open quote", "open.csv", lambda: b'item,sold\n"Tea,1\nOat,2\n', 422, ("Row 2", "never closed"), row=2),
    Bad("stray quote", "stray.csv", lambda: b'item,sold\nOat,1\n"T"ea,2\n', 422, ("Row 3", "not doubled"), row=3),
    Bad("cell error", "error.xlsx", xlsx_with_error, 422, ("Cell B3 holds an error",), row=3),
    Bad("damaged xlsx", "bad.xlsx", lambda: damaged(xlsx([["a", "b"], [1, 2]]), b"sheet1.xml"), 422, ("damaged",)),
    Bad("cut xlsx", "cut.xlsx", lambda: xlsx([["a", "b"], [1, 2]])[:-200], 422, ("damaged or cut off",)),
    Bad("bomb", "bomb.xlsx", honest_bomb, 413, ("unpacks to more than 1 GB",)),
    Bad("cut parquet", "cut.parquet", lambda: parquet(a=[1, 2])[:-9], 422, ("cut off", "Upload it again")),
    Bad("damaged parquet", "bad.parquet", lambda: damaged(parquet(a=list(range(999)))), 422, ("damaged",)),
    Bad(
        "nested parquet",
        "nested.parquet",
        lambda: parquet(item=["Tea"], sold=[[1, 2]]),
        422,
        ("Column 2, “sold”, holds", "not plain values", "flatten"),
        column="sold",
    ),
    Bad("too many columns", "wide.csv", lambda: wide(16_385), 413, ("16,385 columns, more than 16,384",)),
]
