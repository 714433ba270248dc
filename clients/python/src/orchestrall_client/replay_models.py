"""What the server tells of replays, as frozen objects."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from orchestrall_client.models import Model


class ReplayProblem(Model):
    """Why a replay came to no end."""

    code: str
    title: str
    detail: str
    remedy: str


class ReplayPair(Model):
    """A number in the runs as they were, and as they would have been."""

    before: int
    after: int


class ReplayStep(Model):
    """In how many runs a step gave something."""

    title: str
    ran: ReplayPair


class ReplaySummary(Model):
    """Sums over the runs that were followed so far."""

    same: int
    changed: int
    unknown: int
    ends: dict[str, dict[str, int]]
    """How runs ended, and would have: `ends[before][after]`."""
    verdicts: dict[str, dict[str, int]]
    """Of agents and of steps that choose, by title: from one verdict to another, each with its count."""
    approvals: ReplayPair
    asks_more: int
    asks_less: int
    calls: ReplayPair
    steps: dict[str, ReplayStep]
    timed: int
    """Runs whose time is known both ways."""
    took_before: float
    took_after: float
    costed: int
    """Runs whose cost is known both ways."""
    cost_before: Decimal
    cost_after: Decimal
    recomputed: int
    spent: Decimal


class Replay(Model):
    """Past runs of a workflow, followed again through another definition."""

    id: UUID
    workflow: str
    status: str
    against: str
    """What they are followed through, in words."""
    runs: str
    """Which runs they are, in words."""
    total: int
    done: int
    summary: ReplaySummary
    problem: ReplayProblem | None
    asked_by: str | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status == "running"

    @property
    def ref(self) -> str:
        """What people call it."""
        return f"The replay of {self.workflow}"


class ReplaySide(Model):
    """How a run went, or would have gone. What cannot be told is None."""

    end: str
    took: float | None
    cost: Decimal | None
    approvals: int
    calls: int
    ran: list[str]
    choices: dict[str, str]
    verdicts: dict[str, str]


class ReplayChange(Model):
    """A place of a run's outputs that is other."""

    place: str
    before: str
    after: str


class ReplayRun(Model):
    """What one past run would have become."""

    id: UUID
    run: UUID
    ref: str
    verdict: str
    """`same`, `changed`, or `unknown`: it cannot be told."""
    before: ReplaySide
    after: ReplaySide
    sentences: list[str]
    """What changes, in words."""
    outputs: list[ReplayChange]
    why: list[str]
    """Why something cannot be told, or what was taken for granted."""
