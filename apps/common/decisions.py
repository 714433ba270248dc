"""What an agent has decided, as data: its verdict, why, on what evidence, what else it weighed, what it proposes.

The core stores it beside the result, shows and exports it, and watches how it drifts. An agent changes nothing: what it
wants done is a `ProposedAction`, which a step of a workflow or a person carries out with rights of their own.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, Field, FiniteFloat, model_validator

from apps.common.widgets import Cell, Scale, ScaleBand, Tone

__all__ = [
    "MOST_DECISIONS",
    "MOST_REASONS",
    "WORKFLOW_NAME",
    "Alternative",
    "Code",
    "Decision",
    "Evidence",
    "ProposedAction",
    "Reason",
    "Scale",
    "ScaleBand",
    "Threshold",
    "Verdict",
    "start_workflow",
]

MOST_DECISIONS: Final = 200
"""Decisions of one run that are recorded: an agent puts what matters most first, and says how many there were."""
MOST_REASONS: Final = 50
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Verdict(BaseModel):
    """One of the few answers that an agent may come to."""

    title: str
    """As a person in the field says it, for example ``Hold for review``."""
    tone: Tone = "neutral"
    needs: str = ""
    """What it asks a person to do, in a sentence."""


class Threshold(BaseModel):
    """A figure of the settings or of a rule that the verdict was held against."""

    name: str
    value: Cell
    unit: str = ""
    seen: Cell = None
    """What stood against it, where that is one figure."""


class Evidence(BaseModel):
    """What a reason rests on. At least one of the places says where to look."""

    text: str
    row: int | None = Field(default=None, ge=1)
    """Of the input's table, as in the source file (`__row__`)."""
    path: str = ""
    """Of the input, for example ``items.3``."""
    key: str = ""
    """Of the result: the value that names a row of its table, which the run's page opens."""
    source: str = ""
    """A publication, label or standard: its citation, or an address."""


class Reason(BaseModel):
    text: str
    weight: FiniteFloat = 1.0
    """How much it moved the verdict, on any scale: the heaviest is shown first. Negative: it spoke against."""
    evidence: list[Evidence] = []


class Alternative(BaseModel):
    """What else the agent weighed, and why it is not that."""

    title: str
    why_not: str
    score: FiniteFloat | None = None


class ProposedAction(BaseModel):
    """Something that an agent wants done. `kind` names an action of the registry, which checks the arguments."""

    kind: str
    title: str
    """As the button says it, for example ``Open a case``."""
    arguments: dict[str, Any] = {}
    why: str = ""
    by_a_person: bool = False
    """Whether a person has to have it done: it follows from words that somebody outside may have written."""


def start_workflow(workflow: str, *, subject: str, summary: str) -> list[ProposedAction]:
    """That a workflow is started on what was decided: as an organisation has set it, so none where it has set none.

    The workflow is given the texts `subject` and `summary`.
    """
    if not workflow:
        return []
    return [
        ProposedAction(
            kind="workflows.start",
            title=f"Start {workflow}",
            arguments={"workflow": workflow, "inputs": {"subject": subject, "summary": summary}},
            why="It is what is to be done about such a verdict here.",
        )
    ]


WORKFLOW_NAME: Final = r"^([a-z0-9]+(-[a-z0-9]+)*)?$"
"""Of a setting that names the workflow to propose; empty: none is."""


class Decision(BaseModel):
    """One verdict. A run has one for each thing that it judges; most have exactly one."""

    subject: str = Field(default="", max_length=200)
    """What is judged, for example one of many items; empty where it is the input as a whole."""
    verdict: Code
    """A key of the agent's `verdicts`."""
    summary: str
    """The verdict in a sentence or two."""
    score: FiniteFloat | None = None
    scale: Scale | None = None
    """Of this score, where it is not the agent's own."""
    confidence: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    """How likely it is right, where the agent can tell; None where it cannot."""
    thresholds: list[Threshold] = []
    reasons: list[Reason] = Field(default=[], max_length=MOST_REASONS)
    alternatives: list[Alternative] = []
    actions: list[ProposedAction] = []
    caveat: str = ""
    """What a reader must know, for example ``Decision support, verify``."""

    @model_validator(mode="after")
    def heaviest_first(self) -> Self:
        self.reasons.sort(key=lambda reason: -abs(reason.weight))
        return self
