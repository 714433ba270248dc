"""Reminders, escalations, and the deadline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import Conflict, PermissionDenied
from apps.dispatch.models import WorkRow
from apps.workflows.models import Approval, ApprovalDecision, ApprovalNotice
from apps.workflows.performers import ESCALATION
from tests.recorded import entries, last
from tests.workflows.approvals.conftest import Asked, decide, given, let_be_due
from tests.workflows.conftest import Work
from tests.workflows.test_pump import after

Make = Callable[..., User]
LATE = {"remind_after": "1h", "escalate_after": "2h", "escalates_to": ["administrator"], "answer_within": "3h"}


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana")


def pass_time(approval: Approval, hours: float) -> None:
    """Let all moments of a question be so much nearer, and its row be due as it would be."""
    away = timedelta(hours=hours)
    approval.refresh_from_db()
    for name in ("asked_at", "remind_at", "escalate_at", "due_at"):
        if (moment := getattr(approval, name)) is not None:
            setattr(approval, name, moment - away)
    approval.save()
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set due_at = due_at - %s::interval where kind = %s and id = %s",
            [str(away), ESCALATION, approval.pk],
        )


def told(reason: str) -> set[Any]:
    return {each.user for each in ApprovalNotice.objects.filter(reason=reason)}


def test_who_has_not_answered_is_reminded_once_and_then_others_may_answer_too(
    asked: Asked, ana: User, member: Make, worked: Work
) -> None:
    ben, admin = member("approver"), member("administrator")
    question = asked(quorum=2, **LATE)
    decide(question, ben)
    worked("io")
    assert told("reminded") == set(), "nothing is due yet"
    pass_time(question, 1.01)
    worked("io")
    assert told("reminded") == {ana}
    assert WorkRow.objects.get(kind=ESCALATION).due_at == Approval.objects.get().escalate_at
    with pytest.raises(PermissionDenied):
        decide(question, admin)
    pass_time(question, 1)
    worked("io")
    assert told("escalated") == {admin}
    assert not WorkRow.objects.filter(kind=ESCALATION).exists()
    assert not decide(question, admin).is_open
    assert given(question, worked)["approved"] is True
    assert last("workflows.escalated")[1].facts["roles"] == ["administrator"]
    assert last("workflows.reminded")[1].facts["count"] == 1


def test_what_is_due_is_done_once_however_often_its_row_comes(asked: Asked, ana: User, worked: Work) -> None:
    question = asked(**LATE)
    pass_time(question, 2.5)
    worked("io")
    Approval.objects.update(escalate_at=timezone.now() + timedelta(hours=1))
    from apps.common import work

    work.schedule(ESCALATION, question.pk)
    worked("io")
    for kind in ("workflows.reminded", "workflows.escalated"):
        assert len(entries(kind)) == 1


def test_nobody_is_reminded_of_what_was_answered(asked: Asked, ana: User, worked: Work) -> None:
    question = asked(**LATE)
    decide(question, ana)
    let_be_due(ESCALATION, question.pk)
    worked("io")
    assert told("reminded") == set()
    assert not WorkRow.objects.filter(kind=ESCALATION).exists()


def test_a_question_that_nobody_answers_in_time_counts_as_no_and_each_field_is_empty(
    asked: Asked, ana: User, worked: Work
) -> None:
    question = asked(form={"amount": {"type": "number"}}, quorum=2, answer_within="0s")
    told = given(question, worked)
    assert told == {
        "approved": False,
        "comment": "",
        "by": "",
        "answers": {"amount": None},
        "decisions": [],
        "timed_out": True,
    }
    question.refresh_from_db()
    assert question.withdrawn_at is not None


def test_an_answer_that_comes_when_the_time_was_found_over_is_told_so_and_not_recorded(
    asked: Asked, worked: Work, ana: User
) -> None:
    question = asked(answer_within="0s")
    with pytest.raises(Conflict):
        decide(question, ana)
    worked("flow")
    with pytest.raises(Conflict, match="Nobody waits for an answer any more"):
        decide(question, ana)
    assert after(question.run).outputs["given"]["timed_out"] is True
    assert not ApprovalDecision.objects.exists()
