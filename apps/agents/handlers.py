"""The kind of work that carries out a run."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.agents import services
from apps.agents.models import AgentRun
from apps.common.work import Claim, WorkKind


class AgentRunWork(WorkKind):
    name = services.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        services.run_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        services.run_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        services.run_revive(id)

    def pending(self) -> Iterable[UUID]:
        return AgentRun.objects.filter(status__in=AgentRun.OPEN).values_list("id", flat=True)
