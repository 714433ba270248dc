"""What a version of a custom agent says: the model that its form, its API and its YAML share."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from apps.agents.custom.problems import NotUsable
from apps.ai.loops import Limits
from apps.ai.prompts.wording import LONGEST, Variable, Wording
from apps.common.schemas import StrictModel
from apps.common.shapes import FREE, MOST_FIELDS, ChoiceField, Given, Made, Said
from apps.common.widgets import Tone

PREFIX: Final = "custom."
KEY: Final = r"^custom\.[a-z][a-z0-9_]{1,59}$"
RESERVED: Final = ("about", "proposals")
"""Names that no output may have: what the agent itself says stands there."""
LARGEST: Final = 256 * 1024
"""Bytes of a version as JSON."""
WORDS: Final = ("text", "long_text", "list", "table")
"""Kinds of output in which words of the model stand."""


class VerdictTone(StrictModel):
    choice: Said
    tone: Tone = "neutral"
    needs: str = Field(default="", max_length=300, title="What it asks a person to do")


class Judging(StrictModel):
    """That it decides: the verdict is recorded with its reasons, and can be reviewed and watched."""

    field: str = Field(title="Field with the verdict", description="Name of an output that is one of a few.")
    reasons: str = Field(default="", title="Field with the reasons", description="Name of an output; empty: none.")
    tones: list[VerdictTone] = Field(default_factory=list, max_length=50, title="How the verdicts are marked")


class MayPropose(StrictModel):
    kind: str = Field(title="Action")
    without_a_person: bool = Field(
        default=False,
        title="A workflow may do it by itself",
        description="Even where the run has read text that somebody outside has written. Else a person has it done.",
    )


class Guardrails(StrictModel):
    numbers: Literal["off", "mark", "fail"] = Field(
        default="mark",
        title="Numbers that nobody computed",
        description="Each number in its words is looked for in the input and in what tools answered.",
        json_schema_extra={
            "labels": {"off": "Let them be", "mark": "Mark them", "fail": "Refuse the result"},
        },
    )
    forbidden: list[Said] = Field(
        default_factory=list, max_length=200, title="Words that it must not say", description="Whatever their case."
    )
    disclaimer: str = Field(
        default="", max_length=500, title="What a reader must know", description="It stands with every result."
    )
    longest: int | None = Field(default=None, ge=1, le=200_000, title="Characters of all its words at most")
    must_ask: bool = Field(default=False, title="It has to ask a tool", description="What asked none is refused.")


class Bounds(StrictModel):
    calls: int = Field(default=6, ge=1, le=30, title="Calls of the model")
    uses: int = Field(default=12, ge=0, le=100, title="Uses of tools")
    tokens: int = Field(default=60_000, ge=500, le=2_000_000, title="Tokens")
    seconds: int = Field(default=120, ge=5, le=900, title="Seconds", json_schema_extra={"unit": "s"})
    money: Decimal | None = Field(
        default=None, gt=0, le=10_000, decimal_places=4, title="Money", description="In the currency of budgets."
    )

    @property
    def limits(self) -> Limits:
        return Limits(self.calls, self.uses, self.tokens, float(self.seconds), self.money)


class Sample(StrictModel):
    title: str = Field(min_length=1, max_length=80)
    input: dict[str, Any] = Field(default_factory=dict)


EXAMPLE: Final[dict[str, Any]] = {
    "title": "Letter sorter",
    "summary": "Reads a letter of a customer, and says what it is about and how urgent it is.",
    "instructions": "You sort letters of customers of a shop. Be brief. Quote the words that made you decide.",
    "request": "Sort this letter: {letter}",
    "inputs": [{"kind": "long_text", "name": "letter", "title": "Letter", "help": "As it came."}],
    "outputs": [
        {"kind": "choice", "name": "urgency", "choices": ["Urgent", "Can wait"]},
        {"kind": "text", "name": "topic", "help": "What it is about, in a few words."},
        {"kind": "list", "name": "reasons", "help": "The words that made you decide."},
    ],
    "verdict": {
        "field": "urgency",
        "reasons": "reasons",
        "tones": [{"choice": "Urgent", "tone": "warning", "needs": "Answer today."}],
    },
    "examples": [{"title": "A complaint", "input": {"letter": "My parcel has not come for two weeks."}}],
}
"""What a new agent starts with: it can be tried and published as it is."""


class Content(StrictModel):
    """A version of a custom agent."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]}, ignored_types=(cached_property,))

    title: str = Field(min_length=1, max_length=80)
    summary: str = Field(default="", max_length=200, title="What it does, in a sentence")
    icon: str = Field(default="robot", pattern=r"^[a-z0-9-]{1,40}$")
    instructions: str = Field(
        default="",
        max_length=LONGEST,
        title="What the model is to be",
        description="Its role, its rules and how it answers.",
        json_schema_extra={"long": True},
    )
    request: str = Field(
        default="",
        max_length=LONGEST,
        title="What it is asked",
        description="`{name}` is put in for an input of that name.",
        json_schema_extra={"long": True},
    )
    inputs: list[Given] = Field(default_factory=list, max_length=MOST_FIELDS, title="What goes in")
    outputs: list[Made] = Field(min_length=1, max_length=MOST_FIELDS, title="What comes out")
    verdict: Judging | None = Field(default=None, title="What it decides")
    tools: list[Annotated[str, Field(min_length=3, max_length=200)]] = Field(
        default_factory=list,
        max_length=50,
        title="Tools that it may ask",
        description="They read; they change nothing.",
    )
    actions: list[MayPropose] = Field(default_factory=list, max_length=20, title="What it may propose")
    guardrails: Guardrails = Field(default_factory=Guardrails)
    limits: Bounds = Field(default_factory=Bounds, title="Limits of a run")
    fall_back: dict[str, Any] | None = Field(
        default=None,
        title="Without a model",
        description="The output that stands where no model answers, and says so; empty: the run fails.",
    )
    fresh_minutes: int = Field(
        default=0,
        ge=0,
        le=10_080,
        title="Answer the same input from what is at hand for",
        json_schema_extra={"unit": "min"},
    )
    intended_use: str = Field(default="", max_length=1_000, title="Intended use", json_schema_extra={"long": True})
    known_limits: list[Said] = Field(default_factory=list, max_length=20, title="What it is not good at")
    examples: list[Sample] = Field(default_factory=list, max_length=10, title="Inputs to start from")

    @cached_property
    def fingerprint(self) -> str:
        """Of what it says, the same wherever it is stored: eight hexadecimal figures."""
        return hashlib.sha256(json.dumps(self.stored(), sort_keys=True).encode()).hexdigest()[:8]

    @property
    def judged(self) -> ChoiceField | None:
        """The output with the verdict."""
        name = self.verdict.field if self.verdict else ""
        return next((each for each in self.outputs if isinstance(each, ChoiceField) and each.name == name), None)

    @property
    def reads_words(self) -> bool:
        """Whether what goes in may hold words that somebody outside has written."""
        return any(each.kind in FREE for each in self.inputs)

    @property
    def alone(self) -> frozenset[str]:
        """Kinds of actions that need no person, whatever the run has read."""
        return frozenset(each.kind for each in self.actions if each.without_a_person)

    def stored(self) -> dict[str, Any]:
        """As JSON, without what is as it is by itself."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def wording(self, key: str, version: str) -> Wording:
        """Its prompt, of which each input is a variable."""
        variables = tuple(Variable(each.name, each.help or each.title or each.name, False) for each in self.inputs)
        return Wording(key, version, self.instructions, self.request or self._asked(), variables)

    def _asked(self) -> str:
        """Without words of its own, the request is what went in."""
        return "\n".join(f"{each.title or each.name}: {{{each.name}}}" for each in self.inputs) or "Do your work."


def code_of(choice: str) -> str:
    """A verdict's code: the words of a choice as decisions name them."""
    code = re.sub(r"[^a-z0-9]+", "_", choice.lower()).strip("_")[:40].rstrip("_")
    return code if re.match(r"[a-z]", code) else f"v_{code}"[:40]


def content_of(stored: Any) -> Content:
    """What a version says. Raises `NotUsable` where this release does not take it any more."""
    try:
        return Content.model_validate(stored)
    except ValueError as error:
        raise NotUsable from error
