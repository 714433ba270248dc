"""The kind of work that asks the agents of a trial."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind
from apps.workflows.models import Trial
from apps.workflows.trying import services


class TrialWork(WorkKind):
    name = services.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        services.trial_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        services.trial_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        services.trial_revive(id)

    def pending(self) -> Iterable[UUID]:
        return Trial.objects.filter(status=Trial.Status.RUNNING).values_list("id", flat=True)
