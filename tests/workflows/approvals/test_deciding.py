"""What an answer does, and whose answer counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.workflows import services
from apps.workflows.approvals.assigning import may_decide
from apps.workflows.approvals.deciding import approvals_decide_many
from apps.workflows.approvals.delegating import delegation_revoke
from apps.workflows.models import Approval, ApprovalDecision, WorkflowRun
from tests.recorded import last
from tests.workflows.approvals.conftest import Asked, decide, given, lend
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]
FORM = {
    "amount": {"type": "number", "title": "Most that it may cost", "maximum": 500},
    "note": {"type": "text", "required": False},
}


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana", email="ana@acme.example")


@pytest.fixture
def ben(member: Make, ana: User) -> User:
    return member("approver", name="Ben", email="ben@acme.example")


# -------------------------------------------------------------------------------------------------------------- quorum


def test_a_yes_of_as_many_as_the_quorum_takes_lets_the_run_go_on(
    asked: Asked, ana: User, ben: User, worked: Work
) -> None:
    question = asked(quorum=2)
    first = decide(question, ana, comment="Fine")
    assert first.is_open
    worked("flow")
    assert after(question.run).status == "waiting"
    assert not decide(question, ben).is_open
    told = given(question, worked)
    assert (told["approved"], told["by"], told["timed_out"]) == (True, ben.email, False)
    assert [(each["by"], each["for"], each["approved"], each["comment"]) for each in told["decisions"]] == [
        (ana.email, "", True, "Fine"),
        (ben.email, "", True, ""),
    ]


def test_one_no_decides_whatever_was_said_before(
    asked: Asked, ana: User, ben: User, member: Make, worked: Work
) -> None:
    member("approver")
    question = asked(quorum=3)
    decide(question, ana)
    assert not decide(question, ben, False).is_open
    told = given(question, worked)
    assert (told["approved"], told["comment"], len(told["decisions"])) == (False, "Too dear", 2)


def test_nobody_counts_twice(asked: Asked, ana: User, ben: User) -> None:
    question = asked(quorum=2)
    decide(question, ana)
    for approved in (True, False):
        with pytest.raises(PermissionDenied, match="You answered already"):
            decide(question, ana, approved)
    assert ApprovalDecision.objects.count() == 1
    assert Approval.objects.get().is_open


def test_who_comes_after_the_quorum_is_told_so(asked: Asked, ana: User, ben: User) -> None:
    question = asked()
    decide(question, ana)
    with pytest.raises(Conflict, match=r"Ana answered yes .* Your answer was not recorded"):
        decide(question, ben, False)
    assert ApprovalDecision.objects.count() == 1


# ---------------------------------------------------------------------------------------------------------- who may not


def test_whoever_started_a_run_that_was_retried_answers_no_strict_question_of_a_workflow_within_it(
    workflow: MakeWorkflow, worked: Work, builder: User, member: Make
) -> None:
    first, second, other = (member("administrator") for _ in range(3))
    ask = {"kind": "approval", "question": "Go?", "roles": ["administrator"], "forbids_own": True}
    workflow({"ask": ask}, name="inner")
    outer = workflow({"inner": {"kind": "workflow", "workflow": "inner", "inputs": {}}}, name="outer")
    run = services.run_start(who=first, user=first, workflow=outer, data={}, origin="console")
    worked("flow")
    services.run_cancel(who=builder, run=run)
    worked("flow")
    services.run_retry(who=second, user=second, run=WorkflowRun.objects.get(pk=run.pk), step="inner")
    worked("flow")
    question = Approval.objects.get(withdrawn_at=None)
    for person in (first, second):
        with pytest.raises(PermissionDenied, match="You started"):
            decide(question, person)
    assert not decide(question, other).is_open


def test_who_started_the_run_or_published_what_it_follows_does_not_answer(
    asked: Asked, ana: User, ben: User, member: Make, workflow: MakeWorkflow, worked: Work
) -> None:
    owner, asker, first, writer = member("owner"), member("approver"), member("approver"), member("approver")
    question = asked(forbids_own=True)
    WorkflowRun.objects.filter(pk=question.run_id).update(created_by=ana, starters=[str(first.pk)])
    question.run.version.created_by, question.run.version.asked_by = owner, asker
    question.run.version.authors = [str(writer.pk)]
    question.run.version.save()
    for person, part in (
        (ana, "started this run"),
        (first, "started the run that this one takes up"),
        (owner, "published what this run follows"),
        (asker, "asked for the publication of what this run follows"),
        (writer, "wrote what this run follows"),
    ):
        with pytest.raises(PermissionDenied, match=f"You {part}"):
            decide(question, person)
    question.refresh_from_db()
    assert not may_decide(who=owner, user=owner, approval=question)
    assert not decide(question, ben).is_open


def test_what_is_ones_own_is_answered_by_no_deputy_either(asked: Asked, ana: User, ben: User) -> None:
    question = asked(forbids_own=True, roles=[], people=[ana.email])
    WorkflowRun.objects.filter(pk=question.run_id).update(created_by=ana)
    lend(ana, ben)
    with pytest.raises(PermissionDenied, match="members by name"):
        decide(question, ben)


def test_a_question_may_be_answered_by_whoever_started_the_run_where_that_is_not_forbidden(
    asked: Asked, ana: User
) -> None:
    question = asked()
    WorkflowRun.objects.filter(pk=question.run_id).update(created_by=ana)
    assert not decide(question, ana).is_open


@pytest.mark.parametrize("withdrawn", ["role", "membership", "delegation", "giver"])
def test_a_right_that_was_taken_away_after_the_page_was_opened_counts_no_more(
    withdrawn: str, asked: Asked, ana: User, ben: User
) -> None:
    question = asked(roles=[], people=[ana.email])
    delegation = lend(ana, ben)
    person = User.objects.get(pk=ben.pk if withdrawn in {"delegation", "giver"} else ana.pk)
    assert may_decide(who=person, user=person, approval=question)
    if withdrawn == "role":
        User.objects.filter(pk=ana.pk).update(role="viewer")
    elif withdrawn == "delegation":
        delegation_revoke(who=ana, user=ana, delegation=delegation)
    else:
        User.objects.filter(pk=ana.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        decide(question, person)
    assert not ApprovalDecision.objects.exists()


def test_an_answer_after_the_time_is_over_is_refused_before_the_run_goes_on(asked: Asked, ana: User) -> None:
    question = asked()
    Approval.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="Its time was over"):
        decide(question, ana)
    question.refresh_from_db()
    assert "counts as no" in may_decide(who=ana, user=ana, approval=question).refusal


# ---------------------------------------------------------------------------------------------------------- standing in


def test_a_deputy_answers_in_the_name_of_who_lent_the_right_and_that_counts_once(
    asked: Asked, ana: User, ben: User, member: Make, worked: Work
) -> None:
    member("administrator", email="carl@acme.example")
    question = asked(roles=[], people=[ana.email, "carl@acme.example"], quorum=2)
    delegation = lend(ana, ben)
    decide(question, ben)
    for person in (ana, ben):
        with pytest.raises(PermissionDenied, match="already"):
            decide(question, person)
    made = ApprovalDecision.objects.get()
    assert (made.user, made.holder) == (ben, ana)
    entry, said = last("workflows.answered")
    assert entry.payload.personal["content"]["for_whom"] == ana.email
    assert said.facts["delegation"] == str(delegation.pk)
    assert (said.facts["yes"], said.facts["quorum"], said.facts["decides"]) == (1, 2, False)


def test_a_person_who_answered_for_themselves_does_not_answer_for_another_too(
    asked: Asked, ana: User, ben: User
) -> None:
    question = asked(quorum=2)
    lend(ana, ben)
    decide(question, ben)
    with pytest.raises(PermissionDenied, match="You answered already"):
        decide(question, ben, on_behalf_of=ana)


def test_who_stands_in_for_many_says_for_whom(asked: Asked, ana: User, ben: User, member: Make) -> None:
    carl = member("administrator", name="Carl", email="carl@acme.example")
    question = asked(roles=[], people=[ana.email, carl.email])
    lend(ana, ben)
    lend(carl, ben)
    with pytest.raises(InvalidInput) as refused:
        decide(question, ben)
    assert [issue.path for issue in refused.value.issues] == ["on_behalf_of"]
    with pytest.raises(PermissionDenied, match="may not answer this for"):
        decide(question, ben, on_behalf_of=ben)
    decide(question, ben, on_behalf_of=carl)
    assert ApprovalDecision.objects.get().holder == carl


def test_what_was_lent_is_not_lent_on(asked: Asked, ana: User, ben: User, member: Make) -> None:
    carl = member("approver", email="carl@acme.example")
    question = asked(roles=[], people=[ana.email])
    lend(ana, ben)
    lend(ben, carl)
    with pytest.raises(PermissionDenied):
        decide(question, carl)


# ----------------------------------------------------------------------------------------------- comments and the form


def test_what_is_filled_in_goes_on_typed(asked: Asked, ana: User, worked: Work) -> None:
    question = asked(form=FORM)
    decide(question, ana, answers={"amount": "240"})
    told = given(question, worked)
    assert told["answers"] == {"amount": 240.0, "note": None}
    assert told["decisions"][0]["answers"] == told["answers"]


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        ({}, "answers.amount"),
        ({"amount": "much"}, "answers.amount"),
        ({"amount": 501}, "answers.amount"),
        ({"amount": "nan"}, "answers.amount"),
        ({"amount": 1, "other": 2}, "answers.other"),
        ({"amount": 1, "note": "x" * 70_000}, "answers"),
    ],
)
def test_a_form_that_is_not_filled_in_as_asked_decides_nothing(
    answers: dict[str, Any], path: str, asked: Asked, ana: User
) -> None:
    question = asked(form=FORM)
    with pytest.raises(InvalidInput) as refused:
        decide(question, ana, answers=answers)
    assert [issue.path for issue in refused.value.issues] == [path]
    assert not ApprovalDecision.objects.exists()


def test_a_no_needs_nothing_filled_in_and_later_steps_find_each_field_empty(
    asked: Asked, ana: User, worked: Work
) -> None:
    question = asked(form=FORM)
    decide(question, ana, False)
    assert given(question, worked)["answers"] == {"amount": None, "note": None}


def test_a_question_may_want_a_comment_with_every_answer(asked: Asked, ana: User) -> None:
    question = asked(comment_on="always")
    with pytest.raises(InvalidInput) as refused:
        decide(question, ana)
    assert [issue.path for issue in refused.value.issues] == ["comment"]
    assert not decide(question, ana, comment="Fine").is_open


def test_a_question_keeps_how_it_is_answered_when_its_workflow_is_changed(
    asked: Asked, ana: User, builder: User, workflow: MakeWorkflow
) -> None:
    question = asked(form=FORM)
    workflow({"ask": {"kind": "approval", "question": "Another?"}})
    with pytest.raises(InvalidInput):
        decide(question, ana)


# ------------------------------------------------------------------------------------------------------------- for each


def test_each_item_of_a_list_is_a_question_of_its_own(
    workflow: MakeWorkflow, start: Start, worked: Work, ana: User, ben: User
) -> None:
    ask = {"kind": "approval", "question": "Ship ${item}?", "roles": ["approver"], "quorum": 2}
    steps = {"ask": {**ask, "for_each": {"items": ["tea", "milk"]}}}
    run = start(workflow(steps, outputs={"given": "${steps.ask}"}))
    worked("flow")
    tea, milk = Approval.objects.filter(run=run).order_by("item")
    assert [(each.item, each.question) for each in (tea, milk)] == [(0, "Ship tea?"), (1, "Ship milk?")]
    decide(milk, ben, False)
    for person in (ana, ben):
        decide(tea, person)
    worked("flow")
    assert after(run).status == "succeeded"
    assert [each["approved"] for each in run.outputs["given"]] == [True, False]
    assert last("workflows.answered")[1].facts["item"] == 0


# --------------------------------------------------------------------------------------------------------- many at once


def test_many_are_answered_alike_and_each_for_itself(asked: Asked, ana: User, ben: User, worked: Work) -> None:
    low = asked(name="low", risk="low")
    more = asked(name="more", risk="low", quorum=2)
    form = asked(name="form", risk="low", form=FORM)
    normal = asked(name="normal")
    high = asked(name="high", risk="high")
    others = asked(name="others", risk="low", roles=["administrator"])
    answered = approvals_decide_many(
        who=ana, user=ana, approvals=[low, normal, high, form, others, more], approved=True
    )
    assert [each.id for each in answered] == [each.pk for each in (low, normal, high, form, others, more)]
    told = [str(each.problem.detail if each.problem else each.is_decided) for each in answered]
    assert (told[0], told[5]) == ("True", "False")
    assert "normal risk" in told[1]
    assert "high risk" in told[2]
    assert "form" in told[3]
    assert "This asks administrator." in told[4]
    assert {each.via for each in ApprovalDecision.objects.all()} == {"bulk"}
    assert ApprovalDecision.objects.count() == 2
    worked("flow")
    assert after(low.run).status == "succeeded"
    assert after(normal.run).status == "waiting"


def test_many_are_declined_with_a_reason_or_not_at_all(asked: Asked, ana: User) -> None:
    low = asked(risk="low")
    with pytest.raises(InvalidInput):
        approvals_decide_many(who=ana, user=ana, approvals=[low], approved=False)
    with pytest.raises(InvalidInput):
        approvals_decide_many(who=ana, user=ana, approvals=[], approved=True)
    assert not ApprovalDecision.objects.exists()
    (one,) = approvals_decide_many(who=ana, user=ana, approvals=[low], approved=False, comment="Too dear")
    assert one.is_decided


def test_an_answer_that_is_not_the_last_is_recorded_in_the_log_as_well(asked: Asked, ana: User) -> None:
    question = asked(quorum=2)
    decide(question, ana)
    assert AuditEntry.objects.filter(kind="workflows.answered").count() == 1
    starter = question.run.created_by
    assert starter is not None
    services.run_cancel(who=starter, run=question.run)
