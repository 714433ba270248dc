"""Whether a member wants mails about agents that drift: when it begins, and when it is over. None until they say so."""

from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents.models import DriftMails
from apps.agents.permissions import RUNS_VIEW
from apps.audit.services import record
from apps.common.permissions import Principal, demand


def drift_mails_wanted(*, who: Principal, user: User) -> bool:
    """Whether this member wants them. One statement."""
    demand(who, RUNS_VIEW)
    return DriftMails.objects.filter(user=user).exists()


@transaction.atomic
def drift_mails_want(*, who: Principal, user: User, are_wanted: bool) -> None:
    """Say whether this member wants them. What it is already changes nothing."""
    demand(who, RUNS_VIEW)
    if are_wanted:
        _, has_changed = DriftMails.objects.get_or_create(user=user)
    else:
        has_changed = bool(DriftMails.objects.filter(user=user).delete()[0])
    if has_changed:
        before, after = {"mails": not are_wanted}, {"mails": are_wanted}
        record(auditing.DRIFT_MAILS_WANTED, who=who, subject=user, before=before, after=after)
