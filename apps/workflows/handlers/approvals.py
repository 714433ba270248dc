"""Steps that people decide; and the work of reminding those who are asked, and of writing to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.common.work import Claim, WorkKind
from apps.workflows.approvals import asking, mails, reminding
from apps.workflows.definition import Step
from apps.workflows.kinds.approval import Approval as ApprovalStep
from apps.workflows.models import Approval, ApprovalDecision, WorkflowRun
from apps.workflows.performers import ESCALATION, NOTICE, Ask, Outcome, Overtaken, Performer
from apps.workflows.store import CLOCK


class ApprovalPerformer(Performer):
    kind = "approval"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        return asking.prepared(run, _step(step), asked)

    def begin(self, asks: Sequence[Ask]) -> None:
        asking.questions_ask([(ask, _step(ask.step)) for ask in asks])

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        return asking.answers_collect(refs, CLOCK.now())

    def await_person(self, refs: Sequence[UUID]) -> bool:
        return True

    def cancel(self, refs: Sequence[UUID]) -> None:
        Approval.objects.filter(pk__in=refs, decided_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())

    def expire(self, refs: Sequence[UUID]) -> None:
        """What was said in time counts, also where the round that finds the time over did not see it yet: it decides,
        or is told with what the step gives."""
        if ApprovalDecision.objects.filter(approval__in=refs).exists():
            raise Overtaken
        self.cancel(refs)


class EscalationWork(WorkKind):
    name = ESCALATION
    queue = "io"

    def perform(self, claim: Claim) -> None:
        reminding.approval_remind(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        """The question stays as it is, with its deadline; nobody is reminded of it until a person asks for that."""

    def revive(self, id: UUID) -> None:
        """What is still to be done is told by the question itself."""

    def pending(self) -> Iterable[UUID]:
        return reminding.to_remind().values_list("id", flat=True)


class NoticeWork(WorkKind):
    name = NOTICE
    queue = "io"
    lease = 10.0

    def perform(self, claim: Claim) -> None:
        mails.mail_send(claim)

    def bury(self, claim: Claim, cause: str) -> None:
        """What was to be told stays untold, and in the inbox."""

    def revive(self, id: UUID) -> None:
        """What is still to be told is found anew."""

    def pending(self) -> Iterable[UUID]:
        return mails.to_tell().order_by("user").values_list("user", flat=True).distinct()


def _step(step: Step) -> ApprovalStep:
    assert isinstance(step, ApprovalStep)  # noqa: S101  # a performer gets steps of its kind only
    return step
