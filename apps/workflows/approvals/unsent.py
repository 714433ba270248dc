"""Mails about questions that were given up: to whom, of how many questions, why, and another try."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.audit.services import Subject, record
from apps.common import work
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.approvals.mails import MOST_TRIES
from apps.workflows.models import ApprovalNotice
from apps.workflows.performers import NOTICE
from apps.workflows.permissions import WORKFLOWS_RUN

MOST: Final = 1000
"""Notices that are looked at for a page; of more, those that were to be told first."""


@dataclass
class Unsent:
    """What a member was not told."""

    member: User
    count: int
    """Questions."""
    problem: str
    """Why the last try failed."""


def mails_unsent(*, who: Principal) -> list[Unsent]:
    """Whom no mail reached about questions that are still open, by address. One statement."""
    demand(who, WORKFLOWS_RUN)
    found: dict[UUID, Unsent] = {}
    asked: dict[UUID, set[UUID]] = {}
    for notice in _given_up().select_related("user").order_by("user__email", "id")[:MOST]:
        told = found.setdefault(notice.user_id, Unsent(notice.user, 0, ""))
        told.problem = str((notice.problem or {}).get("detail", "")) or told.problem
        asked.setdefault(notice.user_id, set()).add(notice.approval_id)
        told.count = len(asked[notice.user_id])
    return list(found.values())


@transaction.atomic
def mails_send_again(*, who: Principal, members: Collection[UUID]) -> int:
    """Let what these were not told be sent as if it had not been tried. Returns to how many members."""
    demand(who, WORKFLOWS_RUN)
    again = _given_up().filter(user__in=list(members))
    people = sorted(set(again.values_list("user", flat=True)))
    if people:
        again.update(tries=0)
        record(auditing.MAILS_AGAIN, who=who, subject=Subject("accounts.user", "", "members"), count=len(people))
        work.schedule_many(NOTICE, people)
    return len(people)


def _given_up() -> QuerySet[ApprovalNotice]:
    still = {"approval__decided_at": None, "approval__withdrawn_at": None}
    return ApprovalNotice.objects.filter(sent_at=None, tries__gte=MOST_TRIES, **still)
