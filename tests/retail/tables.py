"""Tables as the agent gets them: columns of text, and the row of the source in `__row__`."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from apps.common.errors import InvalidInput
from apps.retail.analytics.layout import ROW
from apps.retail.analytics.reading import Choices, Panel, read

Columns = dict[str, list[str | None]]


def table(columns: Columns) -> pl.DataFrame:
    """A table whose first row after the header is row 2."""
    height = len(next(iter(columns.values())))
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return frame.with_columns(pl.Series(ROW, range(2, height + 2), dtype=pl.Int32))


def long(dates: Sequence[str | None], numbers: Sequence[str | None], item: str = "a") -> pl.DataFrame:
    return table({"sku": [item] * len(dates), "date": list(dates), "qty": list(numbers)})


def values(panel: Panel) -> dict[str, list[float]]:
    return {series.item: series.values.tolist() for series in panel.series}


def refusal(frame: pl.DataFrame, choices: Choices | None = None) -> InvalidInput:
    """The error that reading this table raises."""
    try:
        read(frame, choices)
    except InvalidInput as problem:
        return problem
    raise AssertionError("the table was read")
