"""CSV and its kin: whatever was written comes back, cell by cell and row by row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.common.errors import InvalidInput, UnsupportedFormat
from apps.datasets.reading import text
from apps.datasets.reading.shapes import ROW

Read = Callable[..., Any]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252")
# Text that every encoding has, with what makes CSV hard among it. No line breaks at the ends: blank cells are empty.
LETTERS = st.sampled_from([*"abcXYZ 019.-+", "é", "ß", '"', "'", ",", ";", "\t", "|", "\n", "=", "#"])
CELLS = st.text(LETTERS, max_size=12).map(lambda cell: cell if cell.strip() else "")
BREAKS = ("\n", "\r\n")


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 6))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=25))
    return [[f"name {number}" for number in range(width)], *rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    table=tables(),
    marks=st.tuples(st.sampled_from([*text.SEPARATORS]), st.sampled_from(BREAKS)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(ENCODINGS),
)
def test_what_was_written_is_read(
    read: Read, table: list[list[str]], marks: tuple[str, str], quoting: Any, encoding: str
) -> None:
    separator, end = marks
    target = io.StringIO(newline="")
    # A line that names the separator: a table of nothing but quotes and commas could be read in more than one way.
    target.write(f"sep={separator}{end}")
    csv.writer(target, delimiter=separator, lineterminator=end, quoting=quoting).writerows(table)
    content = target.getvalue().encode(encoding)
    wanted = [(number, row) for number, row in enumerate(table[1:], start=2) if any(row)]
    if not wanted:
        with pytest.raises(InvalidInput, match="a header and no rows"):
            read(content)
        return
    reading, frame = read(content)
    assert [column.name for column in reading.columns] == table[0]
    assert reading.rows == len(wanted)
    assert frame[ROW].to_list() == [number for number, _ in wanted]
    assert [list(row) for row in frame.drop(ROW).rows()] == [[cell or None for cell in row] for _, row in wanted]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    separator=st.sampled_from([*text.SEPARATORS]),
    width=st.integers(2, 8),
    rows=st.integers(1, 30),
    decimal=st.sampled_from(".,"),
)
def test_the_separator_is_found(read: Read, separator: str, width: int, rows: int, decimal: str) -> None:
    quote = '"' if separator == decimal else ""
    lines = [separator.join(f"column {number}" for number in range(width))]
    lines += [separator.join(f"{quote}{n}{decimal}{m}{quote}" for m in range(width)) for n in range(rows)]
    reading, frame = read("\n".join(lines).encode())
    assert reading.read_as == f"UTF-8 text, separated by {text.SEPARATORS[separator]}"
    assert frame.width == width + 1
    assert {column.type for column in reading.columns} == {"number"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(content=st.binary(max_size=400))
def test_no_bytes_break_the_reader(read: Read, content: bytes) -> None:
    with suppress(InvalidInput, UnsupportedFormat):
        reading, frame = read(content)
        assert reading.rows == frame.height > 0


@pytest.mark.parametrize(
    ("encoding", "mark", "words"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", codecs.BOM_UTF8, "UTF-8"),
        ("cp1252", b"", "Windows-1252"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "UTF-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "UTF-16"),
        ("utf-16-be", b"", "UTF-16-BE"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "UTF-32"),
    ],
)
def test_the_encoding_is_found_and_said(read: Read, encoding: str, mark: bytes, words: str) -> None:
    reading, frame = read(mark + "Straße;sold\nMüller;3\n".encode(encoding))
    assert reading.read_as == f"{words} text, separated by semicolons"
    assert frame.to_dicts() == [{ROW: 2, "Straße": "Müller", "sold": "3"}]


def test_a_letter_that_ends_beyond_a_block_is_still_one(read: Read) -> None:
    content = b"a,b\n" + b"x,y\n" * 262_143 + "é,é\n".encode()  # the first é begins at the end of a megabyte
    assert content.index("é".encode()) == 1024 * 1024
    reading, frame = read(b"a" + content)
    assert reading.read_as.startswith("UTF-8")
    assert frame.rows()[-1] == (262_145, "é", "é")


def test_old_line_ends_and_blank_lines_do_not_shift_the_rows(read: Read) -> None:
    assert read(b"a,b\r1,2\r\r3,4\r")[1].to_dicts() == [{ROW: 2, "a": "1", "b": "2"}, {ROW: 4, "a": "3", "b": "4"}]


def test_a_line_break_inside_quotes_does_not_begin_a_row(read: Read) -> None:
    assert read(b'a,b\n"1\n2",x\n3,y\n')[1][ROW].to_list() == [2, 3]


def test_a_header_below_blank_lines_is_named_by_its_own_row(read: Read) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(b"\n\na,a\n1,2\n")
    assert refused.value.issues[0].row == 3


def test_surplus_separators_at_the_ends_of_lines_are_no_columns(read: Read) -> None:
    assert read(b"a,b,,\n1,2,,\n3,4,,,\n")[1].to_dicts()[1] == {ROW: 3, "a": "3", "b": "4"}


def test_numbers_that_count_up_are_names(read: Read) -> None:
    reading, _ = read(b"1,2,3\n4,5,6\n7,8,9\n")
    assert [column.name for column in reading.columns] == ["1", "2", "3"]


def test_of_many_bad_rows_the_first_twenty_are_named(read: Read) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(b"a,b\n" + b"1\n" * 1000)
    assert [issue.row for issue in refused.value.issues] == list(range(2, 22))


def test_a_zero_byte_far_inside_is_no_text(read: Read) -> None:
    with pytest.raises(UnsupportedFormat, match="neither text nor a workbook"):
        read(b"a,b\n" + b"x,y\n" * 40_000 + b"\x00,1\n")


def test_zeros_of_wide_text_are_left_out(read: Read) -> None:
    assert read("a,b\nx\x00y,1\n".encode("utf-16"))[1]["a"].to_list() == ["xy"]


def test_a_cell_too_long_to_be_one_is_told_by_its_row(read: Read) -> None:
    with pytest.raises(InvalidInput, match="Row 3 cannot be read: a cell has more than 131,072 letters"):
        read(b"a,b\n1,2\n" + b"x" * 140_000 + b",2\n")


def test_text_that_ends_in_half_a_letter_is_told_by_its_row(read: Read) -> None:
    with pytest.raises(InvalidInput, match="Row 2 cannot be read: some bytes are no UTF-16 text"):
        read("a,b\n1,2\n".encode("utf-16")[:-1])


@pytest.mark.parametrize("name", [ROW, "x" * 201, "a\u200bb"])
def test_a_name_that_no_table_can_have_is_refused(read: Read, name: str) -> None:
    with pytest.raises(InvalidInput, match="The header does not name every column"):
        read(f"item,{name}\nTea,1\n".encode())


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["1", " -20 "], "integer"),
        (["1", "2.5", "1.000,5", "1 000", "3 %", ".5", "1e3"], "number"),
        (["2024-01-31", "2024-01-31 12:30"], "date"),
        (["31.01.2024", "1/2/24"], "date"),
        (["2024-01"], "date"),
        (["yes", "No"], "boolean"),
        (["1", "x"], "text"),
        (["", " "], "empty"),
    ],
)
def test_what_a_column_holds_is_told_from_every_cell(read: Read, cells: list[str], type_: str) -> None:
    table = io.StringIO()
    csv.writer(table, delimiter=";").writerows([["key", "value"], *(["k", cell] for cell in cells)])
    assert read(table.getvalue().encode())[0].columns[1].type == type_


def test_the_profile_counts_empty_cells_and_shows_unlike_examples(read: Read) -> None:
    reading, _ = read(b"a,b\nTea,1\nTea,\nOat,\nRye,2\nIce,3\n" + b"z" * 100 + b",4\n")
    assert reading.columns[0].examples == ["Tea", "Oat", "Rye"]
    assert (reading.columns[1].nulls, reading.columns[1].examples) == (2, ["1", "2", "3"])


def test_the_preview_is_cut_to_the_first_rows_and_columns(read: Read) -> None:
    head = ",".join(f"c{number}" for number in range(60))
    reading, _ = read("\n".join([head] + [",".join(["x"] * 60)] * 80).encode())
    assert (len(reading.preview), len(reading.preview[0])) == (50, 50)
