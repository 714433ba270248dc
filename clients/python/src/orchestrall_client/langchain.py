"""Agents as tools of LangChain. It needs an extra: `pip install "orchestrall-client[langchain]"`."""

from __future__ import annotations

import json
from typing import Any

from langchain_core.tools import StructuredTool, ToolException

from orchestrall_client.client import Client
from orchestrall_client.errors import InvalidRequest, Problem, RunFailed, WaitExpired
from orchestrall_client.models import Agent, RunDetail

LONGEST = 300.0
"""Seconds that a run is waited for, unless told otherwise."""


def agent_tool(
    client: Client, agent: str | Agent, *, timeout: float = LONGEST, name: str | None = None
) -> StructuredTool:
    """A tool that starts a run of the agent, waits for it, and answers with its result.

        with Client("https://acme.example", key="ork_…") as client:
            tools = [agent_tool(client, "retail.demand_forecaster")]
            model.bind_tools(tools)

    Its arguments are the agent's input. The model is told the output, the verdict that stands and the run's number; the
    artifact is the whole `RunDetail`. What the agent refuses is told to the model by its places, so that it can ask
    again; a run that is still open after `timeout` seconds is told too, and goes on.
    """
    found = client.agents.get(agent) if isinstance(agent, str) else agent

    def run(**input: Any) -> tuple[str, RunDetail]:
        try:
            ended = client.runs.wait(client.runs.start(found.key, input), timeout=timeout)
            if ended.status != "succeeded":
                raise RunFailed(ended)
        except InvalidRequest as error:
            places = "; ".join(f"{issue.path}: {issue.message}" for issue in error.issues)
            raise ToolException(f"{error.detail} {places}".strip()) from error
        except (Problem, RunFailed, WaitExpired) as error:
            raise ToolException(str(error)) from error
        told = {"run": ended.ref, "headline": ended.headline, "verdict": ended.verdict, "output": ended.output}
        return json.dumps(told, ensure_ascii=False), ended

    return StructuredTool.from_function(
        func=run,
        name=name or found.key.replace(".", "_"),
        description=f"{found.title}: {found.summary}",
        args_schema={**found.input_schema, "title": found.title, "description": found.summary},
        infer_schema=False,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
