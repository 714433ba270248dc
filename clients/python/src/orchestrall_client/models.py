"""What the server tells, as frozen objects. A field that this version does not know is ignored.

A word out of a list that may grow (a status, a format) is a plain `str`, so that a newer server breaks nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})
"""The statuses after which nothing happens to a run. A status that is not known counts as open."""


class Model(BaseModel):
    # An error of validation shows no value: it may be a token, or data of a customer.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Issue(Model):
    """One thing wrong with an input: where, and what to do about it."""

    path: str = ""
    message: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        row = None if self.row is None else f"row {self.row}"
        column = None if self.column is None else f"column {self.column}"
        place = ", ".join(part for part in (self.path, row, column) if part)
        return f"{place}: {self.message}" if place else self.message


class Measure(Model):
    """A figure that an agent was measured by."""

    name: str
    value: float
    unit: str
    bar: str
    note: str


class ModelCard(Model):
    """What an agent was measured on, and how well it did."""

    intended_use: str
    limits: list[str]
    data: str
    command: str
    measured_on: str
    machine: str
    measures: list[Measure]


class Agent(Model):
    """An agent, with the JSON Schemas of what it takes and gives."""

    key: str
    title: str
    version: str
    industry: str
    summary: str
    table_field: str
    """The part of the input that a file feeds; empty for an agent without a table."""
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    settings_schema: dict[str, Any]
    examples: list[dict[str, Any]]
    """Inputs that work."""
    card: ModelCard | None


class Column(Model):
    """What was seen in a column of a dataset."""

    name: str
    type: str
    nulls: int
    examples: list[str]


class Dataset(Model):
    """A table that was uploaded once and can be used by many runs. Its rows never change."""

    id: UUID
    name: str
    filename: str
    format: str
    read_as: str
    size_bytes: int
    sha256: str
    rows: int
    width: int
    created_at: datetime
    created_by: str | None
    is_demo: bool


class DatasetDetail(Dataset):
    """A dataset with the profile of its columns and its first rows, as text."""

    columns: list[Column]
    preview: list[list[str | None]]


class DatasetDeleted(Model):
    """What became of the wish to delete a dataset: `deleted`, `not_allowed` or `not_found`."""

    id: UUID
    outcome: str


class RunProblem(Model):
    """Why a run failed."""

    code: str
    title: str
    detail: str
    remedy: str
    issues: list[Issue]

    @property
    def told(self) -> str:
        """The cause in a line."""
        return f"{self.title} ({self.code}). {self.detail}"


class Run(Model):
    """A run of an agent, without its result."""

    id: UUID
    ref: str
    """The number people use: R-12."""
    agent: str
    agent_version: str
    status: str
    """`queued`, `running`, `succeeded`, `failed` or `cancelled`."""
    seq: int
    """Rises with every change of the run."""
    done: int
    total: int
    note: str
    headline: str
    verdict: str = ""
    """Of its first decision, as it stands; empty until then, or where it has none."""
    source: str
    answered_from: UUID | None = None
    """The run that has worked its result out, where that was at hand; None where it did so itself."""
    worked_out_at: datetime | None = None
    """When that was; None where it did so itself."""
    problem: RunProblem | None
    cancel_requested: bool
    attempts: int
    started_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED

    @property
    def percent(self) -> int:
        """How far it is, from 0 to 100; 0 while nobody knows."""
        return 100 * self.done // self.total if self.total else 0


class RunDetail(Run):
    """A run with its result."""

    output: Any
    """As the agent's `output_schema` says; None until the run has succeeded."""


class BatchRows(Model):
    """Numbers of rows of a batch, or of groups."""

    total: int
    waiting: int
    """Not started yet."""
    started: int
    open: int
    succeeded: int
    failed: int
    cancelled: int
    refused: int
    """Left out, as they cannot be used."""


class Batch(Model):
    """An agent on each row of a file, or on each group of its rows."""

    id: UUID
    ref: str
    """The number people use: B-7."""
    agent: str
    agent_version: str
    status: str
    """`opening`, `running`, `ended`, `failed` or `cancelled`."""
    source: str
    rows: BatchRows
    problem: RunProblem | None
    cancel_requested: bool
    started_by: str | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED | {"ended"}


class Refused(Model):
    """A row, or a group of rows, that cannot be used, and why."""

    row: int
    label: str
    issues: list[Issue]


class BatchDetail(Batch):
    """A batch with the rows that were left out."""

    refused: list[Refused]


class BatchRun(Run):
    """A run of a batch, with the row that it is on."""

    row: int
    verdict: str
    score: float | None


class BatchRetried(Model):
    rows: int


class RunCancelled(Model):
    """What became of the wish to cancel a run: `cancelled`, `cancelling` (at the next progress of its agent), `ended`
    (it had ended before) or `not_found`."""

    id: UUID
    outcome: str


class RunEvent(Model):
    """A change of a run, as it is told while it happens."""

    v: int
    seq: int
    run: UUID
    ref: str
    agent: str
    status: str
    done: int
    total: int
    percent: int
    note: str
    at: datetime

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED


class ActsFor(Model):
    """Whom a key acts for: a person, or a service account."""

    id: UUID
    name: str
    is_service: bool


class Key(Model):
    """An API key, without its text."""

    id: UUID
    name: str
    prefix: str
    """The part of its text by which it is known: `ork_<prefix>_…`."""
    state: str
    """`active`, `expired` or `revoked`."""
    scopes: list[str]
    acts_for: ActsFor
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaces: UUID | None


class KeyMade(Key):
    """A key that was just made, with its text."""

    key: str = Field(repr=False)


class LimitUse(Model):
    """One limit, and what is used of it now. `window` and `reset` are seconds."""

    name: str
    title: str
    limit: int
    window: int
    used: int
    left: int
    reset: int
    """Until more is left; 0 when nothing is used."""


class Usage(Model):
    """The limits that hold for the organisation and for who asks."""

    plan: str
    plan_title: str
    items: list[LimitUse]


class Percentiles(Model):
    """Seconds within which 50, 95 and 99 of a hundred were done; None where there was none."""

    p50: float | None
    p95: float | None
    p99: float | None


class Queue(Model):
    """Background work of the organisation now."""

    waiting: int
    running: int


class Figures(Model):
    """What happened in some time. `reused` were answered from what was kept, `refused` by a limit."""

    requests: int
    errors: int
    refused: int
    reused: int
    runs_started: int
    runs_succeeded: int
    runs_failed: int
    runs_cancelled: int
    runs_at_hand: int = 0
    """Of those that succeeded: their result was that of an equal run before."""
    request_seconds: Percentiles
    run_seconds: Percentiles


class Step(Figures):
    """The same from `at` on; the last one is under way."""

    at: datetime


class Performance(Model):
    """How requests and runs of the organisation go."""

    span: str
    step_seconds: int
    queue: Queue
    whole: Figures
    steps: list[Step]
