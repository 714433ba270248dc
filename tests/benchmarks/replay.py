"""What-if replay: 1,000 past runs of 10 steps followed through a changed definition, and its statements for each run.

The runs have agents, approvals and requests in their ledgers, which are written as the engine writes them. The time is
that of the running program with its own workers, from the request to the last run; statements are of this process.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

from tests.measuring import Case
from tests.running import installation

RUNS, COUNTED = 1_000, 200
BAR, STATEMENTS_BAR, PATIENCE = 60.0, 0.5, 300.0
WITH_DUMMY = {"DJANGO_SETTINGS_MODULE": "tests.dummy.settings"}
SLUG = "replayed"


def measure() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder), demo=False, told=WITH_DUMMY) as program:
        os.environ |= program.environment | {"ORCHESTRALL_LOG_LEVEL": "WARNING"}
        django.setup()
        from apps.tenants.context import tenant_context
        from apps.tenants.services import tenant_create

        tenant = tenant_create(slug=SLUG, name="Replayed", industry="dummy", industries=["dummy"], now=True)
        with tenant_context(tenant):
            yield from _measured(tenant.schema_name)


def _measured(schema: str) -> Iterator[Case]:
    from apps.workflows.replaying.services import summary_of
    from tests.factories import make_member

    owner = make_member("owner")
    workflow = _past(owner)
    case = f"{RUNS:,} runs of {len(steps())} steps"
    same, _ = _replayed(owner, workflow, steps())
    told = summary_of(same)
    yield Case(case, "the same through their own version", told.same, bar=f"{RUNS:,}", holds=told.same == RUNS)
    changed, took = _replayed(owner, workflow, steps(bound=250))
    yield Case(case, "time through a changed draft", took, "s", f"<= {BAR:.0f}", took <= BAR)
    told, wanted = summary_of(changed), sum(250 < each <= 500 for each in map(_amount, range(RUNS)))
    yield Case(case, "runs that change", told.changed, bar=f"{wanted:,}", holds=told.changed == wanted)
    statements = _statements(owner, workflow, schema) / COUNTED
    yield Case(f"{COUNTED} runs", "SQL statements for each", statements, bar=f"<= {STATEMENTS_BAR}",
               holds=statements <= STATEMENTS_BAR)  # fmt: skip


def steps(bound: float = 500) -> dict[str, Any]:
    """Ten steps: two agents, a branch, an approval on one of its ways, and a request among them."""
    large = {"field": "${steps.gross.value}", "op": ">", "value": bound}
    return {
        "gross": {"kind": "transform", "set": {"value": {"$multiply": ["${inputs.amount}", 1]}}},
        "first": {"kind": "agent", "agent": "dummy.idle", "input": {"value": "${steps.gross.value}"}},
        "net": {"kind": "transform", "set": {"value": {"$subtract": ["${steps.first.value}", 1]}}},
        "size": {"kind": "branch", "cases": [{"title": "large", "when": large, "go": ["ask"]}]},
        "ask": {"kind": "approval", "question": "Release ${inputs.amount}?"},
        "order": {"kind": "http", "url": "https://shop.example/", "body": "${steps.net}", "after": ["size", "ask"]},
        "number": {"kind": "transform", "set": {"value": "${steps.order.body.number}"}},
        "second": {"kind": "agent", "agent": "dummy.idle", "input": {"value": "${steps.number.value}"}},
        "text": {"kind": "transform", "set": {"value": "Order ${steps.second.value}"}},
        "done": {"kind": "transform", "set": {"value": "${steps.text.value}"}},
    }


def _definition(made: dict[str, Any]) -> Any:
    from apps.workflows.definition import definition_parse

    inputs, outputs = {"amount": {"type": "number"}}, {"text": "${steps.done.value}"}
    return definition_parse({"name": "bench", "title": "Bench", "steps": made, "inputs": inputs, "outputs": outputs})


def _amount(number: int) -> int:
    return number % 1000


def _past(owner: Any) -> Any:
    """A published workflow, and as many runs of it as there are, with their ledgers and the runs of their agents."""
    from django.utils import timezone

    from apps.agents.contract import AGENTS
    from apps.agents.models import AgentRun
    from apps.common.ids import uuid7
    from apps.workflows import defining
    from apps.workflows.engine.plan import plan_make
    from apps.workflows.models import StepRun, WorkflowRun
    from apps.workflows.replaying.simulating import simulate

    definition = _definition(steps())
    workflow = defining.workflow_save(who=owner, user=owner, definition=definition)
    version = defining.workflow_publish(who=owner, user=owner, workflow=workflow)
    plan, agent, now = plan_make(definition), AGENTS["dummy.idle"], timezone.now() - timedelta(hours=1)
    runs: list[WorkflowRun] = []
    rows: list[StepRun] = []
    asked: list[AgentRun] = []
    for number in range(RUNS):
        inputs = {"amount": float(_amount(number))}
        course = simulate(plan, inputs=inputs, run={"id": "x"}, started_at=now, answers=_Answers())
        run = WorkflowRun(
            id=uuid7(), number=number + 1, workflow=workflow, version=version, inputs=inputs, status="succeeded",
            outputs=course.outputs, origin="api", created_by=owner, started_at=now, finished_at=now + course.took,
        )  # fmt: skip
        runs.append(run)
        for place, entry in enumerate(course.entries):
            ref = uuid7() if entry.outcome == "opened" else None
            at = now + timedelta(seconds=place)
            rows.append(
                StepRun(
                    run_id=run.pk, step=entry.step, item=entry.item, attempt=entry.attempt, outcome=entry.outcome,
                    ended=entry.outcome != "opened", output=entry.output, ref=ref, due=entry.due, at=at,
                    seq=number * 100 + place + 1,
                )
            )  # fmt: skip
            if ref is not None and plan.steps[entry.step].step.kind == "agent":
                done: dict[str, Any] = {"agent_key": agent.key, "agent_version": agent.version, "input": {}}
                asked.append(AgentRun(id=ref, number=len(asked) + 1, status="succeeded", origin="workflow", **done))
    WorkflowRun.objects.bulk_create(runs, batch_size=500)
    AgentRun.objects.bulk_create(asked, batch_size=500)
    StepRun.objects.bulk_create(rows, batch_size=1000)
    WorkflowRun.objects.filter(workflow=workflow).update(created_at=now)
    return workflow


class _Answers:
    """Everybody answers, after a second."""

    def answer(self, question: Any) -> Any:
        from apps.workflows.replaying.simulating import Answer

        output: Any = {"approved": True, "comment": "", "by": "", "timed_out": False}
        if question.step.step.kind == "agent":
            output = question.asked
        elif question.step.step.kind == "http":
            output = {"status": 200, "headers": {}, "body": {"number": 7}}
        return Answer("succeeded", output=output, after=timedelta(seconds=1))


def _replayed(owner: Any, workflow: Any, made: dict[str, Any]) -> tuple[Any, float]:
    """A replay that the program's own workers have carried out, and how long it took from the request."""
    from apps.workflows.replaying.services import Asked, replay_start

    asked, began = Asked(most=RUNS), time.monotonic()
    replay = replay_start(who=owner, user=owner, workflow=workflow, definition=_definition(made), asked=asked)
    while replay.status == "running" and time.monotonic() < began + PATIENCE:
        time.sleep(0.1)
        replay.refresh_from_db()
    if replay.status != "succeeded":
        raise RuntimeError(f"The replay is {replay.status} after {time.monotonic() - began:.0f} s: {replay.problem}")
    return replay, time.monotonic() - began


def _statements(owner: Any, workflow: Any, schema: str) -> int:
    """Statements of a whole replay in this process, which takes it before any worker can."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from apps.dispatch import rows
    from apps.workflows.replaying.services import Asked, replay_perform, replay_start

    with transaction.atomic():
        asked, definition = Asked(most=COUNTED), _definition(steps(bound=250))
        replay_start(who=owner, user=owner, workflow=workflow, definition=definition, asked=asked)
        (claim,) = rows.claim(tenant=schema, queue="cpu", limit=1, slots=64).claims
    with CaptureQueriesContext(connection) as statements:
        replay_perform(claim)
    return len(statements)
