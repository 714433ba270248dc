"""One trace from a request through a workflow's steps and an agent's run to the calls of its model and its tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents.custom import services as custom
from apps.agents.custom.contents import EXAMPLE
from apps.agents.models import AgentRun
from apps.ai.models import ModelCall
from apps.dispatch.models import WorkRow
from apps.workflows.models import WorkflowRun
from tests.aiserver import AiServer, Call, Fail, Say, connect, loopback_allowed
from tests.collector import Collector, Told, collecting, telling
from tests.workflows.conftest import MakeWorkflow, Work

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
START = "/api/v1/workflows/test/runs"
SECRET = "My parcel, said Ana Lopez of 12 Long Lane, ana@acme.example"
ANSWER = {"urgency": "Urgent", "topic": "A parcel", "reasons": ["It has not come to Long Lane."]}
CLIENT, CONSUMER = 3, 5


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as listening:
        yield listening


@pytest.fixture
def server(acme: Any) -> Iterator[AiServer]:
    with loopback_allowed(), AiServer() as listening:
        yield listening


@pytest.fixture
def agent(builder: User, server: AiServer) -> str:
    """The key of an agent made here, which may ask for datasets."""
    content = custom.content_parse({**EXAMPLE, "tools": ["dataset:list"]})
    made = custom.custom_create(who=builder, user=builder, content=content)
    custom.custom_publish(who=builder, user=builder, agent=made)
    made.refresh_from_db()
    connect(server, "writer")
    return str(made.key)


def steps(agent: str) -> dict[str, Any]:
    return {
        "first": {"kind": "transform", "set": {"text": "${inputs.letter}"}},
        "read": {"kind": "agent", "agent": agent, "input": {"letter": "${steps.first.text}"}},
    }


def tool_name(server: AiServer) -> str:
    return next(iter(server.asked[0].tools))


def below(parent: Told, *children: Told) -> bool:
    return all((child.trace, child.parent) == (parent.trace, parent.id) for child in children)


def test_a_request_and_all_that_follows_are_one_trace(
    workflow: MakeWorkflow,
    builder: User,
    api_for: Any,
    worked: Work,
    agent: str,
    server: AiServer,
    collector: Collector,
) -> None:
    workflow(steps(agent), inputs={"letter": {"type": "text"}})
    server.always("writer", _ask_then_answer)
    with telling(collector):
        answer = api_for(builder).post(
            "/api/v1/workflows/test/runs",
            {"inputs": {"letter": SECRET}},
            format="json",
            headers={"traceparent": CALLER},
        )
        assert answer.status_code in {201, 202}, answer.content
        worked("flow", "cpu", "io")
    run = WorkflowRun.objects.get()
    assert run.status == "succeeded", run.problem
    request = next(span for span in collector.spans if span.name.startswith("POST "))
    whole, first, read = (collector.named(name) for name in ("workflow test", "step first", "step read"))
    work, invoked = collector.named("agents.run"), collector.named(f"invoke_agent {agent}")
    chats = [span for span in collector.spans if span.name == "chat writer"]
    (tool,) = [span for span in collector.spans if span.name.startswith("execute_tool ")]
    assert request.parent == CALLER.split("-")[2]
    assert {span.trace for span in collector.spans} == {CALLER.split("-")[1]}
    assert below(request, whole)
    assert below(whole, first, read)
    assert below(read, work)
    assert below(work, invoked)
    assert below(invoked, tool, *chats)
    assert len({span.id for span in collector.spans}) == len(collector.spans)
    assert work.kind == CONSUMER
    made = AgentRun.objects.get()
    assert work.facts == {
        "orchestrall.tenant": "t_acme",
        "orchestrall.kind": "agents.run",
        "orchestrall.work": str(made.pk),
    }
    assert invoked.facts["orchestrall.run"] == str(made.pk)
    assert whole.facts["orchestrall.run"] == str(run.pk)
    assert read.facts["orchestrall.step.kind"] == "agent"
    assert read.seconds >= invoked.seconds
    assert not any(span.is_error for span in collector.spans)


def test_a_call_of_a_model_tells_tokens_and_no_word(
    workflow: MakeWorkflow, start: Any, worked: Work, agent: str, server: AiServer, collector: Collector
) -> None:
    made = workflow(steps(agent), inputs={"letter": {"type": "text"}})
    server.always("writer", _ask_then_answer)
    with telling(collector):
        start(made, letter=SECRET)
        worked("flow", "cpu", "io")
    chats = [span for span in collector.spans if span.name == "chat writer"]
    calls = list(ModelCall.objects.order_by("id"))
    assert [span.facts["orchestrall.model_call"] for span in chats] == [str(call.pk) for call in calls]
    told = chats[0].facts
    assert (told["gen_ai.operation.name"], told["gen_ai.request.model"]) == ("chat", "writer")
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (100, 20)
    assert told["gen_ai.agent.id"] == agent
    assert chats[0].kind == CLIENT
    (tool,) = [span for span in collector.spans if span.name.startswith("execute_tool ")]
    assert tool.facts["gen_ai.tool.name"] == tool_name(server)
    for word in (b"Ana", b"Lopez", b"Lane", b"ana@", b"parcel", b"reasons"):
        assert word not in collector.raw


def test_what_fails_is_told_by_its_code(
    workflow: MakeWorkflow, start: Any, worked: Work, agent: str, server: AiServer, collector: Collector
) -> None:
    made = workflow(steps(agent), inputs={"letter": {"type": "text"}})
    server.always("writer", Fail(401, message=SECRET))
    with telling(collector) as telemetry:
        with telemetry.span("asks", "internal", CALLER, {}):
            start(made, letter=SECRET)
        worked("flow", "cpu", "io")
    run, agent_run = WorkflowRun.objects.get(), AgentRun.objects.get()
    assert run.status == "failed"
    for name, code in (
        ("chat writer", ModelCall.objects.get().problem_code),
        (f"invoke_agent {agent}", agent_run.problem_code),
        ("step read", run.problem["code"]),
        ("workflow test", run.problem["code"]),
    ):
        span = collector.named(name)
        assert (span.is_error, span.facts["error.type"]) == (True, code), name
    assert b"Lane" not in collector.raw


def test_a_tool_that_was_not_offered_is_not_named(
    workflow: MakeWorkflow, start: Any, worked: Work, agent: str, server: AiServer, collector: Collector
) -> None:
    made = workflow(steps(agent), inputs={"letter": {"type": "text"}})
    server.queue("writer", Say(calls=(Call("Ana_Lopez", {}),)), Say(json.dumps(ANSWER)))
    with telling(collector):
        start(made, letter=SECRET)
        worked("flow", "cpu", "io")
    assert collector.named("execute_tool unknown").facts["error.type"] == "tool_error"
    assert b"Lopez" not in collector.raw


def test_a_run_within_a_run_is_below_its_step(
    workflow: MakeWorkflow, start: Any, worked: Work, collector: Collector
) -> None:
    workflow({"one": {"kind": "transform", "set": {"x": 1}}}, name="inner")
    outer = workflow({"call": {"kind": "workflow", "workflow": "inner"}}, name="outer")
    with telling(collector) as telemetry, telemetry.span("begins", "internal", CALLER, {}):
        start(outer)
        worked("flow")
    began, whole, step, inner = (
        collector.named(name) for name in ("begins", "workflow outer", "step call", "workflow inner")
    )
    assert below(began, whole)
    assert below(whole, step)
    assert below(step, inner)
    assert below(inner, collector.named("step one"))


def test_where_no_traces_are_collected_none_are_kept(workflow: MakeWorkflow, start: Any, builder: User) -> None:
    start(workflow({"one": {"kind": "transform", "set": {"x": 1}}}))
    assert list(WorkRow.objects.values_list("trace", flat=True)) == [""]


def _ask_then_answer(asked: Any) -> Say:
    if any(turn.role == "tool" for turn in asked.turns):
        return Say(json.dumps(ANSWER))
    return Say(calls=(Call(next(iter(asked.tools)), {}),))
