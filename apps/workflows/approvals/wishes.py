"""Whether a member wants mails about questions: they do until they say otherwise."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.common.permissions import Principal, demand
from apps.workflows import auditing
from apps.workflows.models import ApprovalMails
from apps.workflows.permissions import APPROVALS_DECIDE


def mails_wanted(*, who: Principal, user: User) -> bool:
    """Whether this member gets mails about what they are asked. One statement."""
    demand(who, APPROVALS_DECIDE)
    return not ApprovalMails.objects.filter(user=user, are_wanted=False).exists()


@transaction.atomic
def mails_want(*, who: Principal, user: User, are_wanted: bool) -> None:
    """Say whether this member wants mails about what they are asked. What it is already changes nothing."""
    demand(who, APPROVALS_DECIDE)
    before = mails_wanted(who=who, user=user)
    if before == are_wanted:
        return
    ApprovalMails.objects.update_or_create(user=user, defaults={"are_wanted": are_wanted})
    record(auditing.MAILS_WANTED, who=who, subject=user, before={"mails": before}, after={"mails": are_wanted})
