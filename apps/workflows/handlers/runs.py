"""The kind of work that carries out runs of workflows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from apps.common import work
from apps.common.work import Claim, FenceLost, WorkKind
from apps.workflows import services
from apps.workflows.models import WorkflowRun
from apps.workflows.performers import KIND
from apps.workflows.pump import Pump


class WorkflowRunWork(WorkKind):
    name = KIND
    queue = "flow"
    lease = 3.0

    def perform_together(self, claims: Sequence[Claim]) -> None:
        Pump(claims).run()

    def perform(self, claim: Claim) -> None:
        if not work.still_ours([claim]):
            raise FenceLost(f"{claim.kind} {claim.id} is in other hands, or done")
        self.perform_together([claim])

    def bury(self, claim: Claim, cause: str) -> None:
        services.run_bury(id=claim.id, cause=cause)

    def revive(self, id: UUID) -> None:
        services.run_revive(id=id)

    def pending(self) -> Iterable[UUID]:
        return WorkflowRun.objects.filter(status__in=WorkflowRun.OPEN).values_list("id", flat=True)
