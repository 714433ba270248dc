"""Agents as tools: a run is started with the rights of whoever asks, waited for, and answered with what holds."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from pydantic import Field

from apps.accounts.models import User
from apps.agents import configurations, selectors, services
from apps.agents.contract import Agent
from apps.agents.decisions import decisions_of
from apps.agents.models import AgentConfiguration, AgentRun
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, RUNS_CANCEL, RUNS_VIEW
from apps.ai.tooling import ToolFailed, arguments_of, origin_of, require_depth, schema_of, wait_until
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.errors import Conflict, Issue
from apps.common.permissions import Principal, demand
from apps.common.schemas import StrictModel
from apps.gateway import limits

AnyAgent = Agent[Any, Any, Any]

MOST_DECISIONS: Final = 50
"""That an answer tells, the most important first."""
_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "run": {"type": "string", "format": "uuid"},
        "ref": {"type": "string", "description": "The number people use."},
        "agent": {"type": "string"},
        "status": {"type": "string", "enum": [str(each) for each in AgentRun.Status.values]},
        "headline": {"type": "string"},
        "output": {"description": "The result; null while there is none."},
        "decisions": {"type": "array", "items": {"type": "object"}, "description": "The verdicts that hold."},
        "worked_out_at": {"type": ["string", "null"], "description": "When the result was worked out before."},
    },
    "required": ["run", "ref", "agent", "status", "headline", "output", "decisions", "worked_out_at"],
}


class RunArguments(StrictModel):
    run: UUID = Field(description="The id of a run, as the tool that started it has told.")
    wait: bool = Field(default=True, description="Whether to wait for its end, for as long as a tool may take.")


class AgentTools(ToolSource):
    """One tool for each agent of the tenant that the person may run."""

    key, title = "agent", "Agents"

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not all(map(who.can, (AGENTS_VIEW, AGENTS_RUN, RUNS_VIEW))):
            return []
        newest = AgentConfiguration.objects.order_by("agent_key", "-number").distinct("agent_key").defer("settings")
        found = {each.agent_key: each for each in newest}
        return [
            _tool(agent)
            for agent in selectors.agents_list(who=who)
            if configurations.runs_for(user=user, configuration=found.get(agent.key))
        ]


class AgentRunTools(ToolSource):
    """What became of a run that was started before."""

    key, title = "agent_run", "Runs of agents"

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not who.can(RUNS_VIEW):
            return []
        get = Tool(
            key="agent_run:get",
            title="Result of a run of an agent",
            description="The state of a run of an agent, and its result and decisions once it has succeeded. Use it "
            "when an agent answered that its run is still under way.",
            parameters=schema_of(RunArguments),
            use=_run_get,
            answer_schema=_ANSWER,
            scopes=(RUNS_VIEW,),
        )
        return [get]


def _tool(agent: AnyAgent) -> Tool:
    return Tool(
        key=f"agent:{agent.key}",
        title=agent.title,
        description=f"{agent.summary} It starts a run, and answers with its output and the verdicts that hold. A table "
        "is given by the id of a dataset, or by its rows.",
        parameters=_parameters(agent),
        use=partial(_use, agent.key),
        answer_schema=_ANSWER,
        scopes=(AGENTS_VIEW, AGENTS_RUN, RUNS_VIEW),
    )


@cache
def _of_type(input_type: Any) -> dict[str, Any]:
    return {**input_type.model_json_schema(mode="validation"), "type": "object"}


def _parameters(agent: AnyAgent) -> dict[str, Any]:
    return _of_type(agent.input_type)


def _use(key: str, arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    agent = selectors.agent_get(who=ctx.who, key=key)
    demand(ctx.who, AGENTS_RUN)
    demand(ctx.who, RUNS_VIEW)
    require_depth(ctx)
    limits.starts_count()
    run = services.run_start(agent=agent, data=arguments, user=ctx.user, who=ctx.who, origin=origin_of(ctx))
    return _answer(_waited(run, ctx), ctx)


def _run_get(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(RunArguments, arguments)
    run = selectors.run_get(who=ctx.who, id=wanted.run, with_result=True)
    if wanted.wait and run.is_open and not wait_until(partial(_looked_at, run, ctx), ctx):
        return _answer(run, ctx)
    return _answer(selectors.run_get(who=ctx.who, id=run.pk, with_result=True), ctx)


def _waited(run: AgentRun, ctx: ToolContext) -> AgentRun:
    """The run as it is when it has ended, or when the tool's time is over. One that nobody waits for any more is
    cancelled, where whoever asks may do that."""
    if not run.is_open:  # its result was at hand
        return run
    if not wait_until(partial(_looked_at, run, ctx), ctx) and ctx.stopping() and ctx.who.can(RUNS_CANCEL):
        with suppress(Conflict):  # it has just ended
            services.run_cancel(run=run)
    return selectors.run_get(who=ctx.who, id=run.pk, with_result=True)


def _looked_at(run: AgentRun, ctx: ToolContext) -> bool:
    """Whether the run has ended. Its progress is told."""
    run.refresh_from_db(fields=["status", "done", "total", "note"])
    ctx.tell(run.done, run.total, run.note)
    return not run.is_open


def _answer(run: AgentRun, ctx: ToolContext) -> ToolAnswer:
    """What a run came to. Raises `ToolFailed` for one that failed or was cancelled."""
    link = reverse("agents:run", args=[run.number])
    if run.status in {AgentRun.Status.FAILED, AgentRun.Status.CANCELLED}:
        raise _failed(run)
    decided = [] if run.is_open else decisions_of(who=ctx.who, run=run)[:MOST_DECISIONS]
    data = {
        "run": str(run.pk),
        "ref": run.ref,
        "agent": run.agent_key,
        "status": run.status,
        "headline": run.headline,
        "output": selectors.run_output(run),
        "decisions": [
            {
                "about": row.record.get("subject", "") if isinstance(row.record, dict) else "",
                "verdict": row.stands,
                "by": "person" if row.override else "agent",
            }
            for row in decided
        ],
        "worked_out_at": run.worked_out_at.isoformat() if run.worked_out_at else None,
    }
    note = run.headline or f"{run.ref} is {run.get_status_display().lower()}: ask for it again by agent_run_get."
    return ToolAnswer(data, note=note, is_outside=True, links={run.ref: link})


def _failed(run: AgentRun) -> ToolFailed:
    problem: dict[str, Any] = run.problem or {}
    told = problem.get("detail") or f"The run was {run.get_status_display().lower()}."
    issues = [Issue.model_validate(each) for each in problem.get("issues", [])]
    return ToolFailed(f"{run.ref}: {told}", remedy=problem.get("remedy", ""), issues=issues)
