"""Tools that read on in the result of one run: rows of its tables, one row in detail, what else was decided.

They read that result and nothing else, each time with the rights of the person who asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from django.urls import reverse
from pydantic import BaseModel, Field, ValidationError

from apps.agents import decisions, selectors
from apps.agents.models import AgentRun
from apps.agents.talk.digest import columns_told, decisions_told, told_of
from apps.ai.tools import Tool, ToolAnswer, ToolContext
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import StrictModel
from apps.common.widgets import Cell, TableWidget

MOST_ROWS: Final = 50
MOST_DECISIONS: Final = 10
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains"]
Arguments = TypeVar("Arguments", bound=BaseModel)


class Where(StrictModel):
    """What the value in a column has to be."""

    column: str = Field(description="Key of the column.")
    is_: Operator = Field(default="=", alias="is")
    value: str | int | float | bool | None = None


class RowsWanted(StrictModel):
    table: str = Field(description="Key of the table.")
    where: list[Where] = Field(default=[], max_length=8, description="All of them must hold.")
    sort_by: str = Field(default="", description="Key of a column; empty: in the order of the result.")
    descending: bool = False
    limit: int = Field(default=10, ge=1, le=MOST_ROWS)
    offset: int = Field(default=0, ge=0)


class DetailWanted(StrictModel):
    row: str = Field(max_length=300, description="The value that names the row, from its table.")


class DecisionsWanted(StrictModel):
    offset: int = Field(default=0, ge=0, description="So many are left out, the most important first.")


@dataclass(frozen=True)
class ResultReader:
    """The read tools of a run. What they say is text that may have come from outside: names, notes, cells."""

    run: AgentRun
    tables: dict[str, TableWidget]

    def tools(self) -> list[Tool]:
        """Those that this result has a use for."""
        agent, _ = selectors.run_report(self.run)
        offered = []
        if self.tables:
            offered.append(self._rows_tool())
        if any(each.row_key for each in self.tables.values()):
            what = "What the agent says about one row of a table: its figures and why."
            offered.append(_tool("result:detail", "Details of a row", what, DetailWanted, self._detail))
        if agent.verdicts:
            what = "Further decisions of the run with their reasons, ten at a time."
            offered.append(_tool("result:decisions", "Further decisions", what, DecisionsWanted, self._decisions))
        return offered

    def _rows_tool(self) -> Tool:
        listed = "; ".join(
            f"{key} ({len(each.rows)} rows): {', '.join(columns_told(each))}" for key, each in self.tables.items()
        )
        what = f"Rows of a table of the result, with sums over all rows that match. Tables and columns: {listed}"[:3000]
        return _tool("result:rows", "Rows of the result", what, RowsWanted, self._rows)

    def _rows(self, asked: RowsWanted, ctx: ToolContext) -> ToolAnswer:
        self._allowed(ctx)
        table = self.tables.get(asked.table)
        if table is None:
            raise _unknown("table", asked.table, self.tables)
        columns = columns_told(table)
        for path, name in [
            ("sort_by", asked.sort_by),
            *((f"where.{n}.column", w.column) for n, w in enumerate(asked.where)),
        ]:
            if name and name not in columns:
                raise _unknown(path, name, columns)
        found = [row for row in table.rows if all(_holds(row.get(each.column), each) for each in asked.where)]
        if asked.sort_by:
            found.sort(key=partial(_order, asked.sort_by), reverse=asked.descending)
        shown = found[asked.offset : asked.offset + asked.limit]
        data = {"table": table.key, "columns": columns, "rows_that_match": len(found), "rows": shown}
        if table.row_key:
            data["rows_are_named_by"] = table.row_key
        sums = _sums(found, [each.key for each in table.columns if each.numeric])
        return self._answer(
            data | ({"over_all_that_match": sums} if sums else {}), f"{len(shown)} of {len(found)} rows"
        )

    def _detail(self, asked: DetailWanted, ctx: ToolContext) -> ToolAnswer:
        self._allowed(ctx)
        agent, report = selectors.run_report(self.run)
        parts = [told_of(widget) for widget in agent.detail(report, asked.row)]
        return self._answer({"row": asked.row, "parts": parts}, f"Details of {asked.row}", row=asked.row)

    def _decisions(self, asked: DecisionsWanted, ctx: ToolContext) -> ToolAnswer:
        rows = decisions.decisions_of(who=ctx.who, run=self.run)
        shown = rows[asked.offset : asked.offset + MOST_DECISIONS]
        told = [{"position": row.position, **each} for row, each in zip(shown, decisions_told(shown), strict=True)]
        return self._answer({"decisions": told, "decisions_in_all": len(rows)}, f"{len(told)} decisions")

    def _allowed(self, ctx: ToolContext) -> None:
        """Raises `NotFound` or `PermissionDenied` where the person may not see the run (any more)."""
        selectors.run_get(who=ctx.who, id=self.run.pk)

    def _answer(self, data: dict[str, Any], note: str, **query: str) -> ToolAnswer:
        at = reverse("agents:run", args=[self.run.number])
        place = f"{at}?{urlencode(query)}" if query else at
        return ToolAnswer(data=data, note=note, is_outside=True, links={self.run.ref: place})


def _tool(
    key: str,
    title: str,
    description: str,
    model: type[Arguments],
    use: Callable[[Arguments, ToolContext], ToolAnswer],
) -> Tool:
    def used(given: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
        try:
            asked = model.model_validate(given)
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error
        return use(asked, ctx)

    return Tool(key=key, title=title, description=description, parameters=model.model_json_schema(), use=used)


def _unknown(path: str, name: str, known: Any) -> InvalidInput:
    issue = Issue(path=path, message=f"There is no {name!r}; there is {', '.join(known)}.")
    return InvalidInput(f"{issue.message} Nothing was read.", issues=[issue])


def _holds(cell: Cell, where: Where) -> bool:
    value = where.value
    if where.is_ == "contains":
        return str(value).lower() in str(cell or "").lower()
    if where.is_ in {"=", "!="}:
        same = cell == value or str(cell).lower() == str(value).lower()
        return same is (where.is_ == "=")
    if _is_number(cell) and _is_number(value):
        return _compared(cell, where.is_, value)
    return isinstance(cell, str) and isinstance(value, str) and _compared(cell, where.is_, value)


def _compared(cell: Any, how: Operator, value: Any) -> bool:
    if how in {"<", "<="}:
        return bool(cell < value or (how == "<=" and cell == value))
    return bool(cell > value or (how == ">=" and cell == value))


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _order(column: str, row: dict[str, Cell]) -> tuple[int, float, str]:
    """Numbers before texts, and what is empty first, as a table can have all of them."""
    cell = row.get(column)
    if cell is None:
        return 0, 0.0, ""
    return (1, float(cell), "") if _is_number(cell) else (2, 0.0, str(cell))


def _sums(rows: list[dict[str, Cell]], columns: list[str]) -> dict[str, dict[str, float]]:
    """Of each column of numbers, so that a model need not work them out."""
    found = {}
    for column in columns:
        values = [float(row[column]) for row in rows if _is_number(row.get(column))]  # type: ignore[arg-type]
        if values:
            total = sum(values)
            found[column] = {"sum": total, "mean": total / len(values), "least": min(values), "most": max(values)}
    return found
