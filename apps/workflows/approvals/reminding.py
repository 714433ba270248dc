"""What becomes of a question that nobody answers: those who are asked are reminded, then others may answer too.

Its deadline is the engine's, which ends the step (`Approval.overdue`); this keeps to the moments before it. A question
with such moments has a work row that is due at the next of them, so that nothing looks for it in between.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from apps.audit.actors import under
from apps.audit.services import record
from apps.common import work
from apps.workflows import auditing
from apps.workflows.approvals.asking import first_moment
from apps.workflows.approvals.assigning import names_in
from apps.workflows.approvals.notices import notices_make
from apps.workflows.approvals.reaching import others_ask, shortage_heed, shortages
from apps.workflows.models import Approval, ApprovalNotice
from apps.workflows.performers import KIND


def to_remind() -> QuerySet[Approval]:
    """The open questions that come up again before their time is over."""
    still = Q(remind_at__isnull=False) | Q(escalate_at__isnull=False, escalated_at=None)
    return Approval.objects.filter(still, decided_at=None, withdrawn_at=None)


def approval_remind(claim: work.Claim) -> None:
    """Do what is due of a question now, once, and let its row be due at what comes next: first of all, whether those
    who are asked can decide it. One that was answered meanwhile, or withdrawn, is left alone."""
    with work.fenced(claim) as row:
        seen = Approval.objects.filter(pk=claim.id, decided_at=None, withdrawn_at=None).first()
        is_short = seen is not None and bool(shortages([seen]))
        if seen is not None and is_short:
            work.signal(KIND, seen.run_id)  # before the question is locked (rule R5): the run may go on
        found = Approval.objects.select_related("run__workflow").annotate(now=Now())
        approval = found.select_for_update(of=("self",)).filter(pk=claim.id).first()
        if approval is None or not approval.is_open:
            row.finish()
            return
        if seen is None or approval.run_id != seen.run_id:  # it was moved meanwhile
            row.postpone(approval.now)
            return
        now = approval.now
        with under(actor=auditing.run_actor(approval.run)):
            if is_short and shortage_heed(approval):
                row.finish()
                return
            if approval.escalate_at is not None and approval.escalated_at is None and approval.escalate_at <= now:
                others_ask(approval)
            if approval.remind_at is not None and approval.remind_at <= now:
                _remind(approval)
        following = first_moment(approval)
        if following is None:
            row.finish()
        else:
            row.postpone(following)


def _remind(approval: Approval) -> None:
    """Tell those once more who have not answered. That it was done is seen by there being no moment for it any more."""
    approval.remind_at = None
    approval.save(update_fields=["remind_at"])
    named = list(approval.assignees.values_list("user_id", flat=True))
    told = notices_make(
        [approval], ApprovalNotice.Reason.REMINDED, named={approval.pk: named}, silent=frozenset(names_in(approval))
    )
    record(
        auditing.REMINDED,
        who=None,
        subject=auditing.run_subject(approval.run),
        count=told,
        step=approval.step,
        approval=approval.pk,
    )
