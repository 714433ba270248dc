"""Steps that an agent carries out: each is a run of the agent like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from apps.agents import services as agents
from apps.agents.calls import Call, runs_begin, runs_ended, runs_opening
from apps.agents.endings import Ended
from apps.agents.ends import AgentGone
from apps.agents.finding import agent_shown
from apps.agents.inputs import input_parse, source_name
from apps.agents.models import AgentRun
from apps.datasets.selectors import dataset_by_id
from apps.workflows.definition import Step
from apps.workflows.kinds.outward import AgentStep
from apps.workflows.models import WorkflowRun
from apps.workflows.performers import KIND, Ask, Beginning, Outcome, Performer

ORIGIN = "workflow"


class AgentPerformer(Performer):
    kind = "agent"

    def prepare(self, run: WorkflowRun, step: Step, asked: Any) -> Any:
        """The agent with its input, validated by its own model. Raises `InvalidInput`, `NotFound`, `AgentGone`."""
        assert isinstance(step, AgentStep)  # noqa: S101  # a performer gets steps of its kind only
        agent = agent_shown(step.agent)
        if agent is None:
            raise AgentGone(step.agent)
        data = input_parse(agent=agent, data=asked)
        return agent, data, source_name(agent, data, dataset_by_id)

    def begin(self, asks: Sequence[Ask]) -> None:
        runs_begin(calls=[_call(ask) for ask in asks], origin=ORIGIN)

    def beginning(self, asks: Sequence[Ask]) -> Beginning:
        effects, parameters, opening = runs_opening(calls=[_call(ask) for ask in asks], origin=ORIGIN)
        return Beginning(effects, parameters, opening)

    def collect(self, refs: Sequence[UUID]) -> Mapping[UUID, Outcome]:
        return {id: _outcome(ended) for id, ended in runs_ended(ids=refs).items()}

    def cancel(self, refs: Sequence[UUID]) -> None:
        for run in AgentRun.objects.filter(pk__in=refs, status__in=AgentRun.OPEN):
            agents.run_cancel(run=run)


def _call(ask: Ask) -> Call:
    agent, data, source = ask.asked
    return Call(ask.ref, agent, data, source, KIND, ask.run.id, ask.run.created_by_id, ask.run.is_demo)


def _outcome(ended: Ended) -> Outcome:
    if ended.status == AgentRun.Status.SUCCEEDED:
        return Outcome(output=ended.output)
    told = ended.problem or {"code": "cancelled", "detail": f"{ended.ref} was cancelled."}
    # What the agent refused it would refuse again; what broke may work at the next try.
    return Outcome(problem=told, final=told["code"] in {"invalid_input", "cancelled", "agent_gone"})
