"""Tables of every layout become series."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.retail.analytics.layout import ROW
from apps.retail.analytics.periods import labels
from apps.retail.analytics.reading import Choices, read
from tests.retail.tables import long, table, values

MONTHS: list[str | None] = ["2024-01-01", "2024-02-01", "2024-03-01"]


def test_a_long_table_is_read_and_its_frequency_found() -> None:
    panel = read(long(MONTHS, ["1", "2", "3"]))
    assert (panel.plan.layout, panel.frequency) == ("long", "monthly")
    assert panel.plan.roles == {"item": "sku", "period": "date", "quantity": "qty"}
    assert values(panel) == {"a": [1, 2, 3]}


def test_columns_without_telling_names_are_found_by_what_they_hold() -> None:
    panel = read(table({"wo": ["x", "x"], "wann": ["31.01.2024", "29.02.2024"], "wieviel": ["4", "5"]}))
    assert panel.plan.roles == {"item": "wo", "period": "wann", "quantity": "wieviel"}
    assert values(panel) == {"x": [4, 5]}


def test_a_table_without_items_is_one_series() -> None:
    assert values(read(table({"date": MONTHS, "sales": ["1", "2", "3"]}))) == {"All": [1, 2, 3]}


def test_periods_may_stand_across_beside_columns_that_describe_the_item() -> None:
    panel = read(table({"sku": ["a", "b"], "group": ["x", "y"], "2024-01": ["1", "2"], "2024-02": ["3", "4"]}))
    assert panel.plan.layout == "periods across"
    assert values(panel) == {"a": [1, 3], "b": [2, 4]}
    assert panel.series[0].start == "2024-01-01"


def test_items_may_stand_across() -> None:
    panel = read(table({"week": ["2024-W05", "2024-W06"], "Tea": ["1", "2"], "Milk": ["3", "4"]}))
    assert (panel.plan.layout, panel.frequency) == ("items across", "weekly")
    assert values(panel) == {"Tea": [1, 2], "Milk": [3, 4]}
    assert panel.series[0].start == "2024-01-29"


def test_without_dates_series_of_different_lengths_end_together() -> None:
    panel = read(table({"V1": ["W1", "W2"], "V2": ["1", "2"], "V3": ["3", None], "V4": ["5", None]}))
    assert panel.frequency == "index"
    assert values(panel) == {"W1": [1, 3, 5], "W2": [2]}
    first, second = panel.series
    assert int(first.start) + 2 == int(second.start)
    assert (second.filled, second.early) == (0, 0)


def test_a_gap_counts_as_zero_and_is_counted() -> None:
    series = read(table({"date": ["2024-01-01", "2024-01-08", "2024-01-22"], "A": ["1", "2", "3"]})).series[0]
    assert series.values.tolist() == [1, 2, 0, 3]
    assert series.filled == 1


def test_empty_cells_at_the_ends_are_no_part_of_a_series() -> None:
    panel = read(table({"date": MONTHS, "A": ["1", "2", "3"], "B": [None, "5", None], "C": [None, None, None]}))
    assert values(panel) == {"A": [1, 2, 3], "B": [5]}
    assert panel.series[1].early == 1
    assert panel.empty == ["C"]


def test_two_columns_name_the_item_where_one_alone_would_have_two_values_in_a_period() -> None:
    frame = table(
        {
            "store": ["Bern", "Rome", "Bern"],
            "sku": ["x", "x", "x"],
            "month": ["2024-01", "2024-01", "2024-02"],
            "qty": ["1", "2", "3"],
        }
    )
    panel = read(frame)
    assert panel.plan.roles["item"] == "store + sku"
    assert values(panel) == {"Bern / x": [1, 3], "Rome / x": [2]}
    assert values(read(frame, Choices(roles=panel.plan.roles))) == values(panel)


@pytest.mark.parametrize(
    ("written", "start", "frequency"),
    [
        (["2024-W05", "2024-W06"], "2024-01-29", "weekly"),
        (["2024-Q1", "2024-Q2"], "2024-01-01", "quarterly"),
        (["Q1 2024", "Q2 2024"], "2024-01-01", "quarterly"),
        (["2024-01", "2024-02"], "2024-01-01", "monthly"),
        (["202401", "202402"], "2024-01-01", "monthly"),
        (["Jan 2024", "Feb 2024"], "2024-01-01", "monthly"),
        (["20240101", "20240108"], "2024-01-01", "weekly"),
        (["2023", "2024"], "2023-01-01", "yearly"),
        (["31.01.2024", "29.02.2024"], "2024-01-01", "monthly"),
        (["1/31/2024", "2/29/2024"], "2024-01-01", "monthly"),
        (["31/01/24", "29/02/24"], "2024-01-01", "monthly"),
        (["2024-01-01 00:00", "2024-01-01 01:00"], "2024-01-01T00:00", "hourly"),
        (["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"], "2024-01-01", "daily"),
        (["Week 7", "Week 8"], "7", "index"),
        (["1", "2"], "1", "index"),
    ],
)
def test_periods_are_read_however_they_are_written(written: list[str | None], start: str, frequency: str) -> None:
    panel = read(long(written, ["1", "2"]))
    assert (panel.series[0].start, panel.frequency) == (start, frequency)
    assert values(panel) == {"a": [1, 2]}


def test_dates_that_could_be_read_either_way_follow_the_more_even_calendar_and_it_is_said() -> None:
    frame = long(["01/11/2024", "01/12/2024", "01/01/2025"], ["1", "2", "3"])
    panel = read(frame)
    assert (panel.order, panel.frequency) == ("day first", "monthly")
    assert "Choose month first if that is wrong" in panel.why["dates"]
    american = read(frame, Choices(order="month first"))
    assert american.series[0].start == "2024-01-11"


def test_a_part_above_twelve_settles_the_order() -> None:
    panel = read(long(["01/13/2024", "01/20/2024"], ["1", "2"]))
    assert panel.order == "month first"


@pytest.mark.parametrize(
    ("written", "meant", "decimals"),
    [
        (["1,5", "2"], [1.5, 2], "decimal comma"),
        (["1.234,5", "2.000"], [1234.5, 2000], "decimal comma"),
        (["1.234.567", "2"], [1234567, 2], "decimal comma"),
        (["1,234.5", "2,000"], [1234.5, 2000], "decimal point"),
        (["1,234", "2"], [1234, 2], "decimal point"),
        (["1 234", "2"], [1234, 2], "decimal point"),
        (["1’234.5", "2e3"], [1234.5, 2000], "decimal point"),
        (["466.627", "456.265"], [466.627, 456.265], "decimal point"),
        (["n/a", "2"], [2], "decimal point"),
    ],
)
def test_numbers_are_read_however_they_are_written(
    written: list[str | None], meant: list[float], decimals: str
) -> None:
    panel = read(long(["2024-01", "2024-02"], written))
    assert (values(panel)["a"], panel.decimals) == (meant, decimals)


def test_a_comma_that_could_be_either_is_told_and_can_be_corrected() -> None:
    frame = long(["2024-01", "2024-02"], ["1,234", "2"])
    assert "choose decimal comma" in read(frame).why["numbers"]
    assert values(read(frame, Choices(decimals="decimal comma"))) == {"a": [1.234, 2]}


def test_a_coarser_frequency_adds_up_and_says_so() -> None:
    days: list[str | None] = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(14)]
    panel = read(long(days, ["1"] * 14), Choices(frequency="weekly"))
    assert values(panel) == {"a": [7, 7]}
    assert "added up" in panel.notes[0]


def test_typed_columns_of_a_parquet_file_are_read() -> None:
    frame = pl.DataFrame(
        {"sku": [7, 7], "date": [date(2024, 1, 1), date(2024, 1, 8)], "qty": [1.5, None], ROW: [1, 2]}
    ).vstack(pl.DataFrame({"sku": [7], "date": [date(2024, 1, 15)], "qty": [2.5], ROW: [3]}))
    panel = read(frame)
    assert values(panel) == {"7": [1.5, 0, 2.5]}
    assert (panel.frequency, panel.series[0].filled) == ("weekly", 1)


def test_a_choice_overrules_what_was_detected() -> None:
    frame = table({"sku": ["a", "a"], "date": ["2024-01", "2024-02"], "qty": ["1", "2"], "returns": ["3", "4"]})
    assert values(read(frame, Choices(roles={"quantity": "returns"}))) == {"a": [3, 4]}


panels = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=4),
    st.lists(st.integers(-999, 99_999).map(lambda n: n / 8), min_size=2, max_size=12),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(panels, st.sampled_from(["daily", "weekly", "monthly", "quarterly"]))
def test_a_table_reads_the_same_in_all_three_layouts(series: dict[str, list[float]], frequency: str) -> None:
    length = max(len(numbers) for numbers in series.values())
    names = labels("2022-10-01", frequency, length)  # type: ignore[arg-type]  # a sample of its values
    rows = [(item, names[n], str(number)) for item, numbers in series.items() for n, number in enumerate(numbers)]
    cells = {(item, name): number for item, name, number in rows}
    items, dates, numbers = (list(column) for column in zip(*rows, strict=True))
    in_rows = table({"item": list(items), "date": list(dates), "quantity": list(numbers)})
    across = table({"item": list(series), **{name: [cells.get((item, name)) for item in series] for name in names}})
    beside = table(
        {"date": list(names), **{f"s{item}": [cells.get((item, name)) for name in names] for item in series}}
    )
    assert values(read(in_rows)) == series
    assert values(read(across)) == series
    assert values(read(beside, Choices(layout="items across"))) == {f"s{item}": held for item, held in series.items()}
    assert read(in_rows).frequency == frequency


@given(st.sampled_from(["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "index"]), st.integers(1, 30))
def test_labels_of_the_periods_ahead_continue_those_of_the_history(frequency: str, count: int) -> None:
    start = "5" if frequency == "index" else "2023-11-01"
    whole = labels(start, frequency, 2 * count)  # type: ignore[arg-type]  # a sample of its values
    assert whole[count:] == labels(start, frequency, count, skip=count)  # type: ignore[arg-type]
    assert len(set(whole)) == 2 * count


def test_five_thousand_series_are_read_column_by_column() -> None:
    numbers = np.random.default_rng(1).poisson(20, (5_000, 60)).astype(str)
    frame = pl.DataFrame(numbers, schema=labels("2020-01-01", "monthly", 60), orient="row")
    panel = read(frame.insert_column(0, pl.Series("sku", [f"S{n}" for n in range(5_000)])))
    assert len(panel.series) == 5_000
    assert panel.series[-1].values.tolist() == numbers[-1].astype(float).tolist()
