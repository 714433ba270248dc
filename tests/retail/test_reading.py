"""Tables of every layout become series; what is wrong with one is named by row and column."""

from __future__ import annotations

import polars as pl
import pytest

from apps.common.errors import InvalidInput
from apps.retail.analytics.reading import read


def long(dates: list[str], numbers: list[str]) -> pl.DataFrame:
    rows = range(2, len(dates) + 2)
    return pl.DataFrame({"sku": ["a"] * len(dates), "date": dates, "qty": numbers, "__row__": list(rows)})


def test_a_long_table_is_read_and_its_frequency_found() -> None:
    panel = read(long(["2024-01-01", "2024-02-01", "2024-03-01"], ["1", "2", "3"]))
    assert (panel.layout, panel.frequency) == ("long", "monthly")
    assert panel.series[0].values.tolist() == [1, 2, 3]


def test_a_wide_table_without_dates_is_read_by_row() -> None:
    panel = read(pl.DataFrame({"V1": ["W1", "W2"], "V2": ["1", "2"], "V3": ["3", None]}))
    assert [series.values.tolist() for series in panel.series] == [[1, 3], [2]]
    assert panel.frequency == "index"


def test_a_gap_counts_as_zero_and_is_counted() -> None:
    frame = pl.DataFrame({"date": ["2024-01-01", "2024-01-08", "2024-01-22"], "A": ["1", "2", "3"]})
    series = read(frame).series[0]
    assert series.values.tolist() == [1, 2, 0, 3]
    assert series.filled == 1


@pytest.mark.parametrize(
    ("dates", "numbers", "message", "row"),
    [
        (["2024-01-01", "01.02.2024"], ["1", "2"], "Mixed date formats", 3),
        (["2024-01-01", "2024-01-01"], ["1", "2"], "Duplicate periods", 3),
        (["2024-01-01", "2024-01-08"], ["1", "many"], "Text among the numbers", 3),
    ],
)
def test_a_bad_cell_is_named_by_its_row(dates: list[str], numbers: list[str], message: str, row: int) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        read(long(dates, numbers))
    assert caught.value.issues[0].row == row
    assert caught.value.remedy


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match="quantity"):
        read(pl.DataFrame({"sku": ["a"], "date": ["2024-01-01"]}), {"item": "sku", "period": "date", "quantity": "qty"})


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no rows"):
        read(pl.DataFrame({"sku": []}))
