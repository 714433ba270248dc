"""Steps that have done what an agent proposed: once, of the kinds named, with the rights of whose run it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents.doing import action_do
from apps.agents.models import AgentAction, AgentConfiguration, AgentDecision, AgentRun
from apps.common import work
from apps.common.errors import InvalidInput
from apps.common.permissions import Platform
from apps.dispatch import rows
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from apps.workflows import acting, defining, services
from apps.workflows.definition import definition_parse
from apps.workflows.kinds.act import Act
from apps.workflows.models import StepAct, WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work, doom
from tests.workflows.test_faults import expire
from tests.workflows.test_pump import Start, after

ASKED = [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}]
CHECK: dict[str, Any] = {"kind": "agent", "agent": "dummy.decider", "input": {"table": {"rows": ASKED}}}
ALL = ("flow", "cpu", "io")


def steps(*kinds: str, **more: Any) -> dict[str, Any]:
    return {"check": CHECK, "do": {"kind": "act", "of": "check", "kinds": list(kinds), **more}}


@pytest.fixture
def acted(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[..., WorkflowRun]:
    """`acted(steps)`: a run that has come as far as it can."""

    def make(made: dict[str, Any], *queues: str) -> WorkflowRun:
        run = start(workflow(made, outputs={"told": "${steps.do}"}))
        worked(*(queues or ALL))
        return after(run)

    return make


def counted() -> int:
    return AgentRun.objects.filter(agent_key="dummy.counter").count()


def test_what_is_proposed_is_done_once_and_what_is_not_of_the_kinds_is_left(
    acted: Callable[..., WorkflowRun], builder: User
) -> None:
    run = acted(steps("agents.run"))
    assert run.status == "succeeded"
    assert counted() == 2
    told = (run.outputs or {})["told"]
    assert [each["kind"] for each in told["done"]] == ["agents.run", "agents.run"]
    assert told["done"][0]["link"].startswith("/runs/R-")
    assert told["left"][0] == {
        "title": "Put it on the shelf",
        "kind": "dummy.fail",
        "why": "The step does not do dummy.fail.",
    }
    assert {each.by for each in AgentAction.objects.all()} == {builder}
    assert not StepAct.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("review", "why"),
    [("wanted", "A person has yet to review the decision."), ("overridden", "A person decided otherwise.")],
)
def test_what_a_person_decided_otherwise_or_has_yet_to_look_at_is_left(
    acted: Callable[..., WorkflowRun], worked: Work, review: str, why: str
) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    AgentDecision.objects.filter(position=0).update(review=review)
    worked(*ALL)
    told = (after(run).outputs or {})["told"]
    assert [each["why"] for each in told["left"] if each["kind"] == "agents.run"] == [why]
    assert counted() == 1


def test_a_review_that_comes_while_a_step_is_at_work_counts(
    acted: Callable[..., WorkflowRun], worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    real = action_do

    def reviewed(**about: Any) -> AgentAction:
        taken = real(**about)
        AgentDecision.objects.exclude(pk=about["decision"].pk).update(review="overridden", override="hold")
        return taken

    monkeypatch.setattr(acting, "action_do", reviewed)
    worked(*ALL)
    told = (after(run).outputs or {})["told"]
    assert len(told["done"]) == 1
    assert "A person decided otherwise." in [each["why"] for each in told["left"] if each["kind"] == "agents.run"]
    assert counted() == 1


def test_an_action_that_fails_fails_the_step_and_another_try_does_not_repeat_what_was_done(
    acted: Callable[..., WorkflowRun], builder: User, worked: Work
) -> None:
    run = acted(steps("agents.run", "dummy.fail"))
    assert run.status == "failed"
    assert (run.problem or {})["code"] == "action_failed"
    assert "The shelf is full." in (run.problem or {})["detail"]
    assert not AgentConfiguration.objects.exists()
    assert counted() == 1
    again = services.run_retry(who=builder, user=builder, run=run, step="do")
    worked(*ALL)
    assert after(again).status == "failed"
    assert counted() == 1


def test_a_worker_that_dies_half_way_leaves_nothing_undone_and_nothing_twice(
    acted: Callable[..., WorkflowRun], acme: Tenant, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    (held,) = rows.claim(tenant=acme.schema_name, queue="io", limit=1, slots=4).claims
    with monkeypatch.context() as patch:
        done: list[AgentAction | None] = []
        real = acting._do

        def dying(*args: Any) -> AgentAction | None:
            if done:
                raise KeyboardInterrupt
            done.append(real(*args))
            return done[0]

        patch.setattr(acting, "_do", dying)
        with pytest.raises(KeyboardInterrupt):
            acting.act_perform(held)
    assert counted() == 1
    expire()
    worked(*ALL)
    assert after(run).status == "succeeded"
    assert counted() == 2


def test_rights_are_those_of_whose_run_it_is(
    workflow: MakeWorkflow, worked: Work, member: Callable[..., User], builder: User
) -> None:
    made = workflow(steps("agents.run"), outputs={"told": "${steps.do}"})
    approver = member("approver")
    run = services.run_start(who=Platform(), user=approver, workflow=made, data={}, origin="api")
    nobody = services.run_start(who=Platform(), user=None, workflow=made, data={}, origin="api")
    worked(*ALL)
    assert (after(run).problem or {})["code"] == "permission_denied"
    assert "belongs to nobody" in (after(nobody).problem or {})["detail"]
    assert counted() == 0


def test_a_run_that_is_cancelled_takes_back_what_was_not_begun(acted: Callable[..., WorkflowRun], worked: Work) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    services.run_stop(run=run)
    worked(*ALL)
    assert after(run).status == "cancelled"
    assert counted() == 0
    assert not WorkRow.objects.filter(kind=acting.ACT).exists()


def test_a_run_that_is_cancelled_while_its_step_is_at_work_has_no_more_done(
    acted: Callable[..., WorkflowRun], worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    real = acting._do

    def cancelling(*args: Any) -> AgentAction | None:
        done = real(*args)
        services.run_stop(run=run)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(acting, "_do", cancelling)
        worked("io")
    worked(*ALL)
    assert after(run).status == "cancelled"
    assert counted() == 1
    assert (StepAct.objects.get().problem or {})["code"] == "act_cancelled"


def test_a_step_whose_workers_died_is_given_up_and_says_so(acted: Callable[..., WorkflowRun], worked: Work) -> None:
    run = acted(steps("agents.run"), "flow", "cpu")
    doom(StepAct.objects.get())
    worked(*ALL)
    assert (after(run).problem or {})["code"] == "act_abandoned"
    assert counted() == 0


def test_a_run_taken_up_again_after_the_agent_finds_what_it_proposed(
    acted: Callable[..., WorkflowRun], builder: User, worked: Work
) -> None:
    run = acted(steps("agents.run"))
    again = services.run_retry(who=builder, user=builder, run=run, step="do")
    worked(*ALL)
    told = (after(again).outputs or {})["told"]
    assert len(told["done"]) == 2
    assert counted() == 2  # of the first run


def test_the_api_lists_acts_by_state_workflow_run_and_time(
    acted: Callable[..., WorkflowRun], builder: User, api_for: Callable[..., Any]
) -> None:
    run, api = acted(steps("agents.run")), api_for(builder)
    (told,) = api.get("/api/v1/workflow-acts").json()["items"]
    assert (told["run_ref"], told["workflow"], told["step"], told["status"]) == (run.ref, "test", "do", "confirmed")
    assert (told["kinds"], len(told["done"]), told["problem"]) == (["agents.run"], 2, None)
    assert {each["why"] for each in told["left"]} == {"The step does not do dummy.fail."}
    for query, found in (
        ("status=confirmed", 1),
        ("status=failed", 0),
        ("workflow=test", 1),
        ("workflow=other", 0),
        (f"run={run.pk}", 1),
        (f"run={builder.pk}", 0),
        ("since=2100-01-01T00:00:00Z", 0),
        ("before=2100-01-01T00:00:00Z", 1),
    ):
        assert len(api.get(f"/api/v1/workflow-acts?{query}").json()["items"]) == found, query
    assert api.get("/api/v1/workflow-acts?status=odd").status_code == 422


def test_a_run_that_was_moved_does_not_take_for_its_own_what_stood_at_that_number_before(
    acted: Callable[..., WorkflowRun], builder: User
) -> None:
    other = acted(steps("agents.run"))
    definition = {"name": "test", "title": "Test", "steps": {"early": CHECK | {"after": []}, **steps("agents.run")}}
    made = defining.workflow_save(who=builder, user=builder, definition=definition_parse(definition))
    version = defining.workflow_publish(who=builder, user=builder, workflow=made)
    moved = WorkflowRun.objects.create(
        workflow=other.workflow, version=version, inputs={}, retry_of=other, origin="move", created_by=builder
    )
    assert acting.agent_runs_of(moved, Act(of="early", kinds=["agents.run"])) == []


def test_each_item_of_an_agents_step_proposes(acted: Callable[..., WorkflowRun]) -> None:
    each = {"items": [1, 2, 3]}
    check = {**CHECK, "input": {"table": {"rows": ASKED[:1]}}, "for_each": each}
    run = acted({"check": check, "do": {"kind": "act", "of": "check", "kinds": ["agents.run"]}})
    assert len((run.outputs or {})["told"]["done"]) == 3
    assert counted() == 3


def test_workflows_that_start_themselves_come_to_an_end(acted: Callable[..., WorkflowRun], worked: Work) -> None:
    run = acted(steps("workflows.start"), "flow", "cpu")
    again = {"kind": "workflows.start", "title": "Again", "arguments": {"workflow": run.workflow.name}}

    def propose() -> None:
        for decision in AgentDecision.objects.filter(position=0):
            decision.record = {**decision.record, "actions": [again]}
            decision.save(update_fields=["record"])

    propose()
    worked("io")
    started = WorkflowRun.objects.exclude(pk=run.pk).get()
    assert (started.depth, started.origin) == (1, "action")
    WorkflowRun.objects.filter(pk=started.pk).update(depth=services.DEEPEST)
    worked("flow", "cpu")
    propose()
    worked(*ALL)
    assert WorkflowRun.objects.count() == 2
    assert "have started one another" in (after(started).problem or {})["detail"]


def test_only_steps_of_agents_propose(acted: Callable[..., WorkflowRun]) -> None:
    run = acted({"check": {"kind": "transform", "set": {"x": 1}}, "do": steps("agents.run")["do"]})
    assert "not a step of an agent" in (run.problem or {})["detail"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"kinds": ["no.such"]}, "There is no action 'no.such'"),
        ({"kinds": []}, "at least 1 item"),
        ({"of": "nothing"}, "nothing"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_saved(
    acme: Tenant, builder: User, changed: dict[str, Any], told: str
) -> None:
    made = steps("agents.run")
    made["do"] = {**made["do"], **changed}

    def save() -> None:
        definition = definition_parse({"name": "test", "title": "Test", "steps": made})
        defining.workflow_save(who=builder, user=builder, definition=definition)

    with pytest.raises(InvalidInput) as refused:
        save()
    assert told in " ".join(issue.message for issue in refused.value.issues)


def test_open_steps_are_what_the_index_of_work_should_hold(acted: Callable[..., WorkflowRun], worked: Work) -> None:
    acted(steps("agents.run"), "flow", "cpu")
    (open_one,) = work.KINDS[acting.ACT].pending()
    assert StepAct.objects.get(pk=open_one).asked["kinds"] == ["agents.run"]
    worked(*ALL)
    assert list(work.KINDS[acting.ACT].pending()) == []
