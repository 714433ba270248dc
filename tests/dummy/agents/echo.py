"""An agent that gives back the table it got: what it is fed is what its result shows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from apps.agents.contract import Agent, RunContext
from apps.common.schemas import StrictModel, Table
from apps.common.widgets import Column, Sheet, TableWidget, Widget


class EchoInput(StrictModel):
    table: Table


class EchoSettings(BaseModel):
    pass


class Echoed(BaseModel):
    rows: list[dict[str, Any]]


class Echo(Agent[EchoInput, Echoed, EchoSettings]):
    """Give back a table."""

    key, title, version = "dummy.echo", "Echo", "1.0"

    def run(self, data: EchoInput, settings: EchoSettings, ctx: RunContext) -> Echoed:
        return Echoed(rows=ctx.table(data.table).to_dicts())

    def headline(self, report: Echoed) -> str:
        return f"{len(report.rows)} rows"

    def present(self, report: Echoed) -> list[Widget]:
        columns = [Column(key=name, title=name) for name in report.rows[0]]
        return [TableWidget(key="rows", title="Rows", columns=columns, rows=report.rows)]

    def export(self, report: Echoed) -> Sheet:
        names = list(report.rows[0])
        return Sheet(name="rows", columns=names, rows=[[row[name] for name in names] for row in report.rows])
