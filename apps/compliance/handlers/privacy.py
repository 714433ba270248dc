"""The kind of work that carries out requests about a person's data."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from apps.common.work import Claim, WorkKind
from apps.compliance.models import PrivacyRequest
from apps.compliance.requests import working


class PrivacyWork(WorkKind):
    name = working.KIND
    queue = "cpu"

    def perform(self, claim: Claim) -> None:
        working.request_perform(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        working.request_bury(claim.id)

    def revive(self, id: UUID) -> None:
        working.request_revive(id)

    def pending(self) -> Iterable[UUID]:
        at_work = Q(status__in=PrivacyRequest.AT_WORK) | Q(file_until__isnull=False)
        return PrivacyRequest.objects.filter(at_work).values_list("id", flat=True)
