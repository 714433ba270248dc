"""Steps that an agent carries out: each is a run of the agent like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.agents import services as agents
from apps.agents.calls import Call, runs_begin
from apps.agents.contract import AGENTS
from apps.agents.inputs import input_parse
from apps.agents.models import AgentRun
from apps.workflows.definition import Step
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.models import WorkflowRun
from apps.workflows.performers import KIND, Ask, Outcome, Performer


class AgentPerformer(Performer):
    kind = "agent"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """The agent with its input, validated by its own model. Raises `InvalidInput`, `AgentGone`."""
        assert isinstance(step, AgentStep)  # noqa: S101  # a performer gets steps of its kind only
        agent = AGENTS.get(step.agent)
        if agent is None:
            raise agents.AgentGone(step.agent)
        return agent, input_parse(agent=agent, data=asked)

    def begin(self, asks: Sequence[Ask]) -> None:
        runs_begin(calls=[_call(ask) for ask in asks], origin="workflow")

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        ended = AgentRun.objects.filter(pk__in=refs).exclude(status__in=AgentRun.OPEN).select_related("result")
        return {run.id: _outcome(run) for run in ended}

    def cancel(self, refs: Sequence[UUID]) -> None:
        for run in AgentRun.objects.filter(pk__in=refs, status__in=AgentRun.OPEN):
            agents.run_cancel(run=run)


def _call(ask: Ask) -> Call:
    agent, data = ask.asked
    return Call(ask.ref, agent, data, KIND, ask.run.id, ask.run.created_by_id, ask.run.is_demo)


def _outcome(run: AgentRun) -> Outcome:
    if run.status == AgentRun.Status.SUCCEEDED:
        return Outcome(output=run.result.output)
    told = run.problem or {"code": "cancelled", "detail": f"{run.ref} was cancelled."}
    # What the agent refused it would refuse again; what broke may work at the next try.
    return Outcome(problem=told, final=told["code"] in {"invalid_input", "cancelled", "agent_gone"})
