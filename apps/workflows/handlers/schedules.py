"""The kind of work that a schedule is: its row is due at its next time."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind
from apps.workflows import starting
from apps.workflows.models import Trigger
from apps.workflows.performers import SCHEDULE


class ScheduleWork(WorkKind):
    name = SCHEDULE
    queue = "io"

    def perform(self, claim: Claim) -> None:
        starting.schedule_fire(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        starting.trigger_bury(id=claim.id, cause=cause)

    def revive(self, id: UUID) -> None:
        """Nothing is turned on by itself that was turned off: a person does that."""

    def pending(self) -> Iterable[UUID]:
        return Trigger.objects.filter(is_enabled=True, due_at__isnull=False).values_list("id", flat=True)
