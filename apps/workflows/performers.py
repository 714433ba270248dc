"""Who carries out the steps that the engine does not compute: one performer for each kind of step.

A performer's `begin` runs in the transaction that records the step as opened, so that one is never there without the
other; when what it began has ended, whoever ends it signals the run's work row, and `collect` says how it went.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from apps.common.registry import Registry
from apps.common.work import Opening
from apps.workflows.definition import Step
from apps.workflows.models import WorkflowRun


@dataclass(frozen=True)
class Ask:
    """A step of a run, or an item of one, that somebody is to carry out."""

    ref: UUID
    run: WorkflowRun
    step: Step
    name: str
    index: int
    item: int
    attempt: int
    asked: Any
    """What `prepare` made of what the step asks."""


@dataclass(frozen=True)
class Outcome:
    """How it went."""

    output: Any = None
    problem: dict[str, Any] | None = None
    """Why it failed; None: it succeeded."""
    final: bool = False
    """Whether it must not be tried again, whatever the step's policy says."""


@dataclass(frozen=True)
class Beginning:
    """What begins pieces of work in the very statement that records their steps as opened."""

    effects: str
    """As `work.commit_round` has it: it writes for runs in `fenced` only."""
    parameters: Mapping[str, Any]
    opening: Opening


class Overtaken(Exception):
    """What a round was about to record is not so any more: record nothing of it, and look again."""


class Performer(ABC):
    """Carries out one kind of step. A subclass registers itself by the `kind` of the step."""

    kind: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        PERFORMERS.register(cls.kind, cls())

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """What is asked, checked. Raises `Problem` or `ValueError` where it cannot be done; then the step fails."""
        return asked

    def beginning(self, asks: Sequence[Ask]) -> Beginning | None:
        """What `begin` does, as a part of the statement that opens the steps. None: there is no such thing."""
        return None

    @abstractmethod
    def begin(self, asks: Sequence[Ask]) -> None:
        """Make a row for each, with its `ref` as the key."""

    @abstractmethod
    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        """Those of `refs` that have ended, and how."""

    def await_person(self, refs: Sequence[UUID]) -> bool:
        """Whether these wait for a person rather than for a machine."""
        return False

    @abstractmethod
    def cancel(self, refs: Sequence[UUID]) -> None:
        """Nobody waits for these any more: stop them as far as they can be stopped."""

    def expire(self, refs: Sequence[UUID]) -> None:
        """As `cancel`, since their time is over, in the transaction that records it. Raises `Overtaken` where one has
        ended that was not seen to, and that counts."""
        self.cancel(refs)


PERFORMERS: Registry[Performer] = Registry("Performer")
KIND = "workflows.run"
"""The kind of work that a run is; what a performer's rows signal when they end."""
SCHEDULE = "workflows.schedule"
"""The kind of work that a schedule is."""
BACKFILL = "workflows.backfill"
"""The kind of work that a backfill of a schedule is."""
ESCALATION = "workflows.approval"
"""The kind of work that a question is which is to be reminded of, or to come to others."""
NOTICE = "workflows.notice"
"""The kind of work that a member is who is to get a mail about questions: all of theirs go in one."""
