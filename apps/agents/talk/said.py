"""What was asked and what was said, as they are stored with a message."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from apps.agents.models import AgentMessage
from apps.ai.tools import ToolAnswer
from apps.common.schemas import StrictModel

LONGEST_QUESTION: Final = 2_000
LONGEST_TEXT: Final = 20_000
"""Characters of a text that is kept, as a model wrote it or a person changed it."""
Kind = Literal["explanation", "answer", "draft"]
Tone = Literal["plain", "formal", "friendly"]


class Asked(StrictModel):
    """What a person wants said about a result: an explanation, an answer to a question, or a draft of a text."""

    kind: Kind
    question: str = Field(default="", max_length=LONGEST_QUESTION, description="Of an answer: what is to be answered.")
    audience: str = Field(default="", max_length=200, description="Of a draft: who is to read it.")
    purpose: str = Field(default="", max_length=LONGEST_QUESTION, description="Of a draft: what it is for.")
    tone: Tone = Field(default="plain", description="Of a draft.")

    @model_validator(mode="after")
    def says_what_it_needs(self) -> Self:
        self.question, self.audience, self.purpose = (
            text.replace("\x00", "").strip() for text in (self.question, self.audience, self.purpose)
        )
        if self.kind == "answer" and not self.question:
            raise ValueError("Write the question that is to be answered, as `question`.")
        if self.kind == "draft" and not self.purpose:
            raise ValueError("Say what the draft is for, as `purpose`.")
        if self.kind != "answer" and self.question:
            raise ValueError("Only an answer has a `question`.")
        if self.kind != "draft" and (self.audience or self.purpose):
            raise ValueError("Only a draft has an `audience` and a `purpose`.")
        return self


class Mark(BaseModel):
    """A number in a text, and whether it is one of the result."""

    start: int
    """Its first character, from 0."""
    end: int
    verified: bool
    source: str = ""
    """Where it is from: a path in what the model was told (`run.`) or read (`read[0].`)."""
    title: str = ""
    """What people call that place."""
    url: str = ""
    """Where it is to be seen: a query and a fragment on the page of the run, or a path."""
    is_plain: bool = False
    """Whether it claims no figure: a date, a part of a name, a length, the number of an item."""


class Read(BaseModel):
    """What a tool was asked on the way, and what it found."""

    tool: str
    title: str
    arguments: dict[str, Any] = {}
    note: str = ""
    data: Any = None
    url: str = ""
    is_earlier: bool = False
    """Whether it was read for an earlier answer, which this one follows."""

    @classmethod
    def of(cls, tool: str, title: str, arguments: dict[str, Any], answer: ToolAnswer) -> Read:
        url = next(iter(answer.links.values()), "")
        return cls(tool=tool, title=title, arguments=arguments, note=answer.note, data=answer.data, url=url)


class Said(BaseModel):
    """A text about a result, with each of its numbers looked up."""

    text: str = ""
    marks: list[Mark] = []
    checked: bool = False
    """Whether the numbers were looked up: not while it is being written, nor where it was broken off."""
    model: str = ""
    """Name of the model that wrote it; empty: it is the agent's own words."""
    prompt: str = ""
    """Key and version of the prompt, such as ``explain@3``."""
    reads: list[Read] = []
    is_cut: bool = False
    """Whether the model broke off, as its answer was as long as it may be."""
    why_plain: str = ""
    """Why no model wrote it, where one was to."""
    edited: bool = False
    """Whether a person has changed the text."""

    @property
    def unmatched(self) -> int:
        """How many numbers are not from the result."""
        return sum(not each.verified for each in self.marks)

    @property
    def figures(self) -> int:
        """How many of its numbers claim something: the others are dates, parts of names, and the like."""
        return sum(not each.is_plain for each in self.marks)

    @property
    def is_verified(self) -> bool:
        """Whether it holds figures, and each of its numbers is one of the result."""
        return self.checked and self.figures > 0 and not self.unmatched

    @property
    def pieces(self) -> list[tuple[str, Mark | None]]:
        """The text in pieces, each number with its mark."""
        found, at = list[tuple[str, Mark | None]](), 0
        for mark in self.marks:
            found += [(self.text[at : mark.start], None), (self.text[mark.start : mark.end], mark)]
            at = mark.end
        return [piece for piece in [*found, (self.text[at:], None)] if piece[0]]


def asked_of(message: AgentMessage) -> Asked:
    return Asked.model_validate(message.asked)


def said_of(message: AgentMessage) -> Said:
    """What a message says so far; nothing for one that has not begun."""
    return Said.model_validate(message.said or {})
