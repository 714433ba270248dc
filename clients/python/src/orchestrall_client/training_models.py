"""What the server tells of models that are trained on an organisation's own data, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrall_client.models import Model


class Trainable(Model):
    """What can be trained, and the version that is in use."""

    key: str
    title: str
    version: str
    agent: str
    summary: str
    data: str
    intended_use: str
    limits: list[str]
    source: str
    in_use: int | None
    """Number of the version in use; None: none is."""


class TrainingProblem(Model):
    """Why a training failed."""

    code: str
    title: str
    detail: str
    remedy: str


class Metric(Model):
    """How good a version is at one thing, on data that it did not see."""

    name: str
    unit: str
    better: str
    value: float
    without: float
    """Of the same data without any trained model."""
    current: float | None
    """With the version that was in use then."""
    note: str


class Gain(Model):
    """How much better a version is than none, with its 99 % interval."""

    mean: float
    low: float
    high: float
    cases: int
    unit: str


class Trained(Model):
    """A version of a model."""

    id: UUID
    key: str
    key_version: str
    number: int
    status: str
    done: int
    total: int
    in_use: bool
    source: str
    sha256: str
    note: str
    problem: TrainingProblem | None
    started_by: str | None
    promoted_by: str | None
    promoted_at: datetime | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def ref(self) -> str:
        return f"Version {self.number} of {self.key}"

    @property
    def is_open(self) -> bool:
        return self.status in {"queued", "training"}


class TrainedDetail(Trained):
    """A version with how it was judged and what was learned."""

    options: dict[str, Any]
    metrics: list[Metric]
    gain: Gain | None
    notes: list[str]
    parameters: dict[str, Any] | None
