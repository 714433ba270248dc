"""An agent with what the others have no use for: roles of columns, a model card, results that do not keep."""

from __future__ import annotations

from datetime import time

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, Example, RunContext
from apps.common.errors import InvalidInput, Issue
from apps.common.schemas import StrictModel, Table
from apps.common.widgets import Figure, FiguresWidget, Sheet, Widget


class SurveyorInput(StrictModel):
    plots: Table = Field(description="A row for each plot of land.")
    begins: time | None = Field(default=None, description="When the survey of a day begins.")


class SurveyorSettings(BaseModel):
    pass


class Survey(BaseModel):
    names: list[str]
    at: str


class Surveyor(Agent[SurveyorInput, Survey, SurveyorSettings]):
    """Read the names of plots, wherever they stand."""

    key, title, version = "dummy.surveyor", "Surveyor", "0.9"
    icon = "ruler-2"
    table_roles = ("name",)
    fresh_for = None
    figure = "names read"
    examples = [Example(title="Two plots", input={"plots": {"rows": [{"name": "Hill"}, {"name": "Dale"}]}})]

    def run(self, data: SurveyorInput, settings: SurveyorSettings, ctx: RunContext) -> Survey:
        frame, column = ctx.table(data.plots), data.plots.columns.get("name", "name")
        if column not in frame.columns:
            issue = Issue(path="plots.columns.name", message=f"There is no column “{column}”.")
            raise InvalidInput("The names of the plots are not found.", issues=[issue])
        return Survey(names=[str(name) for name in frame[column]], at=ctx.now.isoformat())

    def headline(self, report: Survey) -> str:
        return f"{len(report.names)} plots"

    def present(self, report: Survey) -> list[Widget]:
        return [FiguresWidget(figures=[Figure(label="Plots", value=len(report.names), hint=report.at)])]

    def export(self, report: Survey) -> Sheet:
        return Sheet(name="plots", columns=["name"], rows=[[name] for name in report.names])
