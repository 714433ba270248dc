"""Downloads: exact for programs, inert for spreadsheet software."""

from __future__ import annotations

import csv
import io

import fastexcel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common import spreadsheets
from apps.common.errors import TooLarge
from apps.common.spreadsheets import csv_lines, inert, xlsx_bytes
from apps.common.widgets import Cell, Sheet

text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
cells = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), text)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_looks_like_a_formula_is_made_inert(start: str) -> None:
    assert inert(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("number", [-5, 3.5, -0.25, None, True])
def test_numbers_stay_numbers_even_when_they_are_negative(number: object) -> None:
    assert inert(number) is number  # type: ignore[arg-type]


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6))
def test_no_cell_of_a_csv_begins_like_a_formula(rows: list[list[object]]) -> None:
    sheet = Sheet(name="s", columns=["a", "b"], rows=rows)
    read = list(csv.reader(io.StringIO("".join(csv_lines(sheet)))))
    assert len(read) == len(rows) + 1
    for given_row, row in zip(rows, read[1:], strict=True):
        for before, after in zip(given_row, row, strict=True):
            if isinstance(before, str):
                assert not after.startswith(("=", "+", "-", "@"))


def test_a_long_sheet_is_written_in_pieces_that_join_to_the_whole() -> None:
    sheet = Sheet(name="s", columns=["n"], rows=[[n] for n in range(1200)])
    pieces = list(csv_lines(sheet))
    assert len(pieces) == 3
    assert [row[0] for row in csv.reader(io.StringIO("".join(pieces)))] == ["n", *map(str, range(1200))]


def test_a_workbook_holds_the_numbers_and_the_inert_text() -> None:
    sheet = Sheet(name="forecast", columns=["item", "value"], rows=[["=1+1", 2.5], ["plain", -3]])
    frame = fastexcel.read_excel(xlsx_bytes(sheet)).load_sheet("forecast").to_polars()
    assert frame["item"].to_list() == ["'=1+1", "plain"]
    assert frame["value"].to_list() == [2.5, -3.0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fraud/aml-check?", "fraud_aml-check_"),
        ("[a]:b*c\\d", "_a__b_c_d"),
        ("'quoted'", "quoted"),
        ("history", "Sheet1"),
        ("", "Sheet1"),
        ("a" * 40, "a" * 31),
    ],
)
def test_whatever_a_result_is_called_its_workbook_opens(name: str, shown: str) -> None:
    made = xlsx_bytes(Sheet(name=name, columns=["n"], rows=[[1]]))
    assert fastexcel.read_excel(made).sheet_names == [shown]


def test_a_workbook_says_where_a_text_is_longer_than_a_cell_and_keeps_every_figure_of_a_number() -> None:
    rows: list[list[Cell]] = [["x" * 40_000, 12345678901234567], ["short", 10**400], ["y" * 32_767, -7]]
    book = fastexcel.read_excel(xlsx_bytes(Sheet(name="s", columns=["text", "number"], rows=rows)))
    frame = book.load_sheet("s", dtypes="string").to_polars()
    assert [len(text) for text in frame["text"]] == [32_767, 5, 32_767]
    assert frame["text"][0].endswith("x… (cut)")
    assert frame["number"].to_list() == ["12345678901234567", str(10**400), "-7"]


def test_a_table_with_more_rows_than_a_worksheet_is_refused_rather_than_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 3)
    fits = Sheet(name="s", columns=["n"], rows=[[1], [2]])
    assert xlsx_bytes(fits)
    with pytest.raises(TooLarge, match="3 rows"):
        xlsx_bytes(Sheet(name="s", columns=["n"], rows=[[1], [2], [3]]))
