"""What the server tells of texts about results and of filled forms, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Issue, Model, RunProblem


class NumberSaid(Model):
    """A number of a text, and where it is from."""

    text: str
    start: int
    end: int
    verified: bool
    """Whether it is one of the result, or of what was read in it."""
    source: str
    place: str


class TextRead(Model):
    """What a model read on the way."""

    tool: str
    title: str
    note: str


class Message(Model):
    """A text about the result of a run: an explanation, an answer or a draft."""

    id: UUID
    run: UUID
    number: int
    kind: str
    status: str
    seq: int
    question: str
    audience: str
    purpose: str
    tone: str
    text: str
    is_verified: bool
    """Whether it holds figures, and every number in it is from the result."""
    numbers: list[NumberSaid]
    model: str
    """Empty: the agent's own words, worked out without a model."""
    prompt: str
    why_no_model: str
    is_cut: bool
    is_edited: bool
    read: list[TextRead]
    problem: RunProblem | None
    asked_by: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def ref(self) -> str:
        return f"The {self.kind} {self.number}"

    @property
    def is_open(self) -> bool:
        return self.status in {"queued", "running"}


class Filled(Model):
    """An input as far as a model could tell it from plain words. Nothing was started."""

    input: dict[str, Any]
    filled: list[str]
    could_not_tell: list[str]
    issues: list[Issue]
    model: str
