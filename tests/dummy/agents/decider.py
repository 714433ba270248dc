"""An agent that decides about each row of a table: every part of a decision, and evidence of each place."""

from __future__ import annotations

from pydantic import BaseModel, Field

from apps.agents.contract import Agent, Example, RunContext
from apps.common.decisions import (
    Alternative,
    Decision,
    Evidence,
    ProposedAction,
    Reason,
    Scale,
    ScaleBand,
    Threshold,
    Verdict,
)
from apps.common.errors import NotFound
from apps.common.schemas import StrictModel, Table
from apps.common.widgets import Column, Sheet, TableWidget, TextWidget, Widget


class DeciderInput(StrictModel):
    table: Table
    known: list[str] = Field(default=[], description="Names that are let pass whatever they ask for.")


class DeciderSettings(BaseModel):
    hold_from: float = Field(default=100, gt=0)
    refuse_from: float = Field(default=1000, gt=0)


class Asked(BaseModel):
    name: str
    amount: float
    row: int
    known: int | None = None
    """Its place among the names that are known."""


class Asks(BaseModel):
    asked: list[Asked]


class Decider(Agent[DeciderInput, Asks, DeciderSettings]):
    """Pass, hold or refuse what people ask for."""

    key, title, version = "dummy.decider", "Decider", "2.1"
    examples = [
        Example(
            title="Two rows", input={"table": {"rows": [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}]}}
        )
    ]
    verdicts = {
        "pass": Verdict(title="Pass", tone="good", needs="Nothing to do."),
        "hold": Verdict(title="Hold for review", tone="warning", needs="Look at it before it goes on."),
        "refuse": Verdict(title="Refuse", tone="bad", needs="Tell them why."),
    }
    scale = Scale(
        title="Amount",
        low=0,
        high=10_000,
        unit="EUR",
        bands=[
            ScaleBand(title="Small", upto=100, tone="good"),
            ScaleBand(title="Large", upto=1000, tone="warning"),
            ScaleBand(title="Huge", upto=10_000, tone="bad"),
        ],
    )

    def run(self, data: DeciderInput, settings: DeciderSettings, ctx: RunContext) -> Asks:
        rows = ctx.table(data.table).to_dicts()
        known = {name: place for place, name in enumerate(data.known)}
        return Asks(
            asked=[
                Asked(name=row["name"], amount=float(row["amount"]), row=row["__row__"], known=known.get(row["name"]))
                for row in rows
            ]
        )

    def headline(self, report: Asks) -> str:
        return f"{len(report.asked)} asked"

    def decide(self, report: Asks, settings: DeciderSettings) -> list[Decision]:
        return [self._decision(each, settings) for each in sorted(report.asked, key=lambda each: -each.amount)]

    def _decision(self, each: Asked, settings: DeciderSettings) -> Decision:
        verdict = (
            "refuse" if each.amount >= settings.refuse_from else "hold" if each.amount >= settings.hold_from else "pass"
        )
        reasons = [
            Reason(
                text=f"{each.amount:g} is asked for",
                weight=each.amount,
                evidence=[
                    Evidence(text="As it was asked", row=each.row),
                    Evidence(text="As it was understood", key=each.name),
                    Evidence(text="On asking", source="Asking and giving, chapter 2, https://example.org/asking"),
                ],
            )
        ]
        if each.known is not None:
            verdict = "pass"
            evidence = [Evidence(text="Listed", path=f"known.{each.known}")]
            reasons.append(Reason(text="The name is known", weight=-2 * each.amount, evidence=evidence))
        return Decision(
            subject=each.name,
            verdict=verdict,
            summary=f"{each.name} asks for {each.amount:g}: {self.verdicts[verdict].title.lower()}.",
            score=each.amount,
            confidence=0.9,
            thresholds=[Threshold(name="Hold from", value=settings.hold_from, unit="EUR", seen=each.amount)],
            reasons=reasons,
            alternatives=[Alternative(title="Let it pass", why_not="It is more than is let pass.", score=0.2)],
            actions=[
                ProposedAction(
                    kind="agents.run",
                    title="Count it again",
                    arguments={"agent": "dummy.counter", "input": {"steps": 3}},
                    why="A second look costs little.",
                ),
                ProposedAction(kind="dummy.fail", title="Put it on the shelf", arguments={}),
            ],
            caveat="A test decided this.",
        )

    def present(self, report: Asks) -> list[Widget]:
        columns = [Column(key="name", title="Name"), Column(key="amount", title="Amount", numeric=True)]
        rows = [each.model_dump(include={"name", "amount"}) for each in report.asked]
        return [TableWidget(key="asked", title="Asked", columns=columns, rows=rows, row_key="name")]

    def detail(self, report: Asks, row: str) -> list[Widget]:
        found = [each for each in report.asked if each.name == row]
        if not found:
            raise NotFound(f"Nobody called {row} asked for anything.")
        return [TextWidget(title=row, text=f"{row} asked for {found[0].amount:g}.")]

    def export(self, report: Asks) -> Sheet:
        return Sheet(name="asked", columns=["name", "amount"], rows=[[each.name, each.amount] for each in report.asked])
