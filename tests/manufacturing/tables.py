"""Tables as the agent gets them, published studies, and the means to run the agent without the platform."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from apps.agents.contract import RunContext
from apps.common.errors import InvalidInput
from apps.common.schemas import Table
from apps.manufacturing.agents.quality_inspector import QualityInput, QualityInspector, QualitySettings
from apps.manufacturing.agents.quality_report import QualityReport
from apps.manufacturing.analytics.layout import ROW
from apps.manufacturing.analytics.samples import Order, Samples, Values
from tests.measuring import Skip, benchmark_data

AGENT = QualityInspector()
# AIAG, Measurement Systems Analysis, 4th edition (2010), chapter III B, figure III-B 6a: ten parts, measured three
# times by each of three appraisers. A table of facts.
AIAG = {
    "A": ((0.29, -0.56, 1.34, 0.47, -0.80, 0.02, 0.59, -0.31, 2.26, -1.36),
          (0.41, -0.68, 1.17, 0.50, -0.92, -0.11, 0.75, -0.20, 1.99, -1.25),
          (0.64, -0.58, 1.27, 0.64, -0.84, -0.21, 0.66, -0.17, 2.01, -1.31)),
    "B": ((0.08, -0.47, 1.19, 0.01, -0.56, -0.20, 0.47, -0.63, 1.80, -1.68),
          (0.25, -1.22, 0.94, 1.03, -1.20, 0.22, 0.55, 0.08, 2.12, -1.62),
          (0.07, -0.68, 1.34, 0.20, -1.28, 0.06, 0.83, -0.34, 2.19, -1.50)),
    "C": ((0.04, -1.38, 0.88, 0.14, -1.46, -0.29, 0.02, -0.46, 1.77, -1.49),
          (-0.11, -1.13, 1.09, 0.20, -1.07, -0.67, 0.01, -0.56, 1.45, -1.77),
          (-0.15, -0.96, 0.67, 0.11, -1.45, -0.49, 0.21, -0.49, 1.87, -2.16)),
}  # fmt: skip


def aiag() -> Values:
    """The study by operators, parts and trials."""
    return np.array([AIAG[name] for name in "ABC"]).transpose(0, 2, 1)


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows as the platform hands them out: text, with the row of the file, the first after the header being 2."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return frame.with_columns(pl.Series(ROW, range(2, len(rows) + 2), dtype=pl.Int32))


def context(*, stop: bool = False) -> RunContext:
    return RunContext(
        now=datetime(2026, 1, 1, tzinfo=UTC),
        load=lambda given: table(given.rows or []) if isinstance(given, Table) else given,
        stopping=lambda: stop,
    )


def run(rows: list[dict[str, Any]], settings: QualitySettings | None = None, **fields: Any) -> QualityReport:
    data = QualityInput.model_validate({"data": {"rows": rows, "columns": fields.pop("columns", {})}, **fields})
    return AGENT.run(data, settings or QualitySettings(), context())


def refusal(rows: list[dict[str, Any]], **fields: Any) -> InvalidInput:
    """The problem with which a run of these rows is refused, by inspection as well as by the run itself."""
    data = QualityInput.model_validate({"data": {"rows": rows, "columns": fields.pop("columns", {})}, **fields})
    with pytest.raises(InvalidInput) as at_once:
        AGENT.inspect(data, context())
    with pytest.raises(InvalidInput) as later:
        AGENT.run(data, QualitySettings(), context())
    assert at_once.value.detail == later.value.detail
    assert at_once.value.remedy
    return at_once.value


def lines_of(*parts: str) -> list[list[str]]:
    """A published table, row by row, without its header. Skips the test where it is not on this machine."""
    try:
        text = benchmark_data(*parts).read_text()
    except Skip as why:
        pytest.skip(str(why))
    return [re.split(r"\s+", line.strip()) for line in text.splitlines()[1:] if line.strip()]


def piston_rings() -> Samples:
    """Forty samples of five inside diameters in mm, of which the first 25 are the baseline (Montgomery)."""
    rows = lines_of("manufacturing", "qcc", "pistonrings.txt")
    labels = list(dict.fromkeys(row[1] for row in rows))
    based = np.array([next(row[2] for row in rows if row[1] == label) == "TRUE" for label in labels])
    return Samples(np.array([float(row[0]) for row in rows]), np.arange(40) * 5, Order(labels, baseline=based))


def samples_of(values: list[list[float]], **order: Any) -> Samples:
    labels = [str(number) for number in range(1, len(values) + 1)]
    return Samples.of(values, Order(labels, **order))
