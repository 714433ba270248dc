"""What the server tells of evaluations and of drift, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from orchestrall_client.models import Model, RunProblem


class Fact(Model):
    """Something that was expected of a result, and what was found in its place."""

    text: str
    holds: bool
    must: bool
    weight: float
    found: str
    note: str


class CaseResult(Model):
    """What an agent made of a case."""

    name: str
    own: bool
    """Whether it is one of your own."""
    passed: bool
    score: float
    verdict: str
    facts: list[Fact]
    scores: dict[str, float | None]
    problem: str
    seconds: float
    note: str


class Evaluation(Model):
    """An agent's version with its settings, held against its cases."""

    id: UUID
    agent: str
    agent_version: str
    settings_version: int
    """0: the agent's own settings, or a draft."""
    is_draft: bool
    status: str
    total: int
    done: int
    passed: int
    problem: RunProblem | None
    started_by: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def ref(self) -> str:
        return f"The evaluation of {self.agent}"

    @property
    def is_open(self) -> bool:
        return self.status in {"queued", "running"}


class EvaluationDetail(Evaluation):
    results: list[CaseResult]


class Counts(Model):
    """Decisions that were made one after the other."""

    since: datetime
    until: datetime
    count: int
    verdicts: dict[str, int]
    mean_score: float | None
    overridden: int


class DriftTest(Model):
    of: str
    """verdicts, score or overrides"""
    p: float | None
    alarms: bool


class Window(Counts):
    stability_index: float
    tests: list[DriftTest]


class DriftWatch(Model):
    """How the decisions of an agent are watched, and what was found."""

    agent: str
    falls_back: bool
    drifting_since: datetime | None
    looked_at: datetime | None
    baseline_of: str | None
    baseline_version: str | None
    baseline: Counts | None
    windows: list[Window]
    waiting: int
