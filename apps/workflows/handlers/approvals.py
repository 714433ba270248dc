"""Steps that a person decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.workflows.definition import Step
from apps.workflows.kinds.outward import Approval as ApprovalStep
from apps.workflows.models import Approval
from apps.workflows.performers import Ask, Outcome, Performer
from apps.workflows.values import shown


class ApprovalPerformer(Performer):
    kind = "approval"

    def begin(self, asks: Sequence[Ask]) -> None:
        now = timezone.now()
        Approval.objects.bulk_create(
            [
                Approval(
                    id=ask.ref,
                    run=ask.run,
                    step=ask.name,
                    question=shown(ask.asked["question"]),
                    details=ask.asked["details"],
                    roles=_step(ask.step).roles,
                    due_at=now + _within(ask.step),
                )
                for ask in asks
            ]
        )

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        decided = Approval.objects.filter(pk__in=refs, decided_at__isnull=False).select_related("decided_by")
        return {each.id: Outcome(output=_answer(each)) for each in decided}

    def await_person(self, refs: Sequence[UUID]) -> bool:
        return True

    def cancel(self, refs: Sequence[UUID]) -> None:
        Approval.objects.filter(pk__in=refs, decided_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())


def _step(step: Step) -> ApprovalStep:
    assert isinstance(step, ApprovalStep)  # noqa: S101  # a performer gets steps of its kind only
    return step


def _within(step: Step) -> timedelta:
    within: timedelta = _step(step).answer_within
    return within


def _answer(approval: Approval) -> dict[str, Any]:
    by = str(approval.decided_by.email) if approval.decided_by else ""
    return {"approved": approval.approved, "comment": approval.comment or "", "by": by, "timed_out": False}
