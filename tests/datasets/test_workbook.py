"""Workbooks: dates as dates, numbers to the last digit, rows as the sheet counts them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.common.errors import InvalidInput, TooLarge
from apps.datasets.reading import workbook
from apps.datasets.reading.shapes import ROW
from tests.datasets.files import xlsx

Read = Callable[..., Any]


def dated(cells: list[tuple[Any, str]]) -> bytes:
    """A workbook with one column of moments, each in its format."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write(0, 0, "at")
        for row, (moment, form) in enumerate(cells, start=1):
            page.write_datetime(row, 0, moment, book.add_format({"num_format": form}))
    return target.getvalue()


def test_a_sheet_that_begins_lower_and_further_right_is_read_with_its_own_rows(read: Read) -> None:
    reading, frame = read(xlsx([["item", "sold"], ["Tea", 3], ["Oat", 4.5]], at=(2, 3)))
    assert reading.read_as == "Workbook, sheet “Data”"
    assert frame.to_dicts() == [{ROW: 4, "item": "Tea", "sold": "3"}, {ROW: 5, "item": "Oat", "sold": "4.5"}]
    assert [column.type for column in reading.columns] == ["text", "number"]


def test_empty_rows_do_not_shift_the_rows(read: Read) -> None:
    assert read(xlsx([["a", "b"], [], [1, 2], [], [3, None]]))[1].rows() == [(3, "1", "2"), (5, "3", None)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=2, max_size=20))
def test_numbers_keep_as_many_digits_as_the_workbook_has(read: Read, numbers: list[float]) -> None:
    held = [float(f"{number:.16G}") for number in numbers]  # what the writer of the workbook keeps
    cells = read(xlsx([["key", "value"], *([f"k{n}", number] for n, number in enumerate(numbers))]))[1]["value"]
    assert [float(cell) for cell in cells] == held


def test_text_that_looks_like_a_number_stays_as_it_is(read: Read) -> None:
    rows = [["key", "value"], ["a", "00123456789012345678"], ["b", "1.50"], ["c", "0.1234567890123"]]
    assert read(xlsx(rows))[1]["value"].to_list() == [row[1] for row in rows[1:]]


def test_dates_are_dates_and_moments_are_moments(read: Read) -> None:
    days = [(dt.datetime(2026, 1, day), "yyyy-mm-dd") for day in (5, 12)]
    assert read(dated(days))[1]["at"].to_list() == ["2026-01-05", "2026-01-12"]
    mixed = [*days, (dt.datetime(2026, 1, 19, 6, 30), "yyyy-mm-dd hh:mm")]
    assert read(dated(mixed))[1]["at"].to_list()[1:] == ["2026-01-12 00:00:00", "2026-01-19 06:30:00"]


def test_a_time_of_day_is_no_date(read: Read) -> None:
    assert read(dated([(dt.time(6, 30), "hh:mm")]))[1]["at"].to_list() == ["06:30:00"]


def test_booleans_are_words(read: Read) -> None:
    reading, frame = read(xlsx([["key", "open"], ["a", True], ["b", False]]))
    assert frame["open"].to_list() == ["true", "false"]
    assert reading.columns[1].type == "boolean"


def test_a_sheet_is_read_when_it_is_named(read: Read) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name in ("Cover", "Data"):
            book.add_worksheet(name).write_column(0, 0, ["name", f"from {name}"])
    assert read(target.getvalue())[0].read_as == "Workbook, sheet “Cover” (first of 2)"
    assert read(target.getvalue(), sheet="Data")[1]["name"].to_list() == ["from Data"]


def test_ragged_cells_of_a_sheet_are_told_by_their_row(read: Read) -> None:
    with pytest.raises(InvalidInput, match="Some rows are longer or shorter than the header: row 3 is the first"):
        read(xlsx([["a", "b"], [1, 2], [1, 2, 3]]))


def test_a_sheet_that_is_too_large_is_refused_before_its_cells_are_copied(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 3)
    with pytest.raises(TooLarge, match="3 rows of 2 columns"):
        read(xlsx([["a", "b"], [1, 2], [3, 4]]))
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 1)
    with pytest.raises(TooLarge, match="2 columns, more than 1"):
        read(xlsx([["a", "b"], [1, 2]]))


def test_of_many_cells_with_errors_the_first_twenty_are_named(read: Read) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(1, 27, ["a", "b"])
        for row in range(2, 40):
            page.write_formula(row, 28, "=1/0", None, "#DIV/0!")
    with pytest.raises(InvalidInput, match="38 cells with an error") as refused:
        read(target.getvalue())
    assert len(refused.value.issues) == 20
    assert refused.value.issues[0].message == "Cell AC3 holds an error instead of a value."
