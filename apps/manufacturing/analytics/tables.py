"""A table as the readers take it: its columns as numbers, or as names by number, and what is refused of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from apps.common import numbers
from apps.common.errors import InvalidInput, Issue

from . import units
from .layout import ROW, Plan
from .samples import Counts

if TYPE_CHECKING:
    import polars

MOST_ISSUES = 20
MOST_VALUES = 5_000_000
LARGEST = 1e12
"""No measurement of anything is farther from zero in a sensible unit."""
ONLY = "All"
"""The name of the one characteristic of a table that names none."""


@dataclass
class TableRead:
    """The columns in use, as text or numbers, a value per row. `rows` are those of the source."""

    plan: Plan
    frame: polars.DataFrame
    decimals: numbers.Decimals
    notes: list[str]

    @property
    def rows(self) -> Counts:
        return cast("Counts", self.frame[ROW].to_numpy().astype(np.int64))

    def column(self, role: str) -> str:
        return self.plan.roles.get(role, "")

    def text(self, role: str) -> polars.Series:
        import polars as pl

        return self.frame[self.column(role)].cast(pl.String).str.strip_chars().fill_null("")

    def number(self, name: str, what: str) -> polars.Series:
        """A column as numbers, null where it is empty. Raises `InvalidInput` for text, infinities and giants."""
        found = numbers.read(self.frame[name], self.decimals)
        giant = (found.values.abs() > LARGEST).fill_null(value=False)
        wrong = (found.bad | giant).to_numpy()
        if wrong.any():
            cells = self.frame[name].cast(str)
            issues = [
                issue(int(self.rows[at]), name, units.said(str(cells[int(at)])))
                for at in np.flatnonzero(wrong)[:MOST_ISSUES]
            ]
            refuse(
                "Text among the numbers" if found.bad.any() else "Impossible values",
                f"Correct these cells, or leave them empty where nothing was {what}.",
                issues,
                int(wrong.sum()),
            )
        return found.values

    def codes(self, role: str) -> tuple[Counts, list[str]]:
        """For each row the number of its name, names being numbered as they come. Raises for rows without a name."""
        import polars as pl

        if not self.column(role):
            return np.zeros(self.frame.height, dtype=np.int64), [ONLY]
        cells = self.text(role)
        blank = (cells == "").to_numpy()
        if blank.any():
            issues = [issue(int(row), self.column(role), f"names no {role}") for row in self.rows[blank][:MOST_ISSUES]]
            refuse(f"Rows without a {role}", "Fill in these cells, or remove the rows.", issues, int(blank.sum()))
        runs = cells.rle_id()
        if cells.n_unique() == (runs[-1] + 1 if len(runs) else 0):  # rows of one name stand together: as good as sorted
            return runs.to_numpy().astype(np.int64), cells.filter(runs != runs.shift(1, fill_value=-1)).to_list()
        names = cells.unique(maintain_order=True)
        return cells.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64), names.to_list()


def table(frame: polars.DataFrame, plan: Plan, decimals: numbers.Decimals, notes: list[str]) -> TableRead:
    """The table that the readers below take. Raises `InvalidInput` for more values than are looked at."""
    import polars as pl

    if frame.height * max(1, len(plan.measurements)) > MOST_VALUES:
        raise InvalidInput(
            f"The table holds {frame.height * max(1, len(plan.measurements)):,} values; at most {MOST_VALUES:,} are "
            "looked at. Nothing was started.",
            remedy="Split the file, by time or by characteristic.",
        )
    if ROW not in frame.columns:
        frame = frame.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias(ROW))
    return TableRead(plan, frame, decimals, notes)


def issue(row: int, column: str, saying: str) -> Issue:
    return Issue(message=f"Row {row}, column “{column}”: {saying}.", row=row, column=column)


def refuse(what: str, remedy: str, issues: list[Issue], count: int) -> None:
    if issues:
        more = f" {count - 1:,} more {'is' if count == 2 else 'are'} like it." if count > 1 else ""
        raise InvalidInput(f"{what}: {issues[0].message}{more} Nothing was started.", remedy=remedy, issues=issues)
