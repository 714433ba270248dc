"""An agent whose every behaviour a test can ask for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, Example, RunContext
from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.schemas import Inspection, StrictModel, Table, Understood
from apps.common.widgets import Column, Figure, FiguresWidget, Sheet, TableWidget, TextWidget, Widget


class CounterInput(StrictModel):
    table: Table | None = None
    steps: int = Field(default=3, ge=1, le=1000, description="How far to count.")
    mood: Literal["calm", "cross", "broken"] = "calm"


class CounterSettings(BaseModel):
    start: int = 0


class Count(BaseModel):
    numbers: list[int]


class Counter(Agent[CounterInput, Count, CounterSettings]):
    """Count to a number and say every step."""

    key, title, version = "dummy.counter", "Counter", "1.0"
    examples = [Example(title="To three", input={"steps": 3})]

    def inspect(self, data: CounterInput, ctx: RunContext) -> Inspection:
        if data.steps == 13:
            raise InvalidInput("13 is refused.", issues=[Issue(path="steps", message="Choose another number.")])
        return Inspection(
            summary=f"Counts to {data.steps}",
            understood=[Understood(path="mood", label="Mood", value=data.mood, choices=["calm", "cross", "broken"])],
        )

    def run(self, data: CounterInput, settings: CounterSettings, ctx: RunContext) -> Count:
        numbers = []
        for step in range(1, data.steps + 1):
            numbers.append(settings.start + step)
            ctx.progress(step, data.steps, f"Counted {step}")
        if data.mood == "cross":
            raise InvalidInput(
                "I will not count this.", remedy="Ask kindly.", issues=[Issue(message="Not kind", row=2)]
            )
        if data.mood == "broken":
            raise ZeroDivisionError("a secret of the inside")
        return Count(numbers=numbers)

    def headline(self, report: Count) -> str:
        return f"Counted to {report.numbers[-1]}"

    def present(self, report: Count) -> list[Widget]:
        return [
            FiguresWidget(figures=[Figure(label="Numbers", value=len(report.numbers))]),
            TableWidget(
                key="numbers",
                title="Numbers",
                columns=[Column(key="n", title="Number", numeric=True), Column(key="even", title="Even")],
                rows=[{"n": n, "even": "yes" if n % 2 == 0 else "no"} for n in report.numbers],
                row_key="n",
            ),
        ]

    def detail(self, report: Count, row: str) -> list[Widget]:
        if not row.isdigit() or int(row) not in report.numbers:
            raise NotFound(f"There is no number {row} in this result.")
        return [TextWidget(title=f"Number {row}", text=f"{row} was counted.")]

    def export(self, report: Count) -> Sheet:
        return Sheet(name="numbers", columns=["n"], rows=[[n] for n in report.numbers])
