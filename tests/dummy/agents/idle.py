"""An agent that does nothing: what a step costs that an agent carries out, beside the agent's own work."""

from __future__ import annotations

from pydantic import BaseModel

from apps.agents.contract import Agent, RunContext
from apps.common.schemas import StrictModel
from apps.common.widgets import Sheet, Widget


class IdleInput(StrictModel):
    value: float = 0


class IdleSettings(BaseModel):
    pass


class Idled(BaseModel):
    value: float


class Idle(Agent[IdleInput, Idled, IdleSettings]):
    """Give back a number."""

    key, title, version = "dummy.idle", "Idle", "1.0"

    def run(self, data: IdleInput, settings: IdleSettings, ctx: RunContext) -> Idled:
        return Idled(value=data.value)

    def headline(self, report: Idled) -> str:
        return f"{report.value:g}"

    def present(self, report: Idled) -> list[Widget]:
        return []

    def export(self, report: Idled) -> Sheet:
        return Sheet(name="idle", columns=["value"], rows=[[report.value]])
