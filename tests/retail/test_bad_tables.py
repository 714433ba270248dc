"""What is wrong with a table is named by row and column, and what to do about it."""

from __future__ import annotations

import polars as pl
import pytest

from apps.retail.analytics.reading import MOST_ISSUES, MOST_SERIES, Choices
from tests.retail.tables import long, refusal, table

JAN, FEB = "2024-01-01", "2024-02-01"


@pytest.mark.parametrize(
    ("dates", "numbers", "message", "column"),
    [
        ([JAN, "01.02.2024"], ["1", "2"], "Mixed or impossible dates", "date"),
        ([JAN, "2024-02-30"], ["1", "2"], "Mixed or impossible dates", "date"),
        ([JAN, None], ["1", "2"], "Rows without a period", "date"),
        ([JAN, JAN], ["1", "2"], "Duplicate periods", "date"),
        ([JAN, FEB], ["1", "many"], "Text among the numbers", "qty"),
        ([JAN, FEB], ["1.5", "2,5,1"], "Text among the numbers", "qty"),
        ([JAN, FEB], ["1", "inf"], "Text among the numbers", "qty"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    dates: list[str | None], numbers: list[str | None], message: str, column: str
) -> None:
    problem = refusal(long(dates, numbers))
    assert problem.detail.startswith(message)
    assert (problem.issues[0].row, problem.issues[0].column) == (3, column)
    assert problem.remedy


def test_a_duplicate_names_the_row_that_came_first() -> None:
    problem = refusal(long([JAN, FEB, JAN], ["1", "2", "3"]))
    assert problem.issues[0].row == 4
    assert "already in row 2" in problem.issues[0].message


def test_a_bad_cell_of_a_wide_table_is_named_by_its_own_column() -> None:
    problem = refusal(table({"sku": ["a", "b"], "2024-01": ["1", "2"], "2024-02": ["3", "none sold"]}))
    assert (problem.issues[0].row, problem.issues[0].column) == (3, "2024-02")


def test_a_heading_that_is_no_date_like_the_others_is_named() -> None:
    problem = refusal(table({"sku": ["a"], "2024-01": ["1"], "2024-02": ["2"], "2024-03-01": ["3"]}))
    assert (problem.issues[0].row, problem.issues[0].column) == (1, "2024-03-01")


def test_an_item_in_two_rows_of_a_wide_table_is_named() -> None:
    problem = refusal(table({"sku": ["a", "b", "a"], "2024-01": ["1", "2", "3"], "2024-02": ["1", "2", "3"]}))
    assert problem.issues[0].row == 4
    assert "row 2 already" in problem.issues[0].message


def test_a_row_without_an_item_is_named() -> None:
    problem = refusal(table({"sku": ["a", None], "date": [JAN, FEB], "qty": ["1", "2"]}))
    assert (problem.issues[0].row, problem.issues[0].column) == (3, "sku")


def test_at_most_twenty_issues_are_listed_and_the_rest_is_counted() -> None:
    problem = refusal(long([f"{year}-01-01" for year in range(1950, 2020)], ["no"] * 35 + ["1"] * 35))
    assert len(problem.issues) == MOST_ISSUES
    assert "34 more" in problem.detail


def test_a_missing_column_is_said_with_those_that_are_there() -> None:
    problem = refusal(table({"sku": ["a"], "date": [JAN]}))
    assert "No column was found for the quantity. Columns: sku, date." in problem.detail
    assert problem.issues[0].path == "history.columns.quantity"


def test_a_chosen_column_that_is_not_there_is_named() -> None:
    problem = refusal(long([JAN], ["1"]), Choices(roles={"quantity": "units"}))
    assert problem.issues[0].path == "history.columns.quantity"
    assert "no column “units”" in problem.detail


def test_an_unknown_role_is_refused() -> None:
    assert "no role “price”" in refusal(long([JAN], ["1"]), Choices(roles={"price": "qty"})).detail


@pytest.mark.parametrize("frame", [pl.DataFrame(), pl.DataFrame({"sku": []}), table({"sku": [], "qty": []})])
def test_an_empty_table_is_refused(frame: pl.DataFrame) -> None:
    problem = refusal(frame)
    assert "no rows" in problem.detail
    assert [issue.path for issue in problem.issues] == ["history"]


def test_a_table_without_a_single_quantity_is_refused() -> None:
    assert "No quantity" in refusal(long([JAN, FEB], [None, None])).detail


def test_text_where_dates_should_be_is_refused() -> None:
    problem = refusal(long(["spring", "summer"], ["1", "2"]))
    assert problem.detail.startswith("No dates")
    assert problem.issues[0].row == 2


def test_a_mistyped_year_is_refused_rather_than_filled_with_zeros() -> None:
    problem = refusal(long(["1924-01-01", "2024-01-02", "2024-01-03"], ["1", "2", "3"]))
    assert "mistyped year" in problem.remedy


def test_too_many_series_are_refused() -> None:
    count = MOST_SERIES + 1
    frame = table({"sku": [f"S{n}" for n in range(count)], "date": [JAN] * count, "qty": ["1"] * count})
    assert f"{MOST_SERIES:,}" in refusal(frame).detail
