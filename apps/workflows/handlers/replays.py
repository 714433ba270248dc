"""The kind of work that follows past runs through another definition."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind
from apps.workflows.models import Replay
from apps.workflows.replaying import services


class ReplayWork(WorkKind):
    name = services.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        services.replay_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        services.replay_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        services.replay_revive(id)

    def pending(self) -> Iterable[UUID]:
        return Replay.objects.filter(status=Replay.Status.RUNNING).values_list("id", flat=True)
