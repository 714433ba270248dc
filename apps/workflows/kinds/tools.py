"""Workflows as tools: a run of the published version is started, waited for, and answered with what it gave.

They act, so that custom agents are not given them: a workflow carries out what its own rules allow, for a person or a
program that starts it knowingly.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from pydantic import Field

from apps.accounts.models import User
from apps.ai.tooling import ToolFailed, arguments_of, origin_of, require_depth, schema_of, wait_until
from apps.ai.tools import Tool, ToolAnswer, ToolContext, ToolSource
from apps.common.permissions import Principal
from apps.common.schemas import StrictModel
from apps.gateway import limits
from apps.workflows import selectors, services
from apps.workflows.definition import Definition
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW

Status = WorkflowRun.Status

_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "run": {"type": "string", "format": "uuid"},
        "ref": {"type": "string", "description": "The number people use."},
        "workflow": {"type": "string"},
        "status": {"type": "string", "enum": [str(each) for each in Status.values]},
        "outputs": {"description": "What it gave; null until it has succeeded."},
    },
    "required": ["run", "ref", "workflow", "status", "outputs"],
}


class WorkflowRunArguments(StrictModel):
    run: UUID = Field(description="The id of a run, as the tool that started it has told.")
    wait: bool = Field(default=True, description="Whether to wait for its end, for as long as a tool may take.")


class WorkflowTools(ToolSource):
    """One tool for each published workflow that the person may start."""

    key, title = "workflow", "Workflows"

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not (who.can(WORKFLOWS_VIEW) and who.can(WORKFLOWS_RUN)):
            return []
        found = selectors.workflows_list(who=who)
        return sorted((tool for tool in map(_tool, found) if tool is not None), key=lambda tool: tool.title)

    def find(self, who: Principal, user: User | None, thing: str) -> Tool | None:
        if not (who.can(WORKFLOWS_VIEW) and who.can(WORKFLOWS_RUN)):
            return None
        found = selectors.workflows_query(who=who).filter(name=thing).first()
        return _tool(found) if found else None


class WorkflowRunTools(ToolSource):
    """What became of a run that was started before."""

    key, title = "workflow_run", "Runs of workflows"

    def tools(self, who: Principal, user: User | None) -> list[Tool]:
        if not who.can(WORKFLOWS_VIEW):
            return []
        get = Tool(
            key="workflow_run:get",
            title="State of a run of a workflow",
            description="The state of a run of a workflow, and what it gave once it has succeeded. Use it when a "
            "workflow answered that its run is still under way, or waits for a person.",
            parameters=schema_of(WorkflowRunArguments),
            use=_run_get,
            answer_schema=_ANSWER,
            scopes=(WORKFLOWS_VIEW,),
        )
        return [get]


def _tool(workflow: Workflow) -> Tool | None:
    if workflow.published is None or workflow.is_at_rest:
        return None
    definition = workflow.published.definition
    return Tool(
        key=f"workflow:{workflow.name}",
        title=workflow.title,
        description=f"{definition.description or workflow.title} It starts a run of this workflow, which acts by its "
        "own rules, and answers with what it gave.",
        parameters=_parameters(definition),
        use=partial(_use, workflow.name),
        is_read=False,
        answer_schema=_ANSWER,
        scopes=(WORKFLOWS_VIEW, WORKFLOWS_RUN),
    )


def _parameters(definition: Definition) -> dict[str, Any]:
    """The JSON Schema of what the workflow takes."""
    fields = definition.inputs.items()
    return {
        "type": "object",
        "properties": {
            name: {
                **field.schema_of(),
                **({"title": field.title} if field.title else {}),
                **({"description": field.description} if field.description else {}),
                **({"default": field.default} if field.default is not None else {}),
            }
            for name, field in fields
        },
        "required": [name for name, field in fields if field.required and field.default is None],
        "additionalProperties": False,
    }


def _use(name: str, arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    workflow = selectors.workflow_get(who=ctx.who, name=name)
    require_depth(ctx)
    limits.starts_count()
    run = services.run_start(who=ctx.who, user=ctx.user, workflow=workflow, data=arguments, origin=origin_of(ctx))
    wait_until(partial(_looked_at, run, ctx), ctx)
    return _answer(selectors.run_get(who=ctx.who, id=run.pk))


def _run_get(arguments: dict[str, Any], ctx: ToolContext) -> ToolAnswer:
    wanted = arguments_of(WorkflowRunArguments, arguments)
    run = selectors.run_get(who=ctx.who, id=wanted.run)
    if wanted.wait and run.is_open:
        wait_until(partial(_looked_at, run, ctx), ctx)
        run = selectors.run_get(who=ctx.who, id=run.pk)
    return _answer(run)


def _looked_at(run: WorkflowRun, ctx: ToolContext) -> bool:
    return not selectors.run_is_open(who=ctx.who, id=run.pk)


def _answer(run: WorkflowRun) -> ToolAnswer:
    """What a run came to. Raises `ToolFailed` for one that failed or was cancelled."""
    if run.status in {Status.FAILED, Status.CANCELLED}:
        problem: dict[str, Any] = run.problem or {}
        told = problem.get("detail") or f"The run was {run.get_status_display().lower()}."
        raise ToolFailed(f"{run.ref}: {told}", remedy=f"Look at {run.ref}: what its steps gave until then is kept.")
    data = {
        "run": str(run.pk),
        "ref": run.ref,
        "workflow": run.workflow.name,
        "status": run.status,
        "outputs": run.outputs if run.status == Status.SUCCEEDED else None,
    }
    note = f"{run.workflow.title}: {run.ref} is {run.get_status_display().lower()}."
    if run.is_open:
        note += " Ask for it again by workflow_run_get."
    return ToolAnswer(data, note=note, is_outside=True, links={run.ref: reverse("workflows:run", args=[run.number])})
