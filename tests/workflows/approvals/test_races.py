"""Answers that come at once, and at the very moment at which something else happens: the drill in small."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.common import work
from apps.common.errors import PermissionDenied, Problem
from apps.dispatch import rows
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import pump, services, store
from apps.workflows.approvals.delegating import delegation_revoke
from apps.workflows.models import Approval, ApprovalDecision, StepRun, WorkflowRun
from tests.workflows.approvals.conftest import Asked, decide, lend
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_pump import after

Make = Callable[..., User]
pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def people(member: Make, builder: User) -> list[User]:
    return [member("approver", name=f"Approver {n}") for n in range(5)]


@contextmanager
def elsewhere(tenant: Tenant) -> Iterator[None]:
    """In the tenant, on a connection of this thread's own."""
    try:
        with tenant_context(tenant):
            yield
    finally:
        connection.close()


def in_thread(tenant: Tenant, do: Callable[[], Any]) -> Any:
    """What comes of it in another thread, on another connection."""

    def call() -> Any:
        with elsewhere(tenant):
            return do()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(timeout=20)


def answer(tenant: Tenant, approval: Approval, user: User, approved: bool) -> str:
    with elsewhere(tenant):
        try:
            decide(approval, user, approved)
        except Problem as problem:
            return problem.code
        return "recorded"


@pytest.mark.parametrize("no", [False, True])
def test_of_five_who_answer_at_once_as_many_count_as_the_quorum_takes(
    no: bool, acme: Tenant, workflow: MakeWorkflow, builder: User, worked: Work, people: list[User]
) -> None:
    step = {"kind": "approval", "question": "Ship it?", "roles": ["approver"], "quorum": 3}
    made = workflow({"ask": step}, outputs={"given": "${steps.ask}"})
    services.runs_start(who=builder, user=builder, workflow=made, data=[{}] * 6, origin="api")
    worked("flow")
    questions = list(Approval.objects.select_related("run"))
    wanted = [(each, person, not (no and person == people[0])) for each in questions for person in people]
    with ThreadPoolExecutor(5) as pool:
        outcomes = Counter(pool.map(lambda asked: answer(acme, *asked), wanted))
    recorded = ApprovalDecision.objects.count()
    assert outcomes == {"recorded": recorded, "conflict": len(wanted) - recorded}
    for each in Approval.objects.prefetch_related("decisions"):
        said = Counter(one.approved for one in each.decisions.all())
        assert (said[True], said[False]) in {(3, 0), (2, 1), (1, 1), (0, 1)}
        assert (each.approved, each.decided_at is None) == (said[False] == 0, False)
    worked("flow")
    assert set(WorkflowRun.objects.values_list("status", flat=True)) == {"succeeded"}
    ended = StepRun.objects.filter(ended=True, outcome="succeeded")
    assert ended.count() == 6
    assert {len(run.outputs["given"]["decisions"]) for run in WorkflowRun.objects.all()} <= {1, 2, 3}


def test_a_name_counts_once_whoever_answers_at_once_for_themselves_or_for_another(
    acme: Tenant, asked: Asked, people: list[User]
) -> None:
    ana, ben, carl, *_ = people
    one, lent = asked(quorum=5), asked(name="lent", roles=[], people=[ana.email, carl.email], quorum=2)
    lend(ana, ben)
    with ThreadPoolExecutor(4) as pool:
        twice = Counter(pool.map(lambda _: answer(acme, one, carl, True), range(4)))
        both = Counter(pool.map(lambda person: answer(acme, lent, person, True), [ana, ben]))
    assert twice == {"recorded": 1, "permission_denied": 3}
    assert both == {"recorded": 1, "permission_denied": 1}
    assert ApprovalDecision.objects.count() == 2


@pytest.mark.parametrize("taken", ["role", "delegation"])
def test_a_right_cannot_be_taken_away_between_the_look_at_it_and_the_answer(
    taken: str, acme: Tenant, asked: Asked, people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes it away waits for the answer that uses it; the next answer finds it gone."""
    ana, ben, *_ = people
    first, second = (asked(name=name, roles=[], people=[ana.email]) for name in ("first", "second"))
    delegation = lend(ana, ben)
    began, waited = threading.Event(), list[bool]()

    def take() -> None:
        with elsewhere(acme):
            began.set()
            if taken == "role":
                User.objects.filter(pk=ana.pk).update(role="viewer")
            else:
                delegation_revoke(who=ana, user=ana, delegation=delegation)

    taking = threading.Thread(target=take)
    with transaction.atomic():
        decide(first, ben)
        taking.start()
        began.wait(20)
        taking.join(0.3)
        waited.append(taking.is_alive())
    taking.join(20)
    assert waited == [True]
    with pytest.raises(PermissionDenied):
        decide(second, ben)
    assert ApprovalDecision.objects.count() == 1


@pytest.mark.parametrize("moment", ["before", "loaded", "committing"])
def test_what_was_said_in_time_is_told_where_the_quorum_was_not_reached(
    moment: str, acme: Tenant, asked: Asked, worked: Work, people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the process that holds the run has read it before the yes, and comes to the deadline after it."""
    question = asked(quorum=2, form={"amount": {"type": "number"}})
    say: Callable[[], Any] = lambda: decide(question, people[0], answers={"amount": 5})  # noqa: E731
    if moment == "before":
        in_thread(acme, say)
    work.signal("workflows.run", question.run_id)
    claims = rows.claim(tenant=acme.schema_name, queue="flow", limit=9, slots=9).claims
    turn = pump.Pump(claims)
    later = timezone.now() + timedelta(days=4)
    monkeypatch.setattr(store.CLOCK, "now", lambda: later)
    if moment == "loaded":
        in_thread(acme, say)
    elif moment == "committing":
        real, said = store.commit, list[int]()

        def commit(*what: Any) -> Any:
            if not said:
                said.append(1)
                in_thread(acme, say)
            return real(*what)

        monkeypatch.setattr(store, "commit", commit)
    turn.run()
    run = after(question.run)
    assert run.status == "succeeded"
    told = run.outputs["given"]
    assert (told["approved"], told["timed_out"], told["by"], told["answers"]) == (False, True, "", {"amount": None})
    ((by, yes, answers),) = ((each["by"], each["approved"], each["answers"]) for each in told["decisions"])
    assert (by, yes, answers) == (people[0].email, True, {"amount": 5})
    question.refresh_from_db()
    assert (question.approved, question.is_open) == (None, False)
    assert StepRun.objects.filter(run=run, ended=True).count() == 1


@pytest.mark.parametrize("moment", ["loaded", "committing"])
def test_an_answer_in_time_counts_where_the_engine_finds_the_time_over_without_having_seen_it(
    moment: str, acme: Tenant, asked: Asked, worked: Work, people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that holds the run has read it before the answer, and comes to the deadline after it."""
    question = asked()
    work.signal("workflows.run", question.run_id)
    claims = rows.claim(tenant=acme.schema_name, queue="flow", limit=9, slots=9).claims
    turn = pump.Pump(claims)
    later = timezone.now() + timedelta(days=4)
    monkeypatch.setattr(store.CLOCK, "now", lambda: later)  # the engine comes to it after the deadline
    if moment == "loaded":
        in_thread(acme, lambda: decide(question, people[0]))
    else:
        real, decided = store.commit, list[int]()

        def commit(*what: Any) -> Any:
            if not decided:
                decided.append(1)
                in_thread(acme, lambda: decide(question, people[0]))
            return real(*what)

        monkeypatch.setattr(store, "commit", commit)
    turn.run()
    run = after(question.run)
    assert run.status == "succeeded"
    assert (run.outputs["given"]["approved"], run.outputs["given"]["timed_out"]) == (True, False)
    assert StepRun.objects.filter(run=run, ended=True).count() == 1
