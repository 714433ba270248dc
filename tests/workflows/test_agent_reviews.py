"""While an agent drifts and its watch falls back on people, a workflow goes on once a person has looked (rule R3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import endings
from apps.agents.models import AgentDecision, AgentRun, AgentWatch
from apps.agents.reviews import decision_review
from apps.common import work
from apps.common.errors import Conflict
from apps.dispatch.models import WorkRow
from apps.tenants.models import Tenant
from apps.workflows import pump, store
from apps.workflows.models import WorkflowRun
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_faults import claim
from tests.workflows.test_pump import Start, after
from tests.workflows.test_rules import elsewhere

ROWS = [{"name": "Ada", "amount": 5}, {"name": "Bo", "amount": 500}]
STEPS: dict[str, Any] = {
    "check": {"kind": "agent", "agent": "dummy.decider", "input": {"table": {"rows": ROWS[1:]}}},
    "then": {"kind": "transform", "set": {"verdict": "${steps.check.decision.verdict}"}, "after": ["check"]},
}
OUTPUTS = {"verdict": "${steps.then.verdict}"}


@pytest.fixture
def reviewer(member: Callable[..., User]) -> User:
    return member("approver")


@pytest.fixture
def drifting(acme: Tenant) -> AgentWatch:
    return AgentWatch.objects.create(agent_key="dummy.decider", falls_back=True, drifting_since=timezone.now())


@pytest.fixture
def checked(workflow: MakeWorkflow, start: Start, worked: Work) -> Callable[..., WorkflowRun]:
    """`checked()`: a run whose agent has decided."""

    def make(steps: dict[str, Any] = STEPS) -> WorkflowRun:
        run = start(workflow(steps, outputs=OUTPUTS))
        worked("flow", "cpu")
        return after(run)

    return make


def review(reviewer: User, verdict: str = "hold", position: int = 0) -> None:
    decision = AgentDecision.objects.select_related("run").get(position=position)
    reason = "" if verdict == decision.verdict else "It is known."
    decision_review(who=reviewer, user=reviewer, decision=decision, verdict=verdict, reason=reason, seen=0)


def test_a_workflow_is_told_the_verdict(checked: Callable[..., WorkflowRun]) -> None:
    run = checked()
    assert (run.status, run.outputs) == ("succeeded", {"verdict": "hold"})
    assert AgentDecision.objects.get().review == ""


@pytest.mark.parametrize(
    "how", [{"falls_back": False}, {"drifting_since": None}, {"agent_key": "dummy.other"}], ids=str
)
def test_nobody_is_asked_unless_the_agent_drifts_and_falls_back(
    drifting: AgentWatch, checked: Callable[..., WorkflowRun], how: dict[str, Any]
) -> None:
    AgentWatch.objects.update(**how)
    assert checked().status == "succeeded"
    assert AgentDecision.objects.get().review == ""


@pytest.mark.parametrize("verdict", ["hold", "pass"])
def test_a_workflow_goes_on_with_what_a_person_holds_of_it(
    drifting: AgentWatch, checked: Callable[..., WorkflowRun], reviewer: User, worked: Work, verdict: str
) -> None:
    run = checked()
    assert run.status == "running"
    assert AgentRun.objects.get().status == "succeeded"
    assert AgentDecision.objects.get().review == "wanted"
    review(reviewer, verdict)
    worked("flow", "cpu")
    run = after(run)
    assert (run.status, run.outputs) == ("succeeded", {"verdict": verdict})
    assert not WorkRow.objects.exists()


def test_a_run_with_several_decisions_waits_for_the_last_of_them(
    drifting: AgentWatch, checked: Callable[..., WorkflowRun], reviewer: User, worked: Work
) -> None:
    run = checked(STEPS | {"check": STEPS["check"] | {"input": {"table": {"rows": ROWS}}}})
    review(reviewer)
    worked("flow", "cpu")
    assert after(run).status == "running"
    review(reviewer, "pass", position=1)
    worked("flow", "cpu")
    assert after(run).status == "succeeded"


def test_what_waits_goes_on_waiting_when_the_agent_drifts_no_longer(
    drifting: AgentWatch, checked: Callable[..., WorkflowRun], worked: Work
) -> None:
    run = checked()
    AgentWatch.objects.all().delete()
    work.signal("workflows.run", run.id)
    worked("flow", "cpu")
    assert after(run).status == "running"


def test_a_run_that_a_person_has_started_waits_for_nobody(drifting: AgentWatch, builder: User, worked: Work) -> None:
    from apps.agents import services
    from apps.agents.contract import AGENTS

    data = {"table": {"rows": ROWS}}
    run = services.run_start(agent=AGENTS["dummy.decider"], data=data, user=builder, who=builder, origin="console")
    worked("cpu")
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert list(AgentDecision.objects.values_list("review", flat=True)) == ["wanted", "wanted"]


@pytest.mark.parametrize("moment", ["claimed", "loaded", "committing"])
def test_a_review_is_seen_by_who_has_the_run_in_hand_at_whatever_moment_it_comes(
    moment: str,
    committed_db: str,
    drifting: AgentWatch,
    acme: Tenant,
    checked: Callable[..., WorkflowRun],
    reviewer: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rule R3: after the claim, after the ledger was read, and while the run is being given back; with no other wake-up
    and no other turn."""
    run = checked()
    assert run.status == "running"
    elsewhere(acme, lambda: work.signal("workflows.run", run.id))  # so that somebody takes it in hand
    claims = claim(acme)
    if moment == "claimed":
        elsewhere(acme, lambda: review(reviewer))
    turn = pump.Pump(claims)
    if moment == "loaded":
        elsewhere(acme, lambda: review(reviewer))
    if moment == "committing":
        real, reviewed = store.commit, list[int]()

        def commit(*what: Any) -> Any:
            if not reviewed:
                reviewed.append(1)
                elsewhere(acme, lambda: review(reviewer))
            return real(*what)

        monkeypatch.setattr(store, "commit", commit)
    turn.run()
    assert after(run).status == "succeeded"
    assert not WorkRow.objects.exists()


def test_two_who_review_the_last_two_decisions_at_once_let_the_run_go_on(
    committed_db: str,
    drifting: AgentWatch,
    acme: Tenant,
    checked: Callable[..., WorkflowRun],
    reviewer: User,
    worked: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither sees the other's review, and each signals: the second one waits for the first at the work row."""
    run = checked(STEPS | {"check": STEPS["check"] | {"input": {"table": {"rows": ROWS}}}})
    real, others = work.signal, list[int]()

    def signal(kind: str, id: Any) -> bool:
        if not others:
            others.append(1)
            elsewhere(acme, lambda: review(reviewer, "pass", position=1))
        return real(kind, id)

    monkeypatch.setattr(work, "signal", signal)
    review(reviewer)
    worked("flow", "cpu")
    assert after(run).status == "succeeded"


def test_a_review_that_comes_too_late_changes_nothing(
    drifting: AgentWatch, checked: Callable[..., WorkflowRun], reviewer: User, worked: Work
) -> None:
    run = checked()
    review(reviewer)
    with pytest.raises(Conflict):
        review(reviewer, "pass")
    worked("flow", "cpu")
    assert after(run).outputs == {"verdict": "hold"}


def test_what_waits_for_a_person_is_not_kept_as_an_end(
    committed_db: str, drifting: AgentWatch, checked: Callable[..., WorkflowRun]
) -> None:
    checked()
    assert endings.take(AgentRun.objects.get().pk) is None
