"""An agent as a tool of LangChain, used by LangChain's own objects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import ToolCall
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from orchestrall_client import Client, RunDetail
from orchestrall_client.langchain import agent_tool

from tests.client.conftest import Server, answered, problem, run

AGENT: dict[str, Any] = {
    "key": "retail.demand_forecaster",
    "title": "Demand Forecaster",
    "version": "1.0",
    "industry": "retail",
    "summary": "Forecasts what is sold.",
    "table_field": "history",
    "input_schema": {
        "type": "object",
        "properties": {"horizon": {"type": "integer", "minimum": 1}},
        "required": ["horizon"],
    },
    "output_schema": {"type": "object"},
    "settings_schema": {"type": "object"},
    "examples": [],
    "card": None,
}


@pytest.fixture
def tool(client: Client, server: Server) -> StructuredTool:
    server.will(answered(AGENT))
    return agent_tool(client, "retail.demand_forecaster")


def call(**args: Any) -> ToolCall:
    return ToolCall(name="retail_demand_forecaster", args=args, id="call-1", type="tool_call")


def test_a_model_is_offered_the_agent_with_its_inputs_schema(tool: StructuredTool) -> None:
    offered = convert_to_openai_tool(tool)["function"]
    assert offered["name"] == "retail_demand_forecaster"
    assert offered["description"] == "Demand Forecaster: Forecasts what is sold."
    assert offered["parameters"]["properties"] == {"horizon": {"type": "integer", "minimum": 1}}
    assert offered["parameters"]["required"] == ["horizon"]


def test_a_call_of_a_model_starts_a_run_and_answers_with_its_result(tool: StructuredTool, server: Server) -> None:
    output = {"items": [{"total": 12}]}
    server.will(answered(run("queued"), 202), answered(run("succeeded", output=output, headline="12 in all")))
    message = tool.invoke(call(horizon=4))
    assert json.loads(message.content)["output"] == output
    assert json.loads(message.content)["headline"] == "12 in all"
    assert isinstance(message.artifact, RunDetail)
    assert (message.status, message.tool_call_id) == ("success", "call-1")
    assert json.loads(server.bodies[1])["input"] == {"horizon": 4}


def test_what_the_agent_refuses_is_told_to_the_model_by_its_places(tool: StructuredTool, server: Server) -> None:
    server.will(problem(422, "invalid_input"))
    message = tool.invoke(call(horizon=0))
    assert message.status == "error"
    assert "history.rows.3.quantity: Give a number." in message.content


def test_a_run_that_failed_is_told_to_the_model(tool: StructuredTool, server: Server) -> None:
    failed = {"code": "agent_failed", "title": "Failed", "detail": "It could not.", "remedy": "", "issues": []}
    server.will(answered(run("queued"), 202), answered(run("failed", problem=failed)))
    message = tool.invoke(call(horizon=4))
    assert message.status == "error"
    assert "It could not." in message.content


def test_an_agent_that_is_known_already_is_not_asked_for(client: Client, server: Server) -> None:
    server.will(answered(AGENT))
    found = client.agents.get("retail.demand_forecaster")
    assert agent_tool(client, found, name="forecast").name == "forecast"
    assert len(server.asked) == 1
