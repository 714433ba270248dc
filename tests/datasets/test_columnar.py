"""Parquet: types are kept as far as a table of plain values has them."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.common.errors import InvalidInput, TooLarge
from apps.datasets.reading import columnar
from apps.datasets.reading.shapes import ROW
from tests.datasets.files import parquet

Read = Callable[..., Any]


def written(table: pa.Table, **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return target.getvalue()


def test_plain_values_keep_their_types(read: Read) -> None:
    noon = dt.datetime(2026, 1, 5, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    columns: dict[str, Any] = {
        "text": ["Tea", None],
        "count": polars.Series([1, 2], dtype=polars.UInt8),
        "share": [0.5, float("nan")],
        "open": [True, False],
        "day": [dt.date(2026, 1, 5)] * 2,
        "at": [noon] * 2,
        "kind": polars.Series(["a", "b"], dtype=polars.Categorical),
        "price": [Decimal("1.25")] * 2,
        "nothing": [None, None],
    }
    reading, frame = read(parquet(**columns))
    assert (reading.kind, reading.read_as, reading.rows) == ("parquet", "Parquet", 2)
    types = {column.name: column.type for column in reading.columns}
    assert types == {
        "text": "text",
        "count": "integer",
        "share": "number",
        "open": "boolean",
        "day": "date",
        "at": "date",
        "kind": "text",
        "price": "number",
        "nothing": "empty",
    }
    first = frame.to_dicts()[0]
    assert first[ROW] == 1
    assert (first["at"], first["price"], first["kind"]) == (dt.datetime(2026, 1, 5, 10), "1.25", "a")
    assert frame["share"].to_list() == [0.5, None]
    assert reading.preview[1] == [None, "2", None, "false", "2026-01-05", "2026-01-05 10:00:00", "b", "1.25", None]


def test_rows_are_numbered_through_all_batches(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "batch_rows", lambda width: 64)
    assert read(parquet(a=list(range(200))))[1][ROW].to_list() == list(range(1, 201))


def test_nested_and_binary_columns_are_each_named(read: Read) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(parquet(fine=[1], many=[[1]], parts=[{"x": 1}], raw=[b"x"], span=[dt.timedelta(1)]))
    assert [issue.column for issue in refused.value.issues] == ["many", "parts", "raw", "span"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a", "a"], "Column 2, “a”, is called as another one is"),
        (["a", ROW], "Column 2, “__row__”, has a name that is reserved"),
        (["a", " "], "Column 2, “ ”, has a name that is empty"),
        (["a", "b\x00c"], "Column 2, “bc”, has a name that is empty or not plain text"),
        (["a", "b" * 201], "has a name of more than 200 letters"),
    ],
)
def test_a_name_that_no_table_can_have_is_refused(read: Read, names: list[str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read(written(pa.table([[1], [2]], names=names)))


def test_a_file_without_rows_or_columns_is_refused(read: Read) -> None:
    with pytest.raises(InvalidInput, match="holds no rows"):
        read(written(pa.table({"a": pa.array([], pa.int64())})))
    with pytest.raises(InvalidInput, match="has no columns"):
        read(written(pa.table({})))


def test_text_that_is_no_text_is_damage(read: Read) -> None:
    lie = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    with pytest.raises(InvalidInput, match="damaged"):
        read(written(pa.table({"a": lie}), write_statistics=False))


def test_zeros_are_left_out_of_text(read: Read) -> None:
    assert read(parquet(a=["x\x00y"]))[1]["a"].to_list() == ["xy"]


@pytest.mark.parametrize(
    ("limit", "says"), [("MOST_ROWS", "3 rows"), ("MOST_COLUMNS", "2 columns"), ("MOST_CELLS", "3 rows of 2 columns")]
)
def test_the_size_is_told_from_the_head_of_the_file(
    read: Read, monkeypatch: pytest.MonkeyPatch, limit: str, says: str
) -> None:
    monkeypatch.setattr(columnar, limit, 1)
    with pytest.raises(TooLarge, match=says):
        read(parquet(a=[1, 2, 3], b=[1, 2, 3]))


@pytest.mark.parametrize("place", [6, 20, 60, 200, 400])
def test_a_file_that_is_damaged_anywhere_is_refused_or_read(read: Read, place: int) -> None:
    content = bytearray(parquet(a=[f"item {number}" for number in range(50)], b=list(range(50))))
    content[place : place + 4] = b"\xff\xff\xff\xff"
    with suppress(InvalidInput, TooLarge):
        assert read(bytes(content))[0].rows == 50
