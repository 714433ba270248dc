"""The kind of work that notes the end of visits."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from apps.accounts.models import OperatorGrant
from apps.accounts.operator_access import services
from apps.common.work import Claim, WorkKind, fenced


class VisitEnd(WorkKind):
    """What a visitor may do ends by the clock, whether or not this runs; it puts the end into the records."""

    name = services.VISIT_END
    queue = "io"

    def perform(self, claim: Claim) -> None:
        with fenced(claim) as row:
            again = services.grant_run_out(id=claim.id)
            row.finish() if again is None else row.postpone(again)

    def bury(self, claim: Claim, cause: str) -> None:
        """Nothing waits for it."""

    def revive(self, id: UUID) -> None:
        services.grant_run_out(id=id)

    def pending(self) -> Iterable[UUID]:
        unended = Q(granted_at__isnull=False, closed_at=None) & Q(visits__left_at=None, visits__isnull=False)
        return OperatorGrant.objects.filter(unended).values_list("id", flat=True).distinct()
