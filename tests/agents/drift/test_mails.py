"""Mails about drift: who gets one, when, what it says, and that nobody gets it twice."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.agents.drift import mails, watching, wishes
from apps.agents.drift.detection import BASELINE, WINDOW
from apps.agents.models import AgentWatch, DriftMails, DriftNotice
from apps.common.errors import PermissionDenied
from apps.dispatch import turns
from apps.dispatch.board import Board
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from tests.agents.drift.conftest import DECIDER, Decide
from tests.conftest import MakeMember
from tests.recorded import last

Posted = Callable[[], list[Any]]
Watch = Callable[..., AgentWatch]
Look = Callable[[], watching.Finding]
PAGE = "/drift-mails/"


@pytest.fixture
def ana(member: MakeMember) -> User:
    """A member who wishes the mails."""
    found = member("viewer", name="Ana", email="ana@acme.example")
    wishes.drift_mails_want(who=found, user=found, are_wanted=True)
    return found


@pytest.fixture
def posted(acme: Tenant, board: Board) -> Posted:
    """What is sent once what is to be told has been gathered."""

    def post() -> list[Any]:
        before = len(mail.outbox)
        WorkRow.objects.filter(kind=mails.KIND).update(due_at=timezone.now() - timedelta(seconds=1))
        turns.turn(schema=acme.schema_name, queue="io", board=board)
        return mail.outbox[before:]

    return post


@pytest.fixture
def drifting(decide: Decide, watch: Watch, look: Look, ana: User) -> AgentWatch:
    """A watch that has just found that its agent drifts."""
    decide(BASELINE + WINDOW)
    watch()
    look()
    decide(WINDOW, held=0.5)
    look()
    return AgentWatch.objects.get()


def test_who_wishes_it_is_told_once_when_a_drift_begins_and_once_when_it_ends(
    drifting: AgentWatch, decide: Decide, look: Look, ana: User, builder: User, posted: Posted
) -> None:
    assert mail.outbox == [], "it is gathered first, and sent by a worker"
    (began,) = posted()
    assert (began.to, began.subject) == ([ana.email], "[Acme] Decider drifts")
    assert f"otherwise than it did since {drifting.drifting_since:%d %B %Y, %H:%M} UTC." in began.body
    assert "http://acme.localhost/agents/dummy.decider/drift/" in began.body
    assert PAGE in began.body
    assert last("agents.drift_mailed")[1].facts["agents"] == ["dummy.decider"]
    decide(2 * WINDOW, held=0.5)
    look()
    assert posted() == [], "it goes on to drift"
    decide(WINDOW)
    look()
    assert AgentWatch.objects.get().drifting_since is None
    (ended,) = posted()
    assert ended.subject == "[Acme] Decider drifts no longer"
    assert "decides as it did again" in ended.body
    look()
    assert posted() == []
    assert not DriftNotice.objects.exists()
    assert not WorkRow.objects.filter(kind=mails.KIND).exists()


def test_a_mail_names_the_agent_and_no_person_and_nothing_that_it_decided(drifting: AgentWatch, posted: Posted) -> None:
    (sent,) = posted()
    told = sent.subject + sent.body
    assert "Decider" in told
    assert [word for word in ("Ana", "ana@", "hold", "pass", "refuse", "100", "%") if word in told] == []


def test_who_never_wished_it_or_may_not_see_decisions_gets_none(
    decide: Decide, watch: Watch, look: Look, ana: User, member: MakeMember, posted: Posted
) -> None:
    gone = member("analyst", email="gone@acme.example")
    wishes.drift_mails_want(who=gone, user=gone, are_wanted=True)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    member("owner")
    wishes.drift_mails_want(who=ana, user=ana, are_wanted=False)
    decide(BASELINE + WINDOW)
    watch()
    look()
    decide(WINDOW, held=0.5)
    look()
    assert AgentWatch.objects.get().drifting_since is not None
    assert posted() == []
    assert not WorkRow.objects.filter(kind=mails.KIND).exists()


@pytest.mark.parametrize("change", ["wish", "person", "industry"])
def test_what_holds_when_a_mail_is_sent_counts(
    change: str, drifting: AgentWatch, ana: User, acme: Tenant, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "wish":
        wishes.drift_mails_want(who=ana, user=ana, are_wanted=False)
    elif change == "person":
        User.objects.filter(pk=ana.pk).update(is_active=False)
    else:
        monkeypatch.setattr(mails, "is_here", lambda agent: False)
    assert posted() == []
    assert not DriftNotice.objects.exists()
    assert not WorkRow.objects.filter(kind=mails.KIND).exists()


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (lambda watch: watch(how="latest"), "another baseline"),
        (lambda watch: watching.watch_end(who=User.objects.get(role="builder"), agent=DECIDER), "watched no longer"),
    ],
)
def test_a_drift_that_a_person_ends_is_told_as_what_it_is(
    ends: Callable[[Watch], object], words: str, drifting: AgentWatch, watch: Watch, posted: Posted
) -> None:
    posted()
    ends(watch)
    (sent,) = posted()
    assert words in sent.body


def test_a_mail_that_a_process_died_over_is_not_sent_again(
    drifting: AgentWatch, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(mails, "_sent", dies)
        with pytest.raises(Died):
            posted()
    assert len(mail.outbox) == 1, "it went out, and nobody has recorded that"
    WorkRow.objects.filter(kind=mails.KIND).update(lease_until=None)
    assert posted() == []
    assert len(mail.outbox) == 1
    assert not DriftNotice.objects.exists()


def test_a_mail_that_the_server_refuses_is_tried_again_and_given_up_in_the_end(
    drifting: AgentWatch, posted: Posted, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = [True]
    real = EmailBackend.send_messages

    def send(self: Any, messages: Any) -> Any:
        if refuses:
            raise smtplib.SMTPServerDisconnected("not now")
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send)
    assert posted() == []
    notice = DriftNotice.objects.get()
    assert (notice.tries, notice.sending_at) == (1, None)
    due_at = WorkRow.objects.get(kind=mails.KIND).due_at
    assert due_at is not None
    assert due_at > timezone.now() + timedelta(seconds=30)
    refuses.clear()
    (sent,) = posted()
    assert str(notice.pk) in sent.extra_headers["Message-ID"]
    refuses.append(True)
    mails.drift_tell(DECIDER.key, DriftNotice.What.ENDED, timezone.now())
    for _ in range(mails.MOST_TRIES):
        assert posted() == []
    assert not DriftNotice.objects.exists()
    assert not WorkRow.objects.filter(kind=mails.KIND).exists()


def test_news_of_several_agents_are_one_mail(ana: User, posted: Posted) -> None:
    now = timezone.now()
    for key in ("dummy.decider", "dummy.counter"):
        mails.drift_tell(key, DriftNotice.What.BEGAN, now)
    (sent,) = posted()
    assert sent.subject == "[Acme] 2 news of drift"
    assert ("dummy.decider" in sent.body, "dummy.counter" in sent.body) == (True, True)


def test_a_member_chooses_on_a_page_of_the_account_menu(member: MakeMember, client_for: Callable[..., Client]) -> None:
    viewer = member("viewer")
    page = client_for(viewer)
    shown = page.get(PAGE).content.decode()
    assert 'value="off" checked' in shown
    assert f'href="{PAGE}"' in page.get("/agents/").content.decode()
    for wanted in ("on", "on"):
        assert page.post(PAGE, {"mails": wanted}).status_code == 302
    entry, payload = last("agents.drift_mails_wanted")
    assert (entry.actor_id, payload.before, payload.after) == (viewer.pk, {"mails": False}, {"mails": True})
    assert 'value="on" checked' in page.get(PAGE).content.decode()
    page.post(PAGE, {"mails": "off"})
    assert not DriftMails.objects.exists()
    assert page.post(PAGE, {}).status_code == 422


def test_who_may_not_see_runs_has_no_wish(member: MakeMember, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = member("viewer")
    monkeypatch.setattr(User, "can", lambda self, code: False)
    with pytest.raises(PermissionDenied):
        wishes.drift_mails_want(who=nobody, user=nobody, are_wanted=True)
