"""The work that puts entries into the tree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from apps.audit import sequencing
from apps.audit.services import SEQUENCE
from apps.common.work import Claim, WorkKind
from apps.tenants.context import current_tenant


class SequenceWork(WorkKind):
    """One row per tenant, whose id it has; it comes with what is recorded and ends when nothing was for a while."""

    name = SEQUENCE
    queue = "io"
    lease = 15.0

    def perform(self, claim: Claim) -> None:
        sequencing.sequence(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        sequencing.gave_up(cause)

    def revive(self, id: UUID) -> None:
        """Nothing to undo: the next look says how it stands."""

    def pending(self) -> Iterable[UUID]:
        return [current_tenant().pk] if sequencing.is_late(timedelta(seconds=60)) else []
