"""An agent that works with what was trained in the tenant, where something is in use."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from apps.agents.contract import Agent, RunContext
from apps.common.decisions import Decision, Verdict
from apps.common.schemas import StrictModel
from apps.common.widgets import Sheet, TextWidget, Widget
from tests.dummy.kinds.tendency import TENDENCY, Tendency


class EstimatorInput(StrictModel):
    times: int = 1


class Estimate(BaseModel):
    value: float
    is_learned: bool
    tables: int
    """That whoever it runs for may see."""


class NoSettings(BaseModel):
    pass


class Estimator(Agent[EstimatorInput, Estimate, NoSettings]):
    """Say what is usual."""

    key, title, version = "dummy.estimator", "Estimator", "1.0"
    trained = (TENDENCY,)
    tools = ("dataset:list",)
    fresh_for = timedelta(hours=1)
    verdicts = {"told": Verdict(title="Told", tone="good", needs="Nothing to do.")}

    def run(self, data: EstimatorInput, settings: NoSettings, ctx: RunContext) -> Estimate:
        learned = ctx.trained(TENDENCY)
        value = learned.value if isinstance(learned, Tendency) else 0.0
        seen = [tool.use({}, ctx.asking).data for tool in ctx.tools(self.tools) if ctx.asking]
        tables = sum(len(each["datasets"]) for each in seen)
        return Estimate(value=data.times * value, is_learned=learned is not None, tables=tables)

    def headline(self, report: Estimate) -> str:
        return f"About {report.value:g}"

    def decide(self, report: Estimate, settings: NoSettings) -> list[Decision]:
        return [Decision(verdict="told", summary="It was told.")]

    def present(self, report: Estimate) -> list[Widget]:
        return [TextWidget(title="Usual", text=self.headline(report))]

    def export(self, report: Estimate) -> Sheet:
        return Sheet(name="estimate", columns=["value"], rows=[[report.value]])
