"""The kind of work that goes by the periods, every day. Each tenant has a row of it, always."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from apps.common.work import Claim, WorkKind
from apps.compliance.retention import services


class RetentionWork(WorkKind):
    name = services.KIND
    queue = "io"

    def perform(self, claim: Claim) -> None:
        services.retention_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        """What went is gone, and written down; nothing more goes until a person requeues it."""

    def revive(self, id: UUID) -> None:
        """The next batch goes on where the last one ended."""

    def pending(self) -> Iterable[UUID]:
        return [services.work_id()]
