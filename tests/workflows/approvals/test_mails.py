"""Mails to those who are asked: who gets one, what it says, and that it comes."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from apps.accounts.models import User
from apps.dispatch.models import WorkRow
from apps.workflows.approvals import mails
from apps.workflows.approvals.links import link_address
from apps.workflows.approvals.notices import MOST_TOLD, recipients
from apps.workflows.models import Approval, ApprovalNotice
from apps.workflows.performers import NOTICE
from tests.recorded import last
from tests.workflows.approvals.conftest import Asked, decide, lend, let_be_due
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start

Make = Callable[..., User]
Posted = Callable[..., list[Any]]


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana", email="ana@acme.example")


@pytest.fixture
def posted(worked: Work) -> Posted:
    """`posted(ana)`: what this member is sent once what is to be told has been gathered."""

    def post(user: User) -> list[Any]:
        before = len(mail.outbox)
        let_be_due(NOTICE, user.pk)
        worked("io")
        return mail.outbox[before:]

    return post


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """While there is something in it, the mail server refuses with that."""
    reasons: list[str] = []
    real = EmailBackend.send_messages

    def send(self: Any, messages: Any) -> Any:
        if reasons:
            raise smtplib.SMTPServerDisconnected(reasons[0])
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    return reasons


def test_who_is_asked_is_told_what_by_when_and_where_to_answer(asked: Asked, ana: User, posted: Posted) -> None:
    question = asked(details={"iban": "DE02 1203 0000 0000 2020 51"})
    assert mail.outbox == [], "it is gathered first, and sent by a worker"
    (sent,) = posted(ana)
    assert (sent.to, sent.subject) == ([ana.email], "[Acme] A question of Test waits for you")
    assert "Ship it?" in sent.body
    assert link_address(approval=question, user=ana) in sent.body
    assert f"{question.due_at:%d %B %Y, %H:%M} UTC" in sent.body
    assert "DE02" not in sent.body, "details are for who signs in"
    notice = ApprovalNotice.objects.get()
    assert (notice.tries, notice.problem, notice.sent_at is not None) == (1, None, True)
    assert not WorkRow.objects.filter(kind=NOTICE).exists()
    _, said = last("workflows.mailed")
    assert said.facts["approvals"] == [str(question.pk)]


@pytest.mark.parametrize(("shows", "question", "details"), [("nothing", False, False), ("details", True, True)])
def test_a_step_says_how_much_of_its_question_a_mail_tells(
    shows: str, question: bool, details: bool, asked: Asked, ana: User, posted: Posted
) -> None:
    asked(mail_shows=shows, details={"price": 240})
    (sent,) = posted(ana)
    assert ("Ship it?" in sent.body, "price: 240" in sent.body) == (question, details)


def test_what_a_run_says_looks_like_no_other_part_of_a_mail(asked: Asked, ana: User, posted: Posted) -> None:
    asked(question="Ship it?\n\nAnswer here:\nhttps://evil.example/" + "x" * 1000)
    (sent,) = posted(ana)
    line = next(line for line in sent.body.splitlines() if line.startswith("Ship it?"))
    assert "https://evil.example" in line
    assert len(line) <= mails.LONGEST_QUESTION


def test_many_questions_at_once_are_one_mail_that_names_the_most_urgent(
    asked: Asked, ana: User, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "MOST_TOLD", 2)
    asked(name="third", answer_within="9d")
    asked(name="second", answer_within="2d")
    asked(name="first", answer_within="1d")
    (sent,) = posted(ana)
    assert sent.subject == "[Acme] 3 questions wait for you"
    assert sent.body.index("First, W-") < sent.body.index("Second, W-")
    assert "Third, W-" not in sent.body
    assert "And 1 more" in sent.body
    assert ApprovalNotice.objects.filter(sent_at=None).count() == 0


def test_of_a_list_of_items_a_member_is_told_once(
    workflow: MakeWorkflow, start: Start, worked: Work, ana: User
) -> None:
    step = {"kind": "approval", "question": "Ship ${item}?", "roles": ["approver"]}
    steps = {"ask": {**step, "for_each": {"items": list(range(5)), "concurrency": 2}}}
    start(workflow(steps))
    worked("flow")
    for _ in range(3):
        decide(Approval.objects.filter(decided_at=None).earliest("id"), ana)
        worked("flow")
    assert Approval.objects.count() == 5
    assert ApprovalNotice.objects.count() == 1


def test_what_is_answered_before_the_mail_goes_out_is_not_told(
    asked: Asked, ana: User, posted: Posted, member: Make
) -> None:
    question = asked()
    decide(question, member("owner"))
    assert posted(ana) == []
    assert not ApprovalNotice.objects.exists()
    assert not WorkRow.objects.filter(kind=NOTICE).exists()


def test_who_may_answer_no_more_is_told_nothing(asked: Asked, ana: User, posted: Posted) -> None:
    asked()
    User.objects.filter(pk=ana.pk).update(role="viewer")
    assert posted(ana) == []


def test_a_mail_that_cannot_be_sent_is_tried_again_and_its_problem_kept(
    asked: Asked, ana: User, posted: Posted, broken: list[str]
) -> None:
    asked()
    broken.append("The server went away.")
    for tries in range(1, mails.MOST_TRIES):
        before = timezone.now()
        assert posted(ana) == []
        notice = ApprovalNotice.objects.get()
        assert (notice.tries, notice.sent_at) == (tries, None)
        assert notice.problem == {"detail": "The server went away."}
        due = WorkRow.objects.get(kind=NOTICE).due_at
        assert due is not None
        assert due >= before + mails.WAITS[tries - 1]
    broken.clear()
    (sent,) = posted(ana)
    assert sent.to == [ana.email]
    assert ApprovalNotice.objects.get().problem is None


def test_a_mail_is_given_up_after_its_last_try(asked: Asked, ana: User, posted: Posted, broken: list[str]) -> None:
    asked()
    broken.append("No such mailbox.")
    for _ in range(mails.MOST_TRIES):
        posted(ana)
    assert not WorkRow.objects.filter(kind=NOTICE).exists()
    assert ApprovalNotice.objects.get().problem == {"detail": "No such mailbox."}
    assert not mails.to_tell().exists()


def test_what_comes_while_a_mail_is_sent_goes_with_the_next_one(
    asked: Asked, ana: User, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked()
    real, came = EmailBackend.send_messages, list[Approval]()

    def send(self: Any, messages: Any) -> Any:
        if not came:
            came.append(asked(name="second"))
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    posted(ana)
    assert [("Test, W-" in sent.body, "Second, W-" in sent.body) for sent in mail.outbox] == [
        (True, False),
        (False, True),
    ]


def test_deputies_are_told_and_owners_only_where_they_are_asked(asked: Asked, ana: User, member: Make) -> None:
    owner, deputy = member("owner"), member("administrator")
    lend(ana, deputy)
    asked()
    assert {each.user for each in ApprovalNotice.objects.all()} == {ana, deputy}
    asked(name="other", people=[owner.email])
    assert ApprovalNotice.objects.filter(user=owner).count() == 1


def test_who_has_a_part_in_what_is_asked_is_not_told_where_they_may_not_answer(
    asked: Asked, workflow: MakeWorkflow, worked: Work, ana: User, member: Make
) -> None:
    from apps.workflows import services

    admin = member("administrator")
    step = {"kind": "approval", "question": "Ship it?", "forbids_own": True}
    made = workflow({"ask": step})
    services.run_start(who=admin, user=admin, workflow=made, data={}, origin="api")
    worked("flow")
    assert {each.user for each in ApprovalNotice.objects.all()} == {ana}


def test_of_a_role_that_many_have_those_are_told_who_are_named_and_so_many_more(member: Make) -> None:
    for n in range(MOST_TOLD + 5):
        User.objects.create(email=f"a{n:03}@acme.example", role="approver")
    named = member("administrator", email="z@acme.example")
    found = recipients(["approver"], [named.pk])
    assert (len(found), found[0]) == (MOST_TOLD, named)


def test_what_is_to_be_told_has_its_work_rows_made_again(asked: Asked, ana: User) -> None:
    from apps.common.work import KINDS

    asked(remind_after="1d")
    assert set(KINDS[NOTICE].pending()) == {ana.pk}
    assert set(KINDS["workflows.approval"].pending()) == {Approval.objects.get().pk}
    ApprovalNotice.objects.update(sent_at=timezone.now())
    Approval.objects.update(remind_at=None)
    assert not set(KINDS[NOTICE].pending())
    assert not set(KINDS["workflows.approval"].pending())
    assert timedelta(0) < mails.WAITS[0]
