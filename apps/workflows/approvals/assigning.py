"""Whose right somebody may use to answer a question: their own, or that of a member who let them stand in.

It is always looked at anew, from rows as they are at that moment. `apps.workflows.asked` tells the same of many
questions in one statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Q, When
from django.utils import timezone

from apps.accounts.models import User
from apps.common.permissions import PERMISSIONS, ROLES, Principal
from apps.workflows.models import Approval, ApprovalDecision, Delegation
from apps.workflows.parts import parts_in
from apps.workflows.permissions import APPROVALS_DECIDE


@dataclass(frozen=True)
class Right:
    """A right to answer."""

    holder: User
    """Whose it is."""
    delegation: Delegation | None = None
    """What lets another use it; None: it is the person's own."""


@dataclass(frozen=True)
class Entitlement:
    """How a person stands to a question at a moment: with the rights that they may use, their own first, or none and
    why."""

    rights: tuple[Right, ...] = ()
    refusal: str = ""
    """Why there is none, in a sentence; empty where there is one."""

    def __bool__(self) -> bool:
        return bool(self.rights)


def may_decide(*, who: Principal, user: User, approval: Approval) -> Entitlement:
    """Whose rights `user` may use to answer this question now. At most six statements.

    Nobody's, where it was answered or withdrawn, its time is over, the person may not decide at all, has a part in
    what is asked (`forbids_own`), is not asked, or has answered already: a name stands under one answer of a question
    at most, whether as whoever answered or as whose right it was.
    """
    if not approval.is_open:
        return Entitlement(refusal="Nobody waits for an answer any more.")
    if approval.due_at <= timezone.now():
        return Entitlement(refusal=f"Its time was over at {_moment(approval.due_at)}: that counts as no.")
    if not who.can(APPROVALS_DECIDE):
        return Entitlement(refusal="Your role does not let you answer questions.")
    return rights_in(approval, user, timezone.now())


def rights_in(approval: Approval, user: User, now: datetime) -> Entitlement:
    """As `may_decide`, of a question that is open and a person as their row is now."""
    if not user.can(APPROVALS_DECIDE):
        return Entitlement(refusal="Your role does not let you answer questions.")
    own = parts_in([approval.run_id])[approval.run_id] if approval.forbids_own else {}
    if user.pk in own:
        return Entitlement(refusal=f"You {own[user.pk]}: somebody else has to answer.")
    spoken = names_in(approval)
    if user.pk in spoken:
        return Entitlement(refusal=spoken[user.pk])
    named = set(approval.assignees.values_list("user_id", flat=True))
    rights = [Right(user)] if is_asked(approval, user, named) else []
    for each in delegations_to(user, now):
        giver = each.giver
        if giver.pk not in own and giver.pk not in spoken and is_asked(approval, giver, named):
            rights.append(Right(giver, each))
    if not rights:
        return Entitlement(refusal=f"This asks {asks_told(approval, named=bool(named))}.")
    return Entitlement(tuple(rights))


def is_asked(approval: Approval, user: User, named: set[UUID]) -> bool:
    """Whether a question asks this person: an owner always, else by role or by name."""
    if not user.can(APPROVALS_DECIDE):
        return False
    return user.role == "owner" or user.role in roles_asked(approval) or user.pk in named


def roles_asked(approval: Approval) -> list[str]:
    """The roles that may answer now: since it came to others, those as well."""
    late = approval.escalates_to if approval.escalated_at is not None else []
    return list(dict.fromkeys([*approval.roles, *late]))


def names_in(approval: Approval) -> dict[UUID, str]:
    """Whose names stand under an answer already, and what that means for them."""
    found: dict[UUID, str] = {}
    for each in ApprovalDecision.objects.filter(approval=approval).select_related("user"):
        if each.holder_id is not None:
            found[each.holder_id] = f"{each.user or 'A member who is gone'} answered in your name already."
        if each.user_id is not None:
            found[each.user_id] = "You answered already; each person counts once."
    return found


def delegations_to(user: User, now: datetime) -> list[Delegation]:
    """What lets a person answer for others now: of members who are active and may decide themselves."""
    held = Delegation.objects.filter(taker=user, revoked_at=None, begins_at__lte=now, ends_at__gt=now)
    return [each for each in held.select_related("giver") if each.giver.can(APPROVALS_DECIDE)]


def members_asked(roles: Iterable[str], *, named: Iterable[UUID] = (), most: int | None = None) -> list[User]:
    """The members who may answer what asks these roles and people; not the owners, where neither asks them.

    `most` of them at most, those by name first, then by address. One statement.
    """
    deciding = PERMISSIONS[APPROVALS_DECIDE].roles
    asked, by_name = deciding & set(roles), list(named)
    found = User.objects.filter(Q(pk__in=by_name, role__in=deciding) | Q(role__in=asked))
    found = found.filter(is_active=True, is_service=False, valid_until=None)
    # Whoever is named stands first, also where there are more members of a role than may be told.
    ordered = found.order_by(Case(When(pk__in=by_name, then=0), default=1), "email")
    return list(ordered if most is None else ordered[:most])


def asks_told(approval: Approval, *, named: bool) -> str:
    """Whom a question asks, in words."""
    titles = [ROLES[role].title.lower() if role in ROLES else role for role in roles_asked(approval)]
    return ", ".join([*(["members by name"] if named else []), *titles]) or "nobody"


def _moment(at: datetime) -> str:
    return f"{at:%H:%M} UTC on {at.day} {at:%B}"
