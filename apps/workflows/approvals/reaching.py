"""Whether those who are asked can still come to a yes, and what becomes of a question that they cannot.

People leave, lose their role, or have a part in the run. A question that they leave behind with too few comes to others
before its time, or fails in words, rather than wait for an answer that nobody may give. It is looked at when somebody
leaves, when somebody answers, and whenever it comes up again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.audit.services import record
from apps.common import work
from apps.common.permissions import PERMISSIONS
from apps.workflows import auditing
from apps.workflows.approvals.assigning import members_asked, roles_asked
from apps.workflows.approvals.notices import notices_make
from apps.workflows.engine.advance import problem
from apps.workflows.models import Approval, ApprovalAssignee, ApprovalDecision, ApprovalNotice
from apps.workflows.parts import parts_in
from apps.workflows.performers import ESCALATION
from apps.workflows.permissions import APPROVALS_DECIDE


@dataclass(frozen=True)
class Shortage:
    """Of a question that those whom it asks cannot bring to a yes."""

    yes: int
    """How many have said it."""
    able: int
    """How many of the others may answer."""
    others_help: bool
    """Whether it could come to a yes with those to whom it would have come later."""


def shortages(approvals: Sequence[Approval]) -> dict[UUID, Shortage]:
    """Which of these open questions cannot come to a yes any more. Three statements, and two more where those are not
    asked who have a part in the run.

    Owners may answer everything, and are counted but where only people are asked by name, as they are not told of
    that. Who is lent a right uses that of its holder, who is counted.
    """
    members = [(each.pk, each.role) for each in members_asked(PERMISSIONS[APPROVALS_DECIDE].roles)]
    named = _by_approval(ApprovalAssignee.objects.filter(approval__in=approvals).values_list("approval", "user"))
    own = parts_in({each.run_id for each in approvals if each.forbids_own})
    yes: dict[UUID, int] = dict.fromkeys((each.pk for each in approvals), 0)
    spoken: dict[UUID, set[UUID | None]] = {}
    said = ApprovalDecision.objects.filter(approval__in=approvals, approved=True)
    for approval, user, holder in said.values_list("approval", "user", "holder"):
        yes[approval] += 1
        spoken.setdefault(approval, set()).update({user, holder})
    found = {}
    for each in approvals:
        out = spoken.get(each.pk, set()) | (own[each.run_id].keys() if each.forbids_own else set())
        left = [(pk, role) for pk, role in members if pk not in out]
        able = _count(left, named.get(each.pk, ()), roles_asked(each))
        if yes[each.pk] + able < each.quorum:
            later = _count(left, named.get(each.pk, ()), [*each.roles, *each.escalates_to])
            others_help = each.escalated_at is None and bool(each.escalates_to) and yes[each.pk] + later >= each.quorum
            found[each.pk] = Shortage(yes[each.pk], able, others_help)
    return found


def _by_approval(rows: Any) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for approval, user in rows:
        found.setdefault(approval, set()).add(user)
    return found


def _count(members: Sequence[tuple[UUID, str]], named: Collection[UUID], roles: Sequence[str]) -> int:
    """How many of these members are asked."""
    asked = {*roles, "owner"} if roles else set()
    return sum(pk in named or role in asked for pk, role in members)


def shortage_heed(approval: Approval) -> bool:
    """Let a question come to others now, or fail, that those whom it asks cannot bring to a yes. Whether it failed.

    The question is locked, and its run's work row was signalled before (rule R5).
    """
    short = shortages([approval]).get(approval.pk)
    if short is None:
        return False
    if short.others_help:
        others_ask(approval)
        return False
    approval.withdrawn_at, approval.problem = timezone.now(), problem("step_failed", _why(approval, short))
    approval.save(update_fields=["withdrawn_at", "problem"])
    return True


def others_ask(approval: Approval) -> None:
    """Let a question come to others, who are told."""
    approval.escalated_at = timezone.now()
    approval.save(update_fields=["escalated_at"])
    told = notices_make([approval], ApprovalNotice.Reason.ESCALATED, named={}, roles=approval.escalates_to)
    record(
        auditing.ESCALATED,
        who=None,
        subject=auditing.run_subject(approval.run),
        roles=approval.escalates_to,
        short=approval.is_short,
        step=approval.step,
        approval=approval.pk,
        count=told,
    )


def _why(approval: Approval, short: Shortage) -> str:
    have = "1 has" if short.yes == 1 else f"{short.yes} have"
    return (
        f"{approval.quorum} have to say yes, {have}, and {short.able} more of those who are asked may answer: the"
        " others have left, have no such role any more, or have a part in the run."
    )


def who_left_look(members: Mapping[UUID, str]) -> None:
    """Let those questions come up now that these, who had these roles, have left with too few. At most seven
    statements."""
    by_name = ApprovalAssignee.objects.filter(approval=OuterRef("pk"), user__in=list(members))
    asked = Q(Exists(by_name))
    for role in set(members.values()):
        asked |= Q(roles__contains=[role]) | Q(escalates_to__contains=[role], escalated_at__isnull=False)
    if "owner" in members.values():
        asked |= ~Q(roles=[])
    still = Approval.objects.filter(asked, decided_at=None, withdrawn_at=None, due_at__gt=timezone.now())
    if short := shortages(list(still.defer("question", "details", "form"))):
        work.schedule_many(ESCALATION, sorted(short))
