"""Mails to those who are asked. Whatever a member is to be told at a time goes in one mail, and is sent by a worker.

That a mail is about to be sent is recorded before it is, and that it was, after it: a process that dies in between
leaves it to another, which sends it again under the same name (`Message-ID`), so that it is never lost, and seldom
there twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.services import record
from apps.common import work
from apps.common.yamls import text_write
from apps.tenants.context import current_tenant, tenant_url
from apps.tenants.fields import sealed_for
from apps.workflows import auditing
from apps.workflows.approvals.forms import form_of
from apps.workflows.approvals.links import link_address
from apps.workflows.approvals.wishes import mails_wanted
from apps.workflows.asked import answerable
from apps.workflows.models import Approval, ApprovalNotice
from apps.workflows.permissions import APPROVALS_DECIDE
from apps.workflows.selectors import PAYLOADS

logger = logging.getLogger(__name__)

WAITS: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Between one try and the next; after the last of them a notice is given up, and its problem is kept."""
MOST_TRIES: Final = len(WAITS) + 1
MOST_TOLD: Final = 20
"""Questions that a mail tells; of more it says how many there are, and where."""
MOST_AT_ONCE: Final = 1000
"""Notices of a member that are looked at for one mail."""
LONGEST_QUESTION: Final = 500
LONGEST_DETAILS: Final = 4000
"""Characters of each that a mail tells."""
_WHY: Final = {
    ApprovalNotice.Reason.ASKED: "",
    ApprovalNotice.Reason.REMINDED: "a reminder",
    ApprovalNotice.Reason.ESCALATED: "nobody has answered, and now you may",
}


def to_tell() -> QuerySet[ApprovalNotice]:
    """What is still to be told, by mail."""
    return ApprovalNotice.objects.filter(sent_at=None, tries__lt=MOST_TRIES)


def mail_send(claim: work.Claim) -> None:
    """Send a member what they are to be told by now, in one mail. What they need not know any more (the question was
    answered, they may not answer it, or they want no mails) is forgotten untold."""
    notices = _begin(claim)
    if not notices:
        return
    member = notices[0].user
    try:
        _mail(member, notices).send()
    except OSError as error:  # smtplib's errors are OSErrors
        logger.error("a mail could not be sent: %s", error, extra={"mail": "questions"})
        _failed(claim, notices, str(error))
    else:
        _sent(claim, member, notices)


def _begin(claim: work.Claim) -> list[ApprovalNotice]:
    """What a mail is about to tell, its try counted; nothing where the row is finished."""
    with work.fenced(claim) as row:
        found = to_tell().filter(user=claim.id).select_related("user", "approval__run__workflow")
        slim = found.defer(*(f"approval__run__{name}" for name in PAYLOADS))
        notices = list(slim.order_by("approval__due_at", "id")[:MOST_AT_ONCE])
        if not notices:
            row.finish()
            return []
        member = notices[0].user
        asked = {each.approval_id for each in notices}
        open_to = Approval.objects.filter(answerable(member), pk__in=asked, due_at__gt=timezone.now())
        is_wanted = member.can(APPROVALS_DECIDE) and mails_wanted(who=member, user=member)
        still = set(open_to.values_list("pk", flat=True)) if is_wanted else set()
        if moot := [each.pk for each in notices if each.approval_id not in still]:
            ApprovalNotice.objects.filter(pk__in=moot).delete()
        told = [each for each in notices if each.approval_id in still]
        if not told:
            row.finish()
        ApprovalNotice.objects.filter(pk__in=[each.pk for each in told]).update(tries=F("tries") + 1)
        return told


def _sent(claim: work.Claim, member: User, notices: Sequence[ApprovalNotice]) -> None:
    with work.fenced(claim) as row:
        ids = [each.pk for each in notices]
        ApprovalNotice.objects.filter(pk__in=ids).update(sent_at=timezone.now(), problem=None)
        record(auditing.MAILED, who=None, subject=member, count=len(notices), approvals=_approvals(notices))
        row.finish()  # refused where more has come meanwhile: then the row is due again


def _failed(claim: work.Claim, notices: Sequence[ApprovalNotice], problem: str) -> None:
    with work.fenced(claim) as row:
        for each in notices:
            kept = sealed_for(each, problem={"detail": problem[:500]})
            ApprovalNotice.objects.filter(pk=each.pk).update(**kept)
        tries = min(each.tries for each in notices) + 1  # the one that has just failed among them
        if tries < MOST_TRIES:
            row.postpone(timezone.now() + WAITS[tries - 1])
        else:
            row.finish()


def _mail(member: User, notices: Sequence[ApprovalNotice]) -> EmailMessage:
    tenant = current_tenant()
    by_question: dict[UUID, ApprovalNotice] = {each.approval_id: each for each in notices}
    count = len(by_question)
    told = [_question(each, member) for each in list(by_question.values())[:MOST_TOLD]]
    inbox = tenant_url(tenant, reverse("workflows:approvals"))
    context = {"member": member, "tenant": tenant, "told": told, "count": count, "inbox": inbox}
    text = render_to_string("workflows/email/questions.txt", {**context, "more": count - len(told)})
    what = f"{count} questions wait for you" if count > 1 else f"A question of {told[0]['title']} waits for you"
    name = f"<questions.{notices[0].pk}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>"
    subject = _line(f"[{tenant.name}] {what}")
    return EmailMessage(
        subject, text, None, [member.email], headers={"Message-ID": name, "Auto-Submitted": "auto-generated"}
    )


def _question(notice: ApprovalNotice, member: User) -> dict[str, Any]:
    """What a mail tells of a question: no more than the step that asks it allows."""
    approval = notice.approval
    shows = form_of(approval).mail_shows
    details = approval.details if shows == "details" else None
    return {
        "title": _line(approval.run.workflow.title),
        "ref": approval.run.ref,
        "why": _why(notice),
        "question": _cut(_line(approval.question), LONGEST_QUESTION) if shows != "nothing" else "",
        "details": _cut(_text(details), LONGEST_DETAILS) if details is not None else "",
        "due": f"{approval.due_at:%d %B %Y, %H:%M} UTC",
        "link": link_address(approval=approval, user=member),
    }


def _why(notice: ApprovalNotice) -> str:
    if notice.reason == ApprovalNotice.Reason.ESCALATED and notice.approval.is_short:
        return "those who were asked cannot come to a yes, and you may answer"
    return _WHY[ApprovalNotice.Reason(notice.reason)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else text_write(value).strip()


def _line(text: str) -> str:
    """In one line, so that what a run says cannot look like another part of the mail."""
    return " ".join(text.split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _approvals(notices: Sequence[ApprovalNotice]) -> list[str]:
    return sorted({str(each.approval_id) for each in notices})
