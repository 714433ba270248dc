"""Mails that did not arrive, and members who want none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from apps.accounts.models import User
from apps.common.errors import PermissionDenied
from apps.workflows.approvals import mails, unsent, wishes
from apps.workflows.models import ApprovalNotice
from apps.workflows.performers import NOTICE
from tests.recorded import last
from tests.workflows.approvals.conftest import Asked, decide, let_be_due
from tests.workflows.conftest import Work
from tests.workflows.test_pages_workflows import text_of

Make = Callable[..., User]
Browse = Callable[..., Client]


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana", email="ana@acme.example")


@pytest.fixture
def lost(asked: Asked, ana: User, worked: Work) -> ApprovalNotice:
    """What Ana was not told, as every try has failed."""
    asked()
    let_be_due(NOTICE, ana.pk)
    notice = ApprovalNotice.objects.get(user=ana)
    notice.tries, notice.problem = mails.MOST_TRIES, {"detail": "The server said no"}
    notice.save()
    worked("io")
    return notice


def test_mails_that_were_given_up_are_shown_with_why_and_sent_again(
    lost: ApprovalNotice,
    ana: User,
    member: Make,
    client_for: Browse,
    worked: Work,
    mailoutbox: list[EmailMessage],
) -> None:
    assert mailoutbox == []
    page = client_for(member("administrator"))
    said = text_of(page.get("/given-up/"))
    for words in ("Mails about questions", "Ana", "1 question", "The server said no"):
        assert words in said
    assert "1 member is written to again" in text_of(page.post("/given-up/", {"mail": str(ana.pk)}, follow=True))
    worked("io")
    assert [each.to for each in mailoutbox] == [["ana@acme.example"]]
    assert last("workflows.mails_again")[1].facts["count"] == 1
    assert "The server said no" not in text_of(page.get("/given-up/"))


def test_what_was_answered_meanwhile_is_no_longer_told(lost: ApprovalNotice, ana: User, member: Make) -> None:
    admin = member("administrator")
    assert [each.count for each in unsent.mails_unsent(who=admin)] == [1]
    decide(lost.approval, ana)
    assert unsent.mails_unsent(who=admin) == []
    assert unsent.mails_send_again(who=admin, members=[ana.pk]) == 0


def test_who_may_not_run_workflows_sees_and_sends_nothing(lost: ApprovalNotice, ana: User, member: Make) -> None:
    viewer = member("viewer")
    with pytest.raises(PermissionDenied):
        unsent.mails_unsent(who=viewer)
    with pytest.raises(PermissionDenied):
        unsent.mails_send_again(who=viewer, members=[ana.pk])


def test_who_wants_no_mails_gets_none_and_finds_what_is_asked_in_the_inbox(
    ana: User, member: Make, asked: Asked, client_for: Browse, worked: Work, mailoutbox: list[EmailMessage]
) -> None:
    ben = member("approver", email="ben@acme.example")
    page = client_for(ana)
    assert 'href="/approvals/mails/"' in page.get("/approvals/").content.decode()
    assert "You get no mail" in text_of(page.post("/approvals/mails/", {"mails": "off"}, follow=True))
    entry, payload = last("workflows.mails_wanted")
    assert entry.actor_id == ana.pk
    assert (payload.before, payload.after) == ({"mails": True}, {"mails": False})
    question = asked()
    let_be_due(NOTICE, ben.pk)
    worked("io")
    assert [each.to for each in mailoutbox] == [[ben.email]]
    assert str(question.pk) in page.get("/approvals/").content.decode()


def test_a_wish_that_comes_while_a_mail_waits_counts(
    ana: User, asked: Asked, worked: Work, mailoutbox: list[EmailMessage]
) -> None:
    asked()
    wishes.mails_want(who=ana, user=ana, are_wanted=False)
    let_be_due(NOTICE, ana.pk)
    worked("io")
    assert mailoutbox == []
    wishes.mails_want(who=ana, user=ana, are_wanted=True)
    asked(name="second")
    let_be_due(NOTICE, ana.pk)
    worked("io")
    assert len(mailoutbox) == 1


def test_who_never_said_wants_them_and_who_may_decide_nothing_has_no_say(
    ana: User, member: Make, client_for: Browse
) -> None:
    assert wishes.mails_wanted(who=ana, user=ana)
    viewer = client_for(member("viewer"))
    assert viewer.get("/approvals/mails/").status_code == 403
    assert "/approvals/mails/" not in viewer.get("/approvals/").content.decode()
    assert client_for(ana).post("/approvals/mails/", {}).status_code == 422
