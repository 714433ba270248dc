"""Who may answer is told twice: of one question by `may_decide`, of many by one statement. Both say the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.gateway.models import ApiKey
from apps.workflows import inbox, selectors
from apps.workflows.approvals.assigning import may_decide
from apps.workflows.asked import answerable
from apps.workflows.models import Approval, ApprovalAssignee, ApprovalDecision, Delegation, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, put
from tests.workflows.test_pump import Start

Make = Callable[..., User]
HOUR = timedelta(hours=1)


@pytest.fixture
def people(member: Make, builder: User) -> dict[str, User]:
    """Of each kind one, and more of those who answer."""
    made = {role: member(role) for role in ("owner", "administrator", "approver", "analyst", "viewer")}
    made |= {
        "second": member("approver"),
        "third": member("approver"),
        "first": member("approver"),
        "asker": member("approver"),
        "writer": member("approver"),
        "keeper": member("approver"),
        "gone": member("approver", is_active=False),
        "program": User.objects.create_user("program@service.invalid", role="administrator", is_service=True),
        "builder": builder,
    }
    return made


@pytest.fixture
def run(workflow: MakeWorkflow, start: Start, people: dict[str, User]) -> WorkflowRun:
    """Started by the second approver, taking up a run of the first; what it follows was written by the writer and the
    keeper's program, and published by the administrator on the asker's wish."""
    followed = workflow({"ask": {"kind": "approval", "question": "Go?"}})
    made = start(followed)
    WorkflowRun.objects.filter(pk=made.pk).update(created_by=people["second"], starters=[str(people["first"].pk)])
    made.version.created_by, made.version.asked_by = people["administrator"], people["asker"]
    made.version.authors = [str(people["writer"].pk), str(people["program"].pk)]
    ApiKey.objects.create(
        user=people["program"], made_by=people["keeper"], prefix="keeper", digest=b"", expires_at=timezone.now()
    )
    made.version.save()
    made.refresh_from_db()
    return made


def lend(giver: User, taker: User, **fields: Any) -> None:
    now = timezone.now()
    times = {"begins_at": now - HOUR, "ends_at": now + HOUR, **fields}
    Delegation.objects.create(giver=giver, taker=taker, **times)


def every_question(run: WorkflowRun, people: dict[str, User]) -> list[Approval]:
    """A grid of whom they ask, then those that were answered in part or are over."""
    now = timezone.now()
    made = []
    for roles in ([], ["approver"], ["administrator", "analyst"]):
        for came in ({}, {"escalates_to": ["administrator"]}, {"escalates_to": ["approver"], "escalated_at": now}):
            for own in (False, True):
                for named in ([], ["third", "analyst"]):
                    question = put(run, roles=roles, forbids_own=own, quorum=3, **came)
                    for who in named:
                        ApprovalAssignee.objects.create(approval=question, user=people[who])
                    made.append(question)
    for user, holder in (("approver", "approver"), ("third", "approver"), ("administrator", "owner"), ("second", "")):
        question = put(run, roles=["approver", "administrator"], quorum=3)
        whose = people.get(holder)
        ApprovalDecision.objects.create(approval=question, user=people[user], holder=whose, approved=True, via="api")
        made.append(question)
    over = ({"due_at": now - HOUR}, {"withdrawn_at": now}, {"decided_at": now, "approved": True})
    return made + [put(run, roles=["approver"], **each) for each in over]


def disagreements(people: dict[str, User]) -> list[str]:
    """Where the two ways tell different things; the questions by their keys."""
    questions = list(Approval.objects.select_related("run"))
    found = []
    for name, user in people.items():
        one = {each.pk for each in questions if may_decide(who=user, user=user, approval=each)}
        many = set(Approval.objects.filter(answerable(user)).values_list("pk", flat=True))
        mine = many
        if user.is_active:  # the others read no list at all
            mine = set(selectors.approvals_query(who=user, user=user, mine=True).values_list("pk", flat=True))
        if not one == many == mine:
            found += [f"{name}: {key}" for key in (one ^ many) | (one ^ mine)]
    return found


def test_both_ways_tell_the_same_of_every_question_and_person(run: WorkflowRun, people: dict[str, User]) -> None:
    questions = every_question(run, people)
    assert disagreements(people) == []
    some = {name: Approval.objects.filter(answerable(user)).count() for name, user in people.items()}
    assert all(0 < some[name] < len(questions) for name in ("owner", "administrator", "approver", "second", "third"))
    assert all(some[name] == 0 for name in ("analyst", "viewer", "builder", "gone", "program"))


def test_both_ways_tell_the_same_where_members_stand_in_for_each_other(
    run: WorkflowRun, people: dict[str, User]
) -> None:
    every_question(run, people)
    before = Approval.objects.filter(answerable(people["third"])).count()
    lend(people["administrator"], people["third"])
    lend(people["keeper"], people["third"])
    lend(people["owner"], people["second"])
    lend(people["second"], people["administrator"])
    lend(people["analyst"], people["approver"])  # who may not answer has nothing to give
    lend(people["gone"], people["approver"])
    lend(people["third"], people["approver"], revoked_at=timezone.now())
    lend(people["administrator"], people["approver"], ends_at=timezone.now() - HOUR / 2)
    lend(people["administrator"], people["approver"], begins_at=timezone.now() + HOUR / 2)
    lend(people["approver"], people["viewer"])  # nor has who may not answer anything to take
    assert disagreements(people) == []
    assert Approval.objects.filter(answerable(people["third"])).count() > before


def test_both_ways_tell_the_same_of_a_run_that_nobody_started(run: WorkflowRun, people: dict[str, User]) -> None:
    WorkflowRun.objects.filter(pk=run.pk).update(created_by=None)
    run.version.created_by = None
    run.version.save()
    put(run, forbids_own=True)
    put(run, forbids_own=True, roles=["administrator"])
    lend(people["administrator"], people["approver"])
    assert disagreements(people) == []
    assert Approval.objects.filter(answerable(people["second"])).count() == 1
    assert Approval.objects.filter(answerable(people["approver"])).count() == 2


def test_what_waits_is_counted_and_listed_in_one_statement_each(run: WorkflowRun, people: dict[str, User]) -> None:
    every_question(run, people)
    lend(people["owner"], people["second"])
    who = people["second"]
    mine = selectors.approvals_query(who=who, user=who, mine=True).count()
    reads: list[tuple[Callable[[], object], int]] = [
        (lambda: inbox.waiting(who=who, user=who).mine, mine),
        (lambda: inbox.mine_count(who=who, user=who), mine),
        (lambda: len(inbox.mine_open(who=who, user=who, most=3)), 3),
    ]
    for read, told in reads:
        with CaptureQueriesContext(connection) as caught:
            assert read() == told
        assert len(caught) == 1
