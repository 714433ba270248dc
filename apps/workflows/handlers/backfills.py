"""The kind of work that a backfill is: its row is due whenever it may start more runs."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind
from apps.workflows import backfilling
from apps.workflows.models import Backfill
from apps.workflows.performers import BACKFILL


class BackfillWork(WorkKind):
    name = BACKFILL
    queue = "io"

    def perform(self, claim: Claim) -> None:
        backfilling.backfill_go_on(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        backfilling.backfill_bury(id=claim.id, cause=cause)

    def revive(self, id: UUID) -> None:
        backfilling.backfill_revive(id=id)

    def pending(self) -> Iterable[UUID]:
        return Backfill.objects.filter(status=Backfill.Status.RUNNING).values_list("id", flat=True)
