"""Tables as the platform hands them out, and runs of the agent without it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from apps.agents.contract import RunContext
from apps.common.schemas import Table
from apps.healthcare.agents.drug_checker import DrugChecker, DrugInput, DrugSettings
from apps.healthcare.agents.drug_report import DrugReport
from apps.healthcare.analytics.patients import ROW

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows as text, with the row of the source that each came from: the header is row 1."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return frame.with_columns(pl.int_range(2, frame.height + 2, dtype=pl.Int32).alias(ROW))


def _load(given: Table) -> pl.DataFrame:
    return table(given.rows or [])


CONTEXT = RunContext(now=NOW, load=_load)


def run(data: dict[str, Any], **settings: Any) -> DrugReport:
    return DrugChecker().run(DrugInput.model_validate(data), DrugSettings(**settings), CONTEXT)
