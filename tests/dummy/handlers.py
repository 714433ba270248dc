"""Kinds of work whose every behaviour a test can ask for, and who carries out the industry's own kind of step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from uuid import UUID

from apps.agents.contract import AGENTS
from apps.agents.inputs import input_parse
from apps.common.work import Claim, WorkKind, fenced
from apps.workflows.definition import Step
from apps.workflows.handlers.agents import AgentPerformer
from apps.workflows.models import WorkflowRun
from tests.dummy.kinds.number import Number


class DummyWork(WorkKind):
    name = "dummy.work"
    lease = 2.0
    leave_within = 0.0

    do: ClassVar[Callable[[Claim], None] | None] = None
    """What a claim leads to; finishing the row when None."""
    performed: ClassVar[list[Claim]] = []
    buried: ClassVar[list[tuple[UUID, str]]] = []
    revived: ClassVar[list[UUID]] = []
    wanted: ClassVar[list[UUID]] = []

    @classmethod
    def reset(cls) -> None:
        cls.do = None
        for each in (cls.performed, cls.buried, cls.revived, cls.wanted):
            each.clear()

    def perform(self, claim: Claim) -> None:
        self.performed.append(claim)
        if DummyWork.do is not None:
            DummyWork.do(claim)
            return
        with fenced(claim) as row:
            row.finish()

    def bury(self, claim: Claim, cause: str) -> None:
        self.buried.append((claim.id, cause))

    def revive(self, id: UUID) -> None:
        self.revived.append(id)

    def pending(self) -> Iterable[UUID]:
        return list(self.wanted)


class DummyPlatformWork(WorkKind):
    """The least that a kind can be, for the platform."""

    name = "dummy.platform"
    queue = "io"
    scope = "platform"

    def perform(self, claim: Claim) -> None:
        with fenced(claim) as row:
            row.finish()

    def bury(self, claim: Claim, cause: str) -> None: ...

    def revive(self, id: UUID) -> None: ...

    def pending(self) -> Iterable[UUID]:
        return []


class NumberPerformer(AgentPerformer):
    """Carries out the industry's own kind of step, by a run of one of its agents."""

    kind = Number.model_fields["kind"].default

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        agent = AGENTS["dummy.idle"]
        return agent, input_parse(agent=agent, data={"value": asked}), ""
