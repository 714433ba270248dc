"""What the API says of texts about results and of forms that are filled in, and what it takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.agents.models import AgentMessage
from apps.agents.schemas import RunProblem
from apps.agents.talk.filling import LONGEST, Filled
from apps.agents.talk.said import LONGEST_TEXT, Asked, Kind, Tone, asked_of, said_of
from apps.common.errors import Issue
from apps.common.schemas import StrictModel

_TEXT = "3 of 359 figures stand out; the largest is off by 41."
_MESSAGE: dict[str, Any] = {
    "id": "0192f3a4-b5c6-7d8e-9f00-112233445577",
    "run": "0192f3a4-b5c6-7d8e-9f00-112233445566",
    "number": 2,
    "kind": "answer",
    "status": "succeeded",
    "seq": 9,
    "question": "Which figures stand out?",
    "audience": "",
    "purpose": "",
    "tone": "plain",
    "text": _TEXT,
    "is_verified": False,
    "numbers": [
        {"text": "3", "start": 0, "end": 1, "verified": True, "source": "run.headline", "place": "The run, Headline"},
        {"text": "359", "start": 5, "end": 8, "verified": True, "source": "run.headline", "place": "The run, Headline"},
        {"text": "41", "start": 50, "end": 52, "verified": False, "source": "", "place": ""},
    ],
    "model": "example-model",
    "prompt": "answer@2",
    "why_no_model": "",
    "is_cut": False,
    "is_edited": False,
    "read": [{"tool": "result:rows", "title": "Rows of the result", "note": "10 of 359 rows"}],
    "problem": None,
    "asked_by": "analyst@acme.example",
    "created_at": "2026-11-25T16:41:00Z",
    "finished_at": "2026-11-25T16:41:06Z",
}
_WORDS = "The figures of the week, at most 13 of them"


class MessageCreate(Asked):
    """What is to be said about the result of a run."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "answer", "question": "Which figures stand out?"}]}
    )


class NumberOut(BaseModel):
    """A number of the text."""

    text: str
    start: int = Field(description="Its first character in the text, from 0.")
    end: int
    verified: bool = Field(description="Whether it is one of the result, or of what was read in it.")
    source: str = Field(description="Where it is from, as a path; empty for one that is not from the result.")
    place: str = Field(description="The same for people.")


class ReadOut(BaseModel):
    """What the model read on the way."""

    tool: str
    title: str
    note: str


class MessageOut(BaseModel):
    """A text about the result of a run."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MESSAGE]})

    id: UUID
    run: UUID
    number: int = Field(description="Among those of its run, from 1.")
    kind: Kind
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    seq: int = Field(description="Rises with every change.")
    question: str
    audience: str
    purpose: str
    tone: Tone
    text: str = Field(description="As far as it is written. Its numbers are looked up once it has succeeded.")
    is_verified: bool = Field(description="Whether it holds figures, and every number in it is from the result.")
    numbers: list[NumberOut]
    model: str = Field(description="The model that wrote it; empty: the agent's own words, worked out without one.")
    prompt: str = Field(description="Key and version of the prompt.")
    why_no_model: str = Field(description="Why no model wrote it, where one was to.")
    is_cut: bool = Field(description="Whether the model broke off, as the answer was as long as it may be.")
    is_edited: bool = Field(description="Whether a person has changed the text.")
    read: list[ReadOut]
    problem: RunProblem | None
    asked_by: str | None = Field(description="Address of the member.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, message: AgentMessage) -> MessageOut:
        said, same = said_of(message), ("id", "number", "kind", "status", "seq", "problem", "created_at", "finished_at")
        return cls.model_validate(
            {name: getattr(message, name) for name in same}
            | asked_of(message).model_dump(exclude={"kind"})
            | {
                "run": message.run_id,
                "text": said.text,
                "is_verified": said.is_verified and bool(said.model),
                "numbers": [
                    {"text": said.text[each.start : each.end], "place": each.title}
                    | each.model_dump(include={"start", "end", "verified", "source"})
                    for each in said.marks
                ],
                "model": said.model,
                "prompt": said.prompt,
                "why_no_model": said.why_plain,
                "is_cut": said.is_cut,
                "is_edited": said.edited,
                "read": [
                    each.model_dump(include={"tool", "title", "note"}) for each in said.reads if not each.is_earlier
                ],
                "asked_by": message.by.email if message.by else None,
            }
        )


class DraftChange(StrictModel):
    """The text of a draft, as a person has changed it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Three figures stand out."}]})

    text: str = Field(min_length=1, max_length=LONGEST_TEXT)


class FillWanted(StrictModel):
    """What a person wants of an agent, in plain words."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": _WORDS}]})

    text: str = Field(min_length=1, max_length=LONGEST, description="In any language that the model knows.")


class FillOut(BaseModel):
    """An input as far as a model could tell it, for a person to look at: nothing was started."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "input": {"items": {"dataset": "0192f3a4-b5c6-7d8e-9f00-112233445588"}, "most": 13},
                    "filled": ["items", "most"],
                    "could_not_tell": ["Which week is meant"],
                    "issues": [],
                    "model": "example-model",
                }
            ]
        }
    )

    input: dict[str, Any] = Field(description="For a run of the agent. What is required may be missing: see `issues`.")
    filled: list[str] = Field(description="The parts of the input that the model has filled in.")
    could_not_tell: list[str] = Field(description="What the words leave open, as the model says it.")
    issues: list[Issue] = Field(description="What is missing, and what the agent does not take and was left out.")
    model: str

    @classmethod
    def of(cls, filled: Filled) -> FillOut:
        return cls(
            input=filled.data,
            filled=list(filled.data),
            could_not_tell=filled.untold,
            issues=filled.issues,
            model=filled.model,
        )
