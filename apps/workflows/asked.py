"""Who may answer a question, as the database tells it of many: for lists and counts.

`approvals.assigning.may_decide` tells the same of one question that it holds, with the reasons; tests hold both
together.
"""

from __future__ import annotations

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.common.permissions import PERMISSIONS
from apps.workflows.models import Approval, ApprovalAssignee, ApprovalDecision, Delegation
from apps.workflows.parts import has_part
from apps.workflows.permissions import APPROVALS_DECIDE


def answerable(user: User) -> Q:
    """Of approvals, those that `user` may answer now: asked themselves, or for a member who let them stand in."""
    if not user.can(APPROVALS_DECIDE):
        return Q(pk__in=[])
    now = timezone.now()
    is_open = Q(decided_at=None, withdrawn_at=None, due_at__gt=now)
    spoken = ApprovalDecision.objects.filter(Q(user=user) | Q(holder=user), approval=OuterRef("pk"))
    return (
        is_open & ~(Q(forbids_own=True) & has_part(user)) & ~Q(Exists(spoken)) & (asks(user) | Q(Exists(_lent(user))))
    )


def asks(user: User) -> Q:
    """Of approvals, those that ask the person themselves: by role, by name, or since it came to others."""
    if user.role == "owner":
        return Q(pk__isnull=False)  # an empty condition would be left out of an alternative
    by_name = ApprovalAssignee.objects.filter(approval=OuterRef("pk"), user=user)
    late = Q(escalated_at__isnull=False, escalates_to__contains=[user.role])
    return Q(roles__contains=[user.role]) | late | Q(Exists(by_name))


def _lent(user: User) -> QuerySet[Delegation]:
    """The delegations to the person that hold now and whose givers a question asks who have not answered it."""
    now, outer = timezone.now(), OuterRef(OuterRef("pk"))
    held = Delegation.objects.filter(taker=user, revoked_at=None, begins_at__lte=now, ends_at__gt=now)
    held = held.filter(
        giver__is_active=True,
        giver__is_service=False,
        giver__valid_until=None,
        giver__role__in=PERMISSIONS[APPROVALS_DECIDE].roles,
    )
    giver = OuterRef("giver")
    by_role = Approval.objects.filter(_names("roles"), pk=outer)
    by_late = Approval.objects.filter(_names("escalates_to"), pk=outer, escalated_at__isnull=False)
    by_name = ApprovalAssignee.objects.filter(approval=outer, user=giver)
    asks = Q(giver__role="owner") | Q(Exists(by_role)) | Q(Exists(by_late)) | Q(Exists(by_name))
    spoken = ApprovalDecision.objects.filter(Q(user=giver) | Q(holder=giver), approval=outer)
    own = Approval.objects.filter(has_part(giver), pk=outer, forbids_own=True)
    return held.filter(asks, ~Q(Exists(spoken)), ~Q(Exists(own)))


def _names(roles: str) -> Func:
    """Whether a list of roles has that of the giver in it."""
    return Func(F(roles), OuterRef("giver__role"), function="jsonb_exists", output_field=BooleanField())
