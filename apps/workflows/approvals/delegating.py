"""Members stand in for each other: for a time, one may answer what another is asked.

A delegation passes on one's own right and nothing else, so there are no chains: what a taker was lent they cannot lend.
The giver keeps their right; whichever of the two answers first counts, once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_VIEW
from apps.audit.services import Subject, record
from apps.common.errors import Conflict, InvalidInput, Issue, NotFound
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.models import Delegation
from apps.workflows.permissions import APPROVALS_DECIDE

LONGEST: Final = timedelta(days=92)
"""From the beginning of a delegation to its end."""
LONGEST_REASON: Final = 200
"""Characters."""


@transaction.atomic
def delegation_create(
    *,
    who: Principal,
    giver: User,
    taker: User,
    ends_at: datetime,
    begins_at: datetime | None = None,
    reason: str = "",
) -> Delegation:
    """Let `taker` answer what `giver`, who asks for this, is asked. Without a beginning it begins now.

    Raises `PermissionDenied` for a giver who may not decide, `InvalidInput` for a taker who may not (`taker`: nobody
    active, a program, a role without the right, the giver) or for times that make no sense (`begins_at`, `ends_at`),
    `Conflict` where the taker stands in for the giver in that time already.
    """
    demand(who, APPROVALS_DECIDE)
    now = timezone.now()
    begins_at = max(begins_at or now, now)
    taker = User.objects.filter(pk=taker.pk).first() or taker
    if issues := _issues(giver, taker, begins_at, ends_at, reason.strip()):
        raise InvalidInput("The delegation was not made.", issues=issues)
    User.objects.select_for_update(no_key=True).get(pk=giver.pk)  # so that two at once are one after the other
    same = Delegation.objects.filter(giver=giver, taker=taker, revoked_at=None)
    if same.filter(begins_at__lt=ends_at, ends_at__gt=begins_at).exists():
        raise Conflict(
            f"{taker} stands in for you in that time already. Nothing was changed.",
            remedy="Take the former one back, or choose another time.",
        )
    made = Delegation.objects.create(
        giver=giver, taker=taker, reason=reason.strip(), begins_at=begins_at, ends_at=ends_at
    )
    record(
        auditing.DELEGATED,
        who=who,
        subject=_subject(taker),
        after={"begins_at": begins_at, "ends_at": ends_at},
        reason=made.reason,
        delegation=made.pk,
    )
    return made


@transaction.atomic
def delegation_revoke(*, who: Principal, user: User, delegation: Delegation) -> Delegation:
    """Take a delegation back, from now on; answers that were given by it stay. Its giver may, and its taker.

    Raises `NotFound` for anybody else, `Conflict` for one that is over already.
    """
    demand(who, APPROVALS_DECIDE)
    found = _of(user).select_for_update(of=("self",)).filter(pk=delegation.pk).first()
    if found is None:
        raise NotFound("You have no such delegation.", remedy="See the list of your delegations.")
    if found.revoked_at is not None or found.ends_at <= timezone.now():
        raise Conflict("This delegation is over already. Nothing was changed.")
    found.revoked_at = timezone.now()
    found.save(update_fields=["revoked_at"])
    other = found.taker if found.giver_id == user.pk else found.giver
    record(
        auditing.DELEGATION_REVOKED, who=who, subject=_subject(other), delegation=found.pk, gave=other == found.taker
    )
    return found


def delegations_query(*, who: Principal, user: User) -> QuerySet[Delegation]:
    """What `user` gave and took, the latest first, with both people; also what is over.

    Evaluate it before leaving the tenant.
    """
    demand(who, APPROVALS_DECIDE)
    return _of(user)


def delegations_list(*, who: Principal, user: User) -> list[Delegation]:
    """As `delegations_query`, all of them. One statement."""
    return list(delegations_query(who=who, user=user))


def delegation_get(*, who: Principal, user: User, id: UUID) -> Delegation:
    """One that `user` gave or took. Raises `NotFound`."""
    demand(who, APPROVALS_DECIDE)
    found = _of(user).filter(pk=id).first()
    if found is None:
        raise NotFound("You have no such delegation.", remedy="See the list of your delegations.")
    return found


def delegations_held(*, who: Principal) -> list[Delegation]:
    """Everybody's that hold now or will, those first that end soonest: for who looks after members. One statement."""
    demand(who, MEMBERS_VIEW)
    held = Delegation.objects.select_related("giver", "taker").filter(revoked_at=None, ends_at__gt=timezone.now())
    return list(held.order_by("ends_at", "id"))


def takers_for(*, who: Principal, user: User) -> list[User]:
    """The members whom `user` may let stand in: active people who may decide. One statement."""
    demand(who, APPROVALS_DECIDE)
    active = User.objects.filter(is_active=True, is_service=False, valid_until=None).exclude(pk=user.pk)
    return [each for each in active if each.can(APPROVALS_DECIDE)]


def _of(user: User) -> QuerySet[Delegation]:
    return Delegation.objects.select_related("giver", "taker").filter(Q(giver=user) | Q(taker=user))


def _issues(giver: User, taker: User, begins_at: datetime, ends_at: datetime, reason: str) -> list[Issue]:
    issues = []
    if taker.pk == giver.pk:
        issues.append(Issue(path="taker", message="Choose somebody else: nobody stands in for themselves."))
    elif not taker.can(APPROVALS_DECIDE):
        message = f"{taker} may not answer questions: choose an active member whose role lets them decide."
        issues.append(Issue(path="taker", message=message))
    if ends_at <= begins_at:
        issues.append(Issue(path="ends_at", message="It ends after it begins, and in the future."))
    elif ends_at - begins_at > LONGEST:
        issues.append(Issue(path="ends_at", message=f"It lasts {LONGEST.days} days at most."))
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        message = f"It has {LONGEST_REASON} characters at most, in one line."
        issues.append(Issue(path="reason", message=message))
    return issues


def _subject(user: User) -> Subject:
    return Subject("accounts.user", str(user.pk), str(user))
