"""Proposals of agents, carried out: once each, with the rights of whoever has it done, and wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents import decisions, doing
from apps.agents.contract import AGENTS
from apps.agents.models import AgentAction, AgentConfiguration, AgentDecision, AgentRun
from apps.common.actions import ACTIONS
from apps.common.decisions import Decision, ProposedAction
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.datasets.models import Dataset
from apps.datasets.selectors import dataset_frame
from apps.tenants.models import Tenant
from apps.workflows.defining import workflow_publish, workflow_save
from apps.workflows.definition import definition_parse
from apps.workflows.models import WorkflowRun
from tests.agents.conftest import COUNTER, Start
from tests.agents.test_records import ASKED, DECIDER, decide
from tests.dispatch.conftest import at_once

Make = Callable[..., User]


@pytest.fixture
def decided(finished: Start) -> AgentRun:
    return finished(key=DECIDER, **ASKED)


@pytest.fixture
def proposing(finished: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AgentRun]:
    """`proposing(kind, **arguments)`: a run with one decision that proposes this."""

    def make(kind: str, **arguments: Any) -> AgentRun:
        action = ProposedAction(kind=kind, title="Do it", arguments=arguments)
        decide(monkeypatch, Decision(verdict="hold", summary="Do it.", actions=[action]))
        return finished(key=DECIDER, **ASKED)

    return make


def do(user: User, run: AgentRun, action: int = 0, place: int = 0) -> AgentAction:
    decision = decisions.decision_get(who=user, run=run, position=place)
    return doing.action_do(who=user, user=user, decision=decision, position=action, is_person=True)


def test_an_agent_is_started_by_the_person_who_clicked(decided: AgentRun, member: Make) -> None:
    user = member("analyst")
    taken = do(user, decided)
    started = AgentRun.objects.get(agent_key=COUNTER)
    assert (started.created_by, started.origin, started.input) == (user, "action", {})
    assert (taken.status, taken.by, taken.kind) == ("done", user, "agents.run")
    assert taken.outcome == f"Counter was started as {started.ref}."
    assert taken.link == f"/runs/{started.ref}/"


def test_a_program_goes_by_how_the_decision_stands_when_its_turn_comes(
    finished: Start, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = ProposedAction(kind="agents.run", title="Look", arguments={"agent": COUNTER}, by_a_person=True)
    decide(monkeypatch, Decision(verdict="hold", summary="Look.", actions=[action]))
    user = member("analyst")
    decision = decisions.decision_get(who=user, run=finished(key=DECIDER, **ASKED), position=0)
    decision.review = AgentDecision.Review.CONFIRMED  # as it was read, before somebody overrode it
    AgentDecision.objects.filter(pk=decision.pk).update(review=AgentDecision.Review.OVERRIDDEN, override="pass")
    with pytest.raises(doing.NeedsPerson):
        doing.action_do(who=user, user=user, decision=decision, position=0, is_person=False)
    assert not AgentAction.objects.exists()


def test_a_second_click_does_nothing_and_is_told_what_was_done(decided: AgentRun, member: Make) -> None:
    first, second = do(member("analyst"), decided), do(member("builder"), decided)
    assert (second.pk, second.by) == (first.pk, first.by)
    assert AgentRun.objects.filter(agent_key=COUNTER).count() == 1


def test_many_clicks_at_once_do_it_once(committed_db: str, decided: AgentRun, member: Make, acme: Tenant) -> None:
    user = member("analyst")
    assert at_once(8, acme, lambda number: do(user, decided).status) == ["done"] * 8
    assert AgentRun.objects.filter(agent_key=COUNTER).count() == 1
    assert AgentAction.objects.count() == 1


def test_the_same_proposal_of_another_decision_is_another_one(decided: AgentRun, member: Make) -> None:
    user = member("analyst")
    assert do(user, decided).pk != do(user, decided, place=1).pk
    assert AgentRun.objects.filter(agent_key=COUNTER).count() == 2


def test_what_fails_half_way_leaves_nothing_says_why_and_may_be_tried_again(decided: AgentRun, member: Make) -> None:
    user, other = member("analyst"), member("builder")
    taken = do(user, decided, action=1)
    assert (taken.status, taken.outcome, taken.link) == ("failed", "The shelf is full. Make room.", "")
    assert not AgentConfiguration.objects.exists()
    again = do(other, decided, action=1)
    assert (again.pk, again.by) == (taken.pk, other)


def test_a_crash_between_doing_and_recording_keeps_neither(
    decided: AgentRun, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: AgentAction, **_: Any) -> None:
        raise KeyboardInterrupt

    user = member("analyst")
    with monkeypatch.context() as patch:
        patch.setattr(AgentAction, "save", die)
        with pytest.raises(KeyboardInterrupt):
            do(user, decided)
    assert not AgentRun.objects.filter(agent_key=COUNTER).exists()
    assert do(user, decided).status == "done"


@pytest.mark.parametrize("role", ["approver", "auditor", "viewer"])
def test_who_may_not_do_it_by_hand_may_not_have_it_done(decided: AgentRun, member: Make, role: str) -> None:
    user = member(role)
    with pytest.raises(PermissionDenied):
        do(user, decided)
    assert not AgentAction.objects.exists()
    decision = decisions.decision_get(who=user, run=decided, position=0)
    told = doing.proposals_of(who=user, decision=decision)[0].refusal
    assert told == "Your role does not hold the permission to: run agents."


def test_what_an_agent_is_set_up_for_holds_for_proposals_too(decided: AgentRun, member: Make) -> None:
    AgentConfiguration.objects.create(agent_key=COUNTER, number=1, settings={}, roles=["builder"])
    taken = do(member("analyst"), decided)
    assert taken.status == "failed"
    assert "is not run by the role Analyst" in str(taken.outcome)


def test_rows_are_kept_as_a_dataset(proposing: Callable[..., AgentRun], member: Make) -> None:
    user = member("analyst")
    taken = do(user, proposing("datasets.create", name="Held", rows=[{"name": "Bo", "amount": 500}]))
    made = Dataset.objects.get()
    assert (made.name, made.rows, made.created_by) == ("Held", 1, user)
    assert (taken.status, taken.link) == ("done", f"/data/{made.pk}/")
    assert taken.outcome == "The dataset Held keeps 1 row."
    assert dataset_frame(made).drop("__row__").to_dicts() == [{"name": "Bo", "amount": "500"}]


def test_a_workflow_is_started_with_inputs(proposing: Callable[..., AgentRun], member: Make) -> None:
    user, builder = member("analyst"), member("builder")
    steps = {"a": {"kind": "transform", "set": {"x": 1}}}
    given = {"name": "look-at-it", "title": "Look", "steps": steps, "inputs": {"amount": {"type": "number"}}}
    made = workflow_save(who=builder, user=builder, definition=definition_parse(given))
    workflow_publish(who=builder, user=builder, workflow=made)
    taken = do(user, proposing("workflows.start", workflow="look-at-it", inputs={"amount": 500}))
    run = WorkflowRun.objects.get()
    assert (run.inputs, run.origin, run.created_by) == ({"amount": 500}, "action", user)
    assert taken.link == f"/workflow-runs/{run.ref}/"


def test_a_workflow_that_is_not_there_is_a_failure_with_its_words(
    proposing: Callable[..., AgentRun], member: Make
) -> None:
    taken = do(member("analyst"), proposing("workflows.start", workflow="no-such"))
    assert (taken.status, "There is no workflow 'no-such' here." in str(taken.outcome)) == ("failed", True)


def test_a_proposal_that_is_not_there_or_not_known_is_refused(
    decided: AgentRun, member: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = member("analyst")
    with pytest.raises(NotFound):
        do(user, decided, action=2)
    monkeypatch.setitem(ACTIONS._items, "agents.run", None)
    with pytest.raises(Conflict):
        do(user, decided)


def test_arguments_are_checked_by_the_kind(member: Make) -> None:
    with pytest.raises(InvalidInput) as refused:
        ACTIONS["agents.run"].parse({"agent": COUNTER, "inputs": {}})
    assert [issue.path for issue in refused.value.issues] == ["arguments.inputs"]


def test_every_kind_declares_a_permission_and_says_what_it_does() -> None:
    assert {"agents.run", "datasets.create", "workflows.start"} <= set(ACTIONS.keys())
    assert AGENTS[DECIDER].verdicts
    for kind in ACTIONS:
        assert kind.title
        assert kind.permission
        assert (type(kind).__doc__ or "").endswith(".")
