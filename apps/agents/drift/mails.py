"""Mails to those who wish them: that an agent has begun to drift, and that it is over. They name the agent and lead to
its page, and say nothing of what it was given or came to.

What is to be told is kept in the transaction that makes it so, once for each member. That a mail is about to be sent is
recorded before it is, and what it tells is deleted after it: where a process dies in between, nobody knows whether the
mail went out, and it is not sent again. What it told stands on the dashboard in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import auditing
from apps.agents.finding import agent_shown, is_here
from apps.agents.models import DriftNotice
from apps.agents.permissions import AGENTS_VIEW, RUNS_VIEW
from apps.audit.services import record
from apps.common import work
from apps.common.permissions import PERMISSIONS
from apps.tenants.context import current_tenant, tenant_url

logger = logging.getLogger(__name__)

KIND: Final = "agents.drift_mail"
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Between one try and the next; after the last of them what was to be told is given up, and logged."""
MOST_TRIES: Final = len(WAITS) + 1
GATHERED: Final = timedelta(seconds=30)
"""How long what a member is to be told is gathered, so that many agents at once are one mail."""
_What = DriftNotice.What
_SUBJECTS: Final = {
    _What.BEGAN: "{} drifts",
    _What.ENDED: "{} drifts no longer",
    _What.REBASED: "{} has another baseline",
    _What.UNWATCHED: "{} is watched no longer",
}
_SENTENCES: Final = {
    _What.BEGAN: "{} has decided otherwise than it did since {}.",
    _What.ENDED: "{} decides as it did again. It had drifted since {}.",
    _What.REBASED: "{} is held against another baseline from now on. It had drifted since {}.",
    _What.UNWATCHED: "{} is watched no longer. It had drifted since {}.",
}


def drift_tell(agent_key: str, what: str, since: datetime) -> None:
    """Let those be told of it who wish that and may see the agent, in the caller's transaction. Two statements, and
    another where there is somebody to tell."""
    members = list(_members())
    if not members:
        return
    DriftNotice.objects.bulk_create(
        [DriftNotice(user=each, agent_key=agent_key, what=what, since=since) for each in members]
    )
    work.schedule_many(KIND, sorted(each.pk for each in members), due_at=timezone.now() + GATHERED)


def to_tell() -> QuerySet[DriftNotice]:
    """What is still to be told."""
    return DriftNotice.objects.filter(sending_at=None)


def mail_send(claim: work.Claim) -> None:
    """Send a member what they are to be told by now, in one mail. What they may not see any more, or no longer wish to
    be told, is forgotten untold."""
    notices = _begin(claim)
    if not notices:
        return
    member = notices[0].user
    try:
        _mail(member, notices).send()
    except OSError as error:  # smtplib's errors are OSErrors
        logger.error("a mail could not be sent: %s", error, extra={"mail": "drift"})
        _failed(claim, notices)
    else:
        _sent(claim, member, notices)


def _members() -> QuerySet[User]:
    """Who wishes these mails, and may see agents and what they decided."""
    roles = PERMISSIONS[AGENTS_VIEW].roles & PERMISSIONS[RUNS_VIEW].roles
    return User.objects.filter(
        is_active=True, is_service=False, valid_until=None, role__in=roles, drift_mails__isnull=False
    )


def _begin(claim: work.Claim) -> list[DriftNotice]:
    """What a mail is about to tell, its try counted; nothing where the row is finished."""
    with work.fenced(claim) as row:
        if lost := DriftNotice.objects.filter(user=claim.id).exclude(sending_at=None).delete()[0]:
            logger.warning("nobody knows whether a mail was sent; it is not sent again", extra={"notices": lost})
        notices = list(to_tell().filter(user=claim.id).select_related("user").order_by("id"))
        is_wanted = _members().filter(pk=claim.id).exists()
        told = [each for each in notices if is_wanted and _may_see(each)]
        if moot := [each.pk for each in notices if each not in told]:
            DriftNotice.objects.filter(pk__in=moot).delete()
        if not told:
            row.finish()
        DriftNotice.objects.filter(pk__in=[each.pk for each in told]).update(
            tries=F("tries") + 1, sending_at=timezone.now()
        )
        return told


def _may_see(notice: DriftNotice) -> bool:
    agent = agent_shown(notice.agent_key)
    return agent is not None and is_here(agent)


def _sent(claim: work.Claim, member: User, notices: Sequence[DriftNotice]) -> None:
    with work.fenced(claim) as row:
        DriftNotice.objects.filter(pk__in=[each.pk for each in notices]).delete()
        agents = sorted({each.agent_key for each in notices})
        record(auditing.DRIFT_MAILED, who=None, subject=member, count=len(notices), agents=agents)
        row.finish()  # refused where more has come meanwhile: then the row is due again


def _failed(claim: work.Claim, notices: Sequence[DriftNotice]) -> None:
    """Try again what has tries left, and give up what has none."""
    with work.fenced(claim) as row:
        tried = {each.pk: each.tries + 1 for each in notices}  # the try that has just failed among them
        again = [pk for pk, tries in tried.items() if tries < MOST_TRIES]
        DriftNotice.objects.filter(pk__in=tried.keys() - set(again)).delete()
        DriftNotice.objects.filter(pk__in=again).update(sending_at=None)
        if again:
            row.postpone(timezone.now() + WAITS[min(tried[pk] for pk in again) - 1])
        else:
            row.finish()


def _mail(member: User, notices: Sequence[DriftNotice]) -> EmailMessage:
    tenant = current_tenant()
    told = [
        {
            "text": _SENTENCES[_What(each.what)].format(_title(each), f"{each.since:%d %B %Y, %H:%M} UTC"),
            "link": tenant_url(tenant, reverse("agents:drift", args=[each.agent_key])),
        }
        for each in notices
    ]
    first = notices[0]
    subject = _SUBJECTS[_What(first.what)].format(_title(first))
    if len(notices) > 1:
        subject = f"{len(notices)} news of drift"
    context = {"tenant": tenant, "told": told, "wish": tenant_url(tenant, reverse("agents:drift-mails"))}
    text = render_to_string("agents/email/drift.txt", context)
    name = f"<drift.{first.pk}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>"
    headers = {"Message-ID": name, "Auto-Submitted": "auto-generated"}
    return EmailMessage(f"[{tenant.name}] {subject}", text, None, [member.email], headers=headers)


def _title(notice: DriftNotice) -> str:
    """In one line, so that what an agent is called cannot look like another part of the mail."""
    agent = agent_shown(notice.agent_key)
    return " ".join((agent.title if agent else notice.agent_key).split())
