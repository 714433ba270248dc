"""What the server tells of decisions, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Model

Cell = str | int | float | bool | None


class ScaleBand(Model):
    """A part of a scale, from the end of the one before up to `upto`."""

    title: str
    upto: float
    tone: str


class Scale(Model):
    """What a score is measured on."""

    title: str
    low: float
    high: float
    unit: str
    digits: int
    bands: list[ScaleBand]


class Threshold(Model):
    """A figure that the verdict was held against, and what stood against it."""

    name: str
    value: Cell
    unit: str
    seen: Cell


class Evidence(Model):
    """What a reason rests on: a row of the data, a path of the input, a row of the result, or a source."""

    text: str
    row: int | None
    path: str
    key: str
    source: str


class Reason(Model):
    """A reason, and how much it moved the verdict; negative: it spoke against."""

    text: str
    weight: float
    evidence: list[Evidence]


class Alternative(Model):
    """What else was weighed, and why it is not that."""

    title: str
    why_not: str
    score: float | None


class Decision(Model):
    """What an agent decided, and what stands."""

    id: UUID
    run: UUID
    ref: str
    """The number of its run: R-12."""
    position: int
    """Among those of its run, from 0."""
    agent: str
    agent_version: str
    subject: str
    verdict: str
    """As the agent came to it: it is never changed."""
    stands: str
    """The verdict that holds: a person's where there is one."""
    summary: str
    score: float | None
    scale: Scale | None
    confidence: float | None
    thresholds: list[Threshold]
    reasons: list[Reason]
    alternatives: list[Alternative]
    caveat: str
    review: str
    """Empty, `wanted`, `confirmed` or `overridden`."""
    reviews_made: int
    reviewed_by: str | None
    reviewed_at: datetime | None
    decided_at: datetime


class Proposal(Model):
    """A proposed action, and what became of it."""

    position: int
    kind: str
    title: str
    arguments: dict[str, Any]
    why: str
    status: str
    """`open`, `done` or `failed`."""
    outcome: str
    link: str
    by: str | None
    at: datetime | None


class Review(Model):
    """What a person held of a decision."""

    number: int
    verdict: str
    reason: str
    by: str | None
    at: datetime


class DecisionDetail(Decision):
    """A decision with every review of it, and what it proposes."""

    proposals: list[Proposal]
    reviews: list[Review]


class RecordSource(Model):
    """A table that the agent read, with the hash of its file."""

    id: UUID
    name: str
    rows: int
    sha256: str


class LanguageModel(Model):
    """A language model that had a part in a result, and the versions of its prompts."""

    name: str
    version: str
    prompts: dict[str, str]


class Record(Model):
    """What a result came from."""

    input_sha256: str
    sources: list[RecordSource]
    agent: str
    agent_version: str
    settings_version: int
    settings: dict[str, Any]
    model: LanguageModel | None
    trained: dict[str, int]
    """Versions of the models trained here that were in use, by their keys."""
    decided_at: datetime


class RunDecisions(Model):
    """What was decided in a run, and what it came from."""

    items: list[DecisionDetail]
    record: Record | None


class Feedback(Model):
    """What somebody said of a run's result."""

    is_right: bool
    comment: str
    by: str
    at: datetime
