"""The kind of work that holds a trial of prompts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.ai.models import PromptTrial
from apps.ai.prompts import trials
from apps.common.work import Claim, WorkKind


class TrialWork(WorkKind):
    name = trials.KIND
    queue = "io"

    def perform(self, claim: Claim) -> None:
        trials.trial_execute(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        trials.trial_bury(claim.id, cause)

    def revive(self, id: UUID) -> None:
        trials.trial_revive(id)

    def pending(self) -> Iterable[UUID]:
        return PromptTrial.objects.filter(status__in=PromptTrial.OPEN).values_list("id", flat=True)
