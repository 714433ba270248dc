"""Answers of people to what a run asks them. Work rows are locked before tenant rows (rule R5)."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.fingerprints import fingerprint
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.models import Approval
from apps.workflows.performers import KIND
from apps.workflows.permissions import APPROVALS_DECIDE

LONGEST_COMMENT: Final = 2000
"""Characters."""


@transaction.atomic
def approval_decide(*, who: Principal, user: User, approval: Approval, approved: bool, comment: str = "") -> Approval:
    """Answer a question of a run, for good; a no says why.

    Raises `PermissionDenied` for a role that is not asked, `InvalidInput` for a no without a comment, `Conflict`
    when somebody else was faster or nobody waits any more.
    """
    demand(who, APPROVALS_DECIDE)
    if user.role not in approval.roles and user.role != "owner":
        raise PermissionDenied(f"This asks {', '.join(approval.roles)}; nothing was decided.")
    comment = comment.strip()
    if len(comment) > LONGEST_COMMENT:
        issue = Issue(path="comment", message=f"It has {LONGEST_COMMENT:,} characters at most.")
        raise InvalidInput("The comment is too long; nothing was decided.", issues=[issue])
    if not approved and not comment:
        raise InvalidInput(
            "A no needs a comment; nothing was decided.",
            issues=[Issue(path="comment", message="Say why not: whoever asked reads it, and so does the next step.")],
        )
    work.signal(KIND, approval.run_id)
    approval = Approval.objects.select_related("decided_by", "run").select_for_update(of=("self",)).get(pk=approval.pk)
    if not approval.is_open:
        raise Conflict(f"{_why_closed(approval)} Your answer was not recorded.", remedy="Look at the run.")
    approval.decided_at, approval.decided_by = timezone.now(), user
    approval.approved, approval.comment = approved, comment
    approval.save()
    record(
        auditing.ANSWERED,
        who=who,
        subject=auditing.run_subject(approval.run),
        answer="yes" if approved else "no",
        step=approval.step,
        approval=approval.pk,
        asked=fingerprint({"question": approval.question, "details": approval.details}),
        comment=comment,
    )
    return approval


def _why_closed(approval: Approval) -> str:
    if approval.decided_at is None:
        return "Nobody waits for an answer any more: its time was over, or the run ended."
    by = approval.decided_by or "A member who is gone"
    said = f", and said: “{approval.comment}”" if approval.comment else ""
    return f"{by} answered {'yes' if approval.approved else 'no'} at {approval.decided_at:%H:%M} UTC{said}."
