"""Who is to be told of a question by mail. What is to be told is kept in the transaction that makes it so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Q, When
from django.utils import timezone

from apps.accounts.models import User
from apps.common import work
from apps.common.permissions import PERMISSIONS
from apps.workflows.approvals.assigning import roles_asked
from apps.workflows.engine.ledger import STEP
from apps.workflows.models import Approval, ApprovalNotice, Delegation
from apps.workflows.parts import parts_in
from apps.workflows.performers import NOTICE
from apps.workflows.permissions import APPROVALS_DECIDE

MOST_TOLD: Final = 50
"""Members who are told of one question; of a role that more have, those whose addresses come first."""
GATHERED: Final = timedelta(seconds=30)
"""How long what a member is to be told is gathered, so that many questions at once are one mail."""


def notices_make(
    approvals: Sequence[Approval],
    reason: str,
    *,
    named: Mapping[UUID, Sequence[UUID]],
    roles: Sequence[str] = (),
    silent: Collection[UUID] = (),
) -> int:
    """Let those be told of these questions who are asked: `named`, by question, and by role; `roles` instead of the
    questions' own, and nobody who is `silent`. Returns how many are to be told.

    Of a step that asks for each item of a list, a member is told once. Two statements for all questions that ask the
    same people, and one more for items, and where those are not asked who have a part in the run.
    """
    concerned = _first_items(approvals) if reason == ApprovalNotice.Reason.ASKED else list(approvals)
    own = parts_in({each.run_id for each in concerned if each.forbids_own})
    asked: dict[tuple[tuple[str, ...], tuple[UUID, ...]], list[Approval]] = defaultdict(list)
    for each in concerned:
        asked[tuple(roles or roles_asked(each)), tuple(named.get(each.pk, ()))].append(each)
    made = [
        ApprovalNotice(approval=each, user=user, reason=reason)
        for (by_role, by_name), alike in asked.items()
        for user in recipients(by_role, by_name)
        for each in alike
        if user.pk not in silent and not (each.forbids_own and user.pk in own[each.run_id])
    ]
    if made:
        ApprovalNotice.objects.bulk_create(made, ignore_conflicts=True)
        soon = timezone.now() + GATHERED
        work.schedule_many(NOTICE, sorted({each.user_id for each in made}), due_at=soon)
    return len(made)


def recipients(roles: Sequence[str], named: Sequence[UUID] = (), now: datetime | None = None) -> list[User]:
    """The members to tell: who may answer, and who stands in for one of them now. One statement.

    Owners may answer everything, and are told only where they are asked. Who wants no mails is told nothing.
    """
    now = now or timezone.now()
    deciding = PERMISSIONS[APPROVALS_DECIDE].roles
    by_role, by_name = deciding & set(roles), list(named)
    held = Delegation.objects.filter(taker=OuterRef("pk"), revoked_at=None, begins_at__lte=now, ends_at__gt=now)
    held = held.filter(giver__is_active=True, giver__role__in=deciding)
    standing_in = Exists(held.filter(Q(giver__in=by_name) | Q(giver__role__in=by_role)))
    members = User.objects.filter(is_active=True, is_service=False, valid_until=None, role__in=deciding)
    members = members.exclude(approval_mails__are_wanted=False)
    found = members.filter(Q(pk__in=by_name) | Q(role__in=by_role) | Q(standing_in))
    # Whoever is named stands first, also where more members have a role than are told.
    return list(found.order_by(Case(When(pk__in=by_name, then=0), default=1), "email")[:MOST_TOLD])


def _first_items(approvals: Sequence[Approval]) -> list[Approval]:
    """Those of which nobody was told of another item of the same step of the same run."""
    found: dict[tuple[UUID, str, int], Approval] = {}
    for each in approvals:
        found.setdefault((each.run_id, each.step, min(each.item, 0)), each)
    items = [each for each in found.values() if each.item != STEP]
    if not items:
        return list(found.values())
    told = ApprovalNotice.objects.filter(approval__run__in={each.run_id for each in items}, approval__item__gte=0)
    known = set(told.values_list("approval__run", "approval__step"))
    return [each for each in found.values() if each.item == STEP or (each.run_id, each.step) not in known]
