"""Questions whose quorum cannot be reached any more: noticed when somebody leaves or answers, or at a reminder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.common.errors import Conflict
from apps.workflows.models import Approval, WorkflowRun
from apps.workflows.performers import ESCALATION
from tests.recorded import last
from tests.workflows.approvals.conftest import Asked, decide, given, let_be_due
from tests.workflows.approvals.test_reminding import pass_time, told
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]
OnCommit = Callable[..., object]


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


@pytest.fixture
def ana(member: Make, owner: User) -> User:
    return member("approver", name="Ana")


def failed(approval: Approval, worked: Work) -> WorkflowRun:
    """The run of a question that failed as nobody could decide it."""
    worked("io", "flow")
    run = after(approval.run)
    assert run.status == "failed"
    return run


def leave(person: User, owner: User, on_commit: OnCommit) -> None:
    with on_commit(execute=True):  # type: ignore[attr-defined]
        accounts.member_deactivate(actor=owner, member=person)


def test_a_role_in_which_too_few_are_left_fails_the_question_when_somebody_leaves(
    asked: Asked, ana: User, owner: User, member: Make, worked: Work, django_capture_on_commit_callbacks: OnCommit
) -> None:
    ben, cleo = member("approver"), member("approver")
    question = asked(quorum=3)
    decide(question, ana)
    leave(ben, owner, django_capture_on_commit_callbacks)
    worked("io", "flow")
    assert after(question.run).status == "waiting", "an owner may answer everything"
    leave(cleo, owner, django_capture_on_commit_callbacks)
    run = failed(question, worked)
    assert run.problem is not None
    assert "3 have to say yes, 1 has, and 1 more of those who are asked may answer" in run.problem["detail"]
    with pytest.raises(Conflict, match="3 have to say yes"):
        decide(question, owner)


def test_who_loses_the_role_has_left_it(
    asked: Asked, ana: User, owner: User, worked: Work, django_capture_on_commit_callbacks: OnCommit
) -> None:
    question = asked(quorum=2)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        accounts.role_set(actor=owner, member=ana, role="viewer")
    failed(question, worked)


def test_a_question_comes_to_others_before_its_time_where_those_can_decide_it(
    asked: Asked, ana: User, owner: User, member: Make, worked: Work, django_capture_on_commit_callbacks: OnCommit
) -> None:
    admin = member("administrator")
    question = asked(quorum=2, escalate_after="1d", escalates_to=["administrator"])
    leave(ana, owner, django_capture_on_commit_callbacks)
    worked("io", "flow")
    question.refresh_from_db()
    assert question.escalated_at is not None
    assert question.is_short
    assert told("escalated") == {admin}
    assert last("workflows.escalated")[1].facts["short"] is True
    decide(question, admin)
    assert not decide(question, owner).is_open
    assert given(question, worked)["approved"] is True


def test_a_yes_after_which_too_few_are_left_who_have_no_part_fails_the_question(
    workflow: MakeWorkflow, start: Start, ana: User, worked: Work
) -> None:
    steps = {"ask": {"kind": "approval", "question": "Ship it?", "roles": ["approver"], "quorum": 3}}
    run = start(workflow(steps))
    worked("flow")
    question = Approval.objects.get(run=run)
    decide(question, ana)
    failed(question, worked)


def test_it_is_noticed_at_the_next_reminder_too(asked: Asked, ana: User, member: Make, worked: Work) -> None:
    ben = member("approver")
    question = asked(quorum=3, remind_after="1h")
    User.objects.filter(pk=ben.pk).update(is_active=False)  # by what tells nobody
    worked("io", "flow")
    assert after(question.run).status == "waiting"
    pass_time(question, 1.01)
    failed(question, worked)
    assert told("reminded") == set()


def test_whoever_cannot_answer_by_name_any_more_is_missed(
    asked: Asked, ana: User, owner: User, member: Make, worked: Work, django_capture_on_commit_callbacks: OnCommit
) -> None:
    ben = member("approver", email="ben@acme.example")
    question = asked(roles=[], people=[ana.email, ben.email], quorum=2)
    leave(ben, owner, django_capture_on_commit_callbacks)
    failed(question, worked)


def test_a_question_that_can_be_decided_is_left_alone(
    asked: Asked, ana: User, owner: User, member: Make, worked: Work, django_capture_on_commit_callbacks: OnCommit
) -> None:
    ben = member("approver")
    question = asked(quorum=2, remind_after="1h")
    leave(ben, owner, django_capture_on_commit_callbacks)
    with pytest.raises(AssertionError, match="no such row"):
        let_be_due(ESCALATION, ben.pk)
    pass_time(question, 1.01)
    worked("io", "flow")
    assert told("reminded") == {ana}
    decide(question, ana)
    assert not decide(question, owner).is_open
    assert given(question, worked)["approved"] is True
