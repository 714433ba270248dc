"""Steps that have done what an agent proposed: each proposal once, whatever dies and is tried again.

A step does what is of the kinds that it names, with the rights of the member whose run it is; what a person has decided
otherwise, or has yet to review, it leaves. It works outside of the engine's rounds, in a work row of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from apps.accounts.models import User
from apps.agents.decisions import decision_of
from apps.agents.doing import action_do, needs_person
from apps.agents.models import AgentAction, AgentDecision
from apps.audit.actors import under
from apps.common import work
from apps.common.decisions import ProposedAction
from apps.common.errors import PermissionDenied, Problem
from apps.common.transactions import whole
from apps.workflows import auditing
from apps.workflows.engine.plan import Plan
from apps.workflows.kinds.act import Act
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.models import StepAct, StepRun, WorkflowRun
from apps.workflows.performers import KIND
from apps.workflows.store import plan_of

ACT: Final = "workflows.act"
DEPTH: ContextVar[int] = ContextVar("depth", default=0)
"""How deep below the first run of a chain a run lies that is started now: steps that act may go round in a circle."""
DEEPEST: Final = 50
"""How often a run may have been taken up again for what its agents began to be found."""
_LEFT: Final[dict[str, str]] = {
    AgentDecision.Review.WANTED: "A person has yet to review the decision.",
    AgentDecision.Review.OVERRIDDEN: "A person decided otherwise.",
}
"""Why proposals of a decision are left, by its review."""


def agent_runs_of(run: WorkflowRun, step: Act) -> list[UUID]:
    """The runs of agents that the step is about, in the order of items.

    A run that was taken up again has them from the one before. Raises `ValueError` where the step is not an agent's, or
    none of it is there any more.
    """
    plan: Plan = plan_of(run.version)
    wanted = next((each for each in plan.steps if each.name == step.of), None)
    if wanted is None or not isinstance(wanted.step, AgentStep):
        raise ValueError(f"`of` names {step.of!r}, which is not a step of an agent: only agents propose.")
    at: WorkflowRun | None = run
    for _ in range(DEEPEST):
        if at is None or at.version_id != run.version_id:  # another version has other numbers for its steps
            break
        opened = StepRun.objects.filter(run=at, step=wanted.index, ended=False).exclude(ref=None)
        refs = {row.item: row.ref for row in opened.order_by("item", "attempt").defer("output", "problem")}
        if refs:
            return [ref for _, ref in sorted(refs.items()) if ref is not None]
        at = at.retry_of
    return []


def act_perform(claim: work.Claim) -> None:
    """Do what is proposed, each in a transaction of its own, and record what came of it. Raises `FenceLost`."""
    act = StepAct.objects.select_related("run__created_by", "run__workflow").filter(pk=claim.id, ended_at=None).first()
    if act is None:
        with work.fenced(claim) as row:
            row.finish()
        return
    try:
        with under(actor=auditing.run_actor(act.run)):
            output, problem = _done(claim, act), None
    except Problem as refused:
        output, problem = None, {"code": refused.code, "detail": refused.detail, "remedy": refused.remedy}
    if problem is None and output is None:
        return  # it has to stop: whoever takes the row goes on with what is left
    with work.fenced(claim) as row:
        _end(act.pk, output=output, problem=problem)
        row.finish()
        work.signal(KIND, act.run_id)


def act_bury(*, id: UUID) -> None:
    """The processes that had it in hand died. What was done is kept, and is not done again."""
    act = StepAct.objects.filter(pk=id, ended_at=None).first()
    if act is not None:
        told = {"code": "act_abandoned", "detail": "Every worker that took it up was lost with it.", "remedy": ""}
        _end(id, problem=told)
        work.signal(KIND, act.run_id)


def acts_cancel(*, refs: list[UUID]) -> None:
    """Take back steps of which nothing was begun. Those that are at work see by themselves that their run has ended."""
    for id in refs:
        if work.withdraw(ACT, id):
            _end(id, problem={"code": "cancelled", "detail": "It was taken back before it was begun.", "remedy": ""})


def _done(claim: work.Claim, act: StepAct) -> dict[str, Any] | None:
    """What was done and what was left; None where the process has to stop before all is done."""
    user = act.run.created_by
    if user is None:
        raise PermissionDenied(
            "The run belongs to nobody, so there are no rights to do anything with; nothing was done.",
            remedy="Start it as a member, or let somebody who is here own its trigger.",
        )
    done: list[dict[str, Any]] = []
    left: list[dict[str, Any]] = []
    for decision, position, proposal in _proposals(act):
        told = {"title": proposal.title, "kind": proposal.kind}
        why = _why_left(decision, proposal, act.asked["kinds"])
        if not why and work.stopping(claim):
            return None
        taken = None if why else _do(act.run, user, decision, position)
        if taken is None:
            left.append({**told, "why": _why_left(decision, proposal, act.asked["kinds"])})
        else:
            done.append({**told, "text": taken.outcome or "", "link": taken.link})
    return {"done": done, "left": left}


def _do(run: WorkflowRun, user: User, decision: AgentDecision, position: int) -> AgentAction | None:
    """Carry out a proposal; None where a person has decided otherwise since the decision was read.

    Raises `ActCancelled`, and `ActionFailed`.
    """
    with whole():  # who reviews it now waits until this is done
        wanted = WorkflowRun.objects.filter(pk=run.pk, status__in=WorkflowRun.OPEN, cancel_requested_at=None)
        if not wanted.exclude(status=WorkflowRun.Status.UNDOING).exists():
            raise ActCancelled
        rows = AgentDecision.objects.select_for_update().filter(pk=decision.pk)
        decision.review = rows.values_list("review", flat=True).get()
        if decision.review in _LEFT:
            return None
        token = DEPTH.set(run.depth + 1)
        try:
            taken = action_do(who=user, user=user, decision=decision, position=position, is_person=False)
        finally:
            DEPTH.reset(token)
    if taken.status != AgentAction.Status.DONE:
        raise ActionFailed(f"{decision.run.ref}: {taken.outcome}")
    return taken


def _proposals(act: StepAct) -> Iterator[tuple[AgentDecision, int, Any]]:
    rows = AgentDecision.objects.filter(run__in=[UUID(each) for each in act.asked["runs"]]).select_related("run")
    for decision in rows.order_by("run", "position"):
        for position, proposal in enumerate(decision_of(decision).actions):
            yield decision, position, proposal


def _why_left(decision: AgentDecision, proposal: ProposedAction, kinds: list[str]) -> str:
    if proposal.kind not in kinds:
        return f"The step does not do {proposal.kind}."
    if not (why := _LEFT.get(decision.review, "")) and needs_person(decision, proposal):
        return "It follows from words of others: a person has to have it done, or to confirm the decision."
    return why


def _end(id: UUID, *, output: Any = None, problem: Any = None) -> None:
    act = StepAct.objects.get(pk=id)
    act.output, act.problem, act.ended_at = output, problem, timezone.now()
    act.save(update_fields=["output", "problem", "ended_at"])


class ActCancelled(Problem):
    code, status, title = "act_cancelled", 409, "The run was cancelled while its step was at work"
    cause = "Somebody cancelled the workflow's run, or its time was over, while what agents proposed was being done."
    effect = "What was done before is kept. Nothing was done after that."
    remedy = "See the decisions for what was done; retry the run from this step to have the rest done."


class ActionFailed(Problem):
    code, status, title = "action_failed", 409, "What was proposed could not be done"
    cause = "An action that an agent proposed was refused by what it is done with: the detail has its words."
    effect = "Nothing of this action was kept. Actions that were done before are kept, and are not done again."
    remedy = "Mend what it says, and try the step again."
