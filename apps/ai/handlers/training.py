"""The kind of work that trains a model."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.ai.models import TrainedModel
from apps.ai.training import services
from apps.common.work import Claim, WorkKind


class TrainingWork(WorkKind):
    name = services.KIND
    queue = "cpu"
    leave_within = 5.0

    def perform(self, claim: Claim) -> None:
        services.training_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        services.training_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        services.training_revive(id)

    def pending(self) -> Iterable[UUID]:
        return TrainedModel.objects.filter(status__in=TrainedModel.OPEN).values_list("id", flat=True)
