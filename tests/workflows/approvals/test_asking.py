"""Whom a step asks, and what is refused before anybody is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydantic import ValidationError

from apps.accounts.models import User
from apps.common.errors import InvalidInput
from apps.workflows import services
from apps.workflows.approvals.forms import form_of, form_schema
from apps.workflows.editing import adding
from apps.workflows.kinds.approval import Approval as ApprovalStep
from apps.workflows.models import Approval, ApprovalAssignee, ApprovalNotice, Workflow, WorkflowRun
from apps.workflows.performers import NOTICE
from apps.workflows.permissions import APPROVALS_DECIDE
from tests.recorded import last
from tests.workflows.approvals.conftest import Asked, decide, given, let_be_due
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import Start, after

Make = Callable[..., User]


@pytest.fixture
def ana(member: Make, builder: User) -> User:
    return member("approver", name="Ana", email="ana@acme.example")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"roles": ["boss"]}, "There is no role 'boss'"),
        ({"escalate_after": "1d", "escalates_to": ["boss"]}, "There is no role 'boss'"),
        ({"roles": []}, "Nobody is asked"),
        ({"roles": [], "people": ["a@b.example", "A@b.example"], "quorum": 2}, "2 have to say yes .* and 1 may"),
        ({"escalates_to": ["owner"]}, "give both, or neither"),
        ({"escalate_after": "1d"}, "give both, or neither"),
        ({"answer_within": "1d", "remind_after": "1d"}, "`remind_after` has to come before"),
        ({"answer_within": "1d", "escalate_after": "2d", "escalates_to": ["owner"]}, "`escalate_after` has to come"),
        ({"form": {"file": {"type": "dataset"}}}, "'file' is a dataset"),
        ({"quorum": 0}, "greater than or equal to 1"),
    ],
)
def test_a_step_that_could_not_come_to_an_answer_is_refused_in_words(step: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        ApprovalStep.model_validate({"kind": "approval", "question": "Ship it?", **step})


def test_what_is_told_only_when_a_run_comes_to_it_is_not_held_against_a_quorum() -> None:
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": ["${inputs.board}"], "quorum": 3}
    assert ApprovalStep.model_validate(step).quorum == 3


def test_a_step_that_names_nobodys_address_is_not_saved(workflow: MakeWorkflow, ana: User, member: Make) -> None:
    member("viewer", email="vic@acme.example")
    people = [ana.email.upper(), "gone@acme.example", "vic@acme.example", "${inputs.who}"]
    steps = {"ask": {"kind": "approval", "question": "Ship it?", "people": people}}
    with pytest.raises(InvalidInput) as refused:
        workflow(steps, inputs={"who": {"type": "text"}})
    assert [issue.path for issue in refused.value.issues] == ["steps.ask.people.1", "steps.ask.people.2"]
    assert "gone@acme.example is the address of no active member who may decide" in refused.value.issues[0].message


def test_members_are_asked_by_name_beside_those_of_a_role(asked: Asked, ana: User, member: Make) -> None:
    admin = member("administrator", email="adi@acme.example")
    question = asked(people=[admin.email])
    assert [each.user for each in ApprovalAssignee.objects.all()] == [admin]
    for person in (admin, ana):
        assert may(person, question)
    assert not may(member("administrator"), question)


def may(person: User, question: Approval) -> bool:
    from apps.workflows.approvals.assigning import may_decide

    return bool(may_decide(who=person, user=person, approval=question))


def test_addresses_come_from_what_the_run_was_given_one_or_many(
    workflow: MakeWorkflow, start: Start, worked: Work, ana: User, member: Make
) -> None:
    ben = member("approver", email="ben@acme.example")
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": ["${inputs.one}", "${inputs.board}"]}
    made = workflow({"ask": step}, inputs={"one": {"type": "text"}, "board": {"type": "list"}})
    start(made, one=ana.email, board=[ben.email.upper(), ana.email])
    worked("flow")
    assert {each.user for each in ApprovalAssignee.objects.all()} == {ana, ben}


def test_who_is_a_member_no_more_is_left_out_where_a_role_is_asked_too_and_the_log_says_so(
    workflow: MakeWorkflow, start: Start, worked: Work, ana: User
) -> None:
    step = {"kind": "approval", "question": "Ship it?", "roles": ["approver"], "people": ["${inputs.who}"]}
    run = start(workflow({"ask": step}, inputs={"who": {"type": "text"}}), who="gone@acme.example")
    worked("flow")
    assert not decide(Approval.objects.get(run=run), ana).is_open
    entry, _ = last("workflows.asked")
    assert entry.payload.personal["content"]["left_out"] == ["gone@acme.example"]
    assert "gone" not in str(entry.payload.facts)


@pytest.mark.parametrize("who", ["gone@acme.example", 7, {"a": 1}])
def test_a_step_that_asks_nobody_who_may_answer_fails_and_says_why(
    who: Any, workflow: MakeWorkflow, start: Start, worked: Work, ana: User
) -> None:
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": ["${inputs.who.x}"]}
    run = start(workflow({"ask": step}, inputs={"who": {"type": "object"}}), who={"x": who})
    worked("flow")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert run.problem["step"] == "ask"
    assert "no active member who may decide" in run.problem["detail"] or "addresses" in run.problem["detail"]
    assert not Approval.objects.exists()


def started_by(who: User, made: Workflow) -> WorkflowRun:
    return services.run_start(who=who, user=who, workflow=made, data={}, origin="console")


def test_a_quorum_that_those_by_name_cannot_reach_as_one_has_a_part_in_the_run_fails_in_words(
    workflow: MakeWorkflow, worked: Work, ana: User, member: Make
) -> None:
    admin = member("administrator", email="adi@acme.example")
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": [ana.email, admin.email], "quorum": 2}
    made = workflow({"ask": {**step, "forbids_own": True}})
    run = started_by(admin, made)
    worked("flow")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert "2 have to say yes, and 1 of those who are asked by name may answer" in run.problem["detail"]
    assert "adi@acme.example started this run" in run.problem["detail"]
    other = started_by(member("administrator"), made)
    worked("flow")
    assert after(other).status == "waiting"


def test_a_question_that_those_by_name_cannot_decide_comes_to_others_at_once_and_says_why(
    workflow: MakeWorkflow, worked: Work, ana: User, member: Make, mailoutbox: list[EmailMessage]
) -> None:
    admin, owner = member("administrator", email="adi@acme.example"), member("owner")
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": [ana.email, admin.email], "quorum": 2}
    later = {"escalate_after": "1d", "escalates_to": ["owner"], "forbids_own": True}
    run = started_by(admin, workflow({"ask": {**step, **later}}))
    worked("flow")
    worked("io")
    question = Approval.objects.get(run=run)
    assert question.escalated_at is not None
    assert last("workflows.escalated")[1].facts["short"] is True
    let_be_due(NOTICE, owner.pk)
    worked("io")
    (mail,) = (each for each in mailoutbox if each.to == [owner.email])
    assert "those who were asked cannot come to a yes" in mail.body
    decide(question, ana)
    assert not decide(question, owner).is_open


def test_a_question_that_others_could_not_decide_either_fails(
    workflow: MakeWorkflow, worked: Work, ana: User, member: Make
) -> None:
    admin = member("administrator", email="adi@acme.example")
    step = {"kind": "approval", "question": "Ship it?", "roles": [], "people": [ana.email, admin.email], "quorum": 2}
    later = {"escalate_after": "1d", "escalates_to": ["administrator"], "forbids_own": True}
    run = started_by(admin, workflow({"ask": {**step, **later}}))
    worked("flow")
    assert after(run).status == "failed"


def test_a_person_who_tries_a_run_again_changes_nothing_of_what_is_asked(
    workflow: MakeWorkflow, start: Start, worked: Work, ana: User, builder: User, member: Make
) -> None:
    crony = member("administrator", email="crony@acme.example")
    step = {"kind": "approval", "question": "Pay 5,000?", "roles": [], "people": [ana.email]}
    run = start(workflow({"ask": step}))
    worked("flow")
    services.run_cancel(who=builder, run=run)
    worked("flow")
    mine = {"question": "Pay 5?", "details": None, "people": [crony.email], "quorum": 1}
    with pytest.raises(InvalidInput, match="asks people what the workflow and the data of the run say"):
        services.run_retry(who=builder, user=builder, run=after(run), step="ask", given=mine)
    assert not after(run).retries.exists()
    # A run from before that was refused: what was given there is asked of nobody any more.
    kept = WorkflowRun.objects.get(pk=run.pk)
    kept.given = {"ask": mine}
    kept.save()
    again = services.run_retry(who=builder, user=builder, run=after(run), step="ask")
    worked("flow")
    question = Approval.objects.get(run=again)
    assert question.question == "Pay 5,000?"
    assert [each.user for each in question.assignees.all()] == [ana]


def test_the_form_is_kept_with_the_question_and_told_as_a_schema(asked: Asked, ana: User) -> None:
    fields = {"reason": {"type": "choice", "choices": ["price", "quality"]}}
    question = asked(form=fields, comment_on="always")
    assert form_of(question).comment_on == "always"
    schema = form_schema(question)
    assert schema["properties"]["reason"]["enum"] == ["price", "quality"]
    assert schema["required"] == ["reason"]


def test_later_steps_may_refer_to_what_is_filled_in_and_to_nothing_else(workflow: MakeWorkflow, member: Make) -> None:
    ask = {"kind": "approval", "question": "Ship it?", "form": {"amount": {"type": "number"}}}
    steps = {"ask": ask, "then": {"kind": "transform", "set": {"x": "${steps.ask.answers.amount}"}}}
    workflow(steps)
    steps["then"] = {"kind": "transform", "set": {"x": "${steps.ask.answers.price}"}}
    with pytest.raises(InvalidInput) as refused:
        workflow(steps)
    assert "has no field `price`" in refused.value.issues[0].message


def test_an_answer_from_before_there_were_decisions_is_still_told(asked: Asked, ana: User, worked: Work) -> None:
    question = asked()
    decide(question, ana, comment="Fine")
    question.decisions.all().delete()
    told = given(question, worked)
    assert (told["approved"], told["comment"], told["by"], told["decisions"]) == (True, "Fine", ana.email, [])


def test_the_questions_of_a_round_cost_the_same_however_many_they_are(
    workflow: MakeWorkflow, builder: User, worked: Work, ana: User
) -> None:
    step = {"kind": "approval", "question": "Ship it?", "remind_after": "1d", "forbids_own": True}
    made = workflow({"ask": step})
    counts = []
    for count in (1, 32, 64):
        services.runs_start(who=builder, user=builder, workflow=made, data=[{}] * count, origin="api")
        with CaptureQueriesContext(connection) as found:
            worked("flow")
        counts.append(len(found))
    assert Approval.objects.count() == 97
    assert counts[2] <= counts[0] + 2, "a look at whether others wait may come between"
    assert counts[2] <= 22


def test_a_person_who_may_decide_nothing_is_told_of_nothing(asked: Asked, member: Make, ana: User) -> None:
    assert not member("viewer").can(APPROVALS_DECIDE)
    asked(roles=["viewer", "approver"])
    assert [each.user for each in ApprovalNotice.objects.all()] == [ana]


def test_a_new_step_is_proposed_so_that_nobody_answers_what_is_their_own_and_an_old_one_means_what_it_meant() -> None:
    (offer,) = (each for each in adding._kinds() if each.what == "kind:approval")
    assert offer.step == {"kind": "approval", "forbids_own": True}
    assert not ApprovalStep.model_validate({"kind": "approval", "question": "Ship it?"}).forbids_own
