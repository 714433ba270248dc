"""Calls of models on the page of a workflow's run: those of the agent's step that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.ai.models import ModelCall
from apps.workflows.models import StepRun, WorkflowRun
from tests.conftest import MakeMember
from tests.workflows.conftest import MakeWorkflow, Work

Browse = Callable[..., Client]
LIST = "/workflow-runs/"
TABLES = ("ai_", "agents_", "workflows_")
NUMBER = {"n": {"type": "number"}}
AGENT: dict[str, Any] = {"kind": "agent", "agent": "dummy.idle", "input": {"value": "${inputs.n}"}}


def call_make(subject: UUID, **more: Any) -> ModelCall:
    about: dict[str, Any] = {
        "purpose": "agent", "subject_kind": "agents.run", "subject": subject, "provider_name": "Scripted",
        "model_name": "plain", "status": "succeeded", "attempts": 1, "tokens_input": 812, "tokens_output": 64,
        "money": Decimal("0.0123"), "masked": {"email": 2}, "until": timezone.now(), "finished_at": timezone.now(),
        "sent": {"messages": [{"role": "user", "text": "Write to [[EMAIL_1_KQZMB]]."}]}, "answered": {"text": "Done."},
    }  # fmt: skip
    return ModelCall.objects.create(**{**about, **more})


@pytest.fixture
def run(workflow: MakeWorkflow, start: Callable[..., WorkflowRun], worked: Work) -> WorkflowRun:
    """A run of two agents, one after the other."""
    steps = {"one": AGENT, "two": {**AGENT, "after": ["one"]}}
    made = start(workflow(steps, inputs=NUMBER), n=7)
    worked("flow", "cpu")
    made.refresh_from_db()
    assert made.status == "succeeded"
    return made


def ref(run: WorkflowRun, step: int, item: int = -1) -> UUID:
    """The run of the agent that carried a step out."""
    return UUID(str(StepRun.objects.get(run=run, step=step, item=item, ended=False).ref))


def shown(console: Client, run: WorkflowRun, more: str) -> str:
    answer = console.get(f"{LIST}W-{run.number}/{more}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_the_calls_of_the_step_that_is_looked_at(
    run: WorkflowRun, member: MakeMember, client_for: Browse
) -> None:
    call = call_make(ref(run, 0))
    call_make(ref(run, 1), model_name="of the other step")
    call_make(uuid4(), model_name="of another run")
    console = client_for(member("auditor"))
    for tab in ("summary", "output", "log", "attempts"):
        page = shown(console, run, f"?step=one&tab={tab}")
        for told in (
            'id="calls"',
            "plain",
            "812",
            "$0.012",
            "2 email",
            "876 tokens",
            f'href="/model-calls/{call.pk}/"',
        ):
            assert told in page
        assert "of another run" not in page
        assert "of the other step" not in page
        assert "EMAIL_1_KQZMB" not in page
    assert "of the other step" in shown(console, run, "?step=two")


def test_a_step_without_calls_and_one_that_is_no_agent_say_nothing_of_them(
    run: WorkflowRun, member: MakeMember, client_for: Browse, workflow: MakeWorkflow, start: Any, worked: Work
) -> None:
    plain = start(workflow({"one": {"kind": "transform", "set": {"x": 1}}}, name="plain"))
    worked()
    console = client_for(member("auditor"))
    assert 'id="calls"' not in shown(console, run, "?step=one")
    assert 'id="calls"' not in shown(console, plain, "?step=one")


def test_who_may_not_see_calls_sees_none_and_who_may_not_read_texts_has_no_way_to_them(
    run: WorkflowRun, member: MakeMember, client_for: Browse
) -> None:
    call = call_make(ref(run, 0))
    assert 'id="calls"' not in shown(client_for(member("viewer")), run, "?step=one")
    page = shown(client_for(member("analyst")), run, "?step=one")
    assert "Your role does not show the texts." in page
    assert str(call.pk) not in page


def test_the_calls_cost_one_statement_however_many_there_are(
    run: WorkflowRun, member: MakeMember, client_for: Browse
) -> None:
    console, counts = client_for(member("auditor")), []
    for number in (1, 6):
        for _ in range(number):
            call_make(ref(run, 0))
        shown(console, run, "?step=one")
        with CaptureQueriesContext(connection) as seen:
            shown(console, run, "?step=one")
        # Who asks and for which tenant is remembered for seconds, which a slow machine lets pass between two pages.
        counts.append(sum(any(table in each["sql"] for table in TABLES) for each in seen))
        assert sum('"ai_modelcall"."subject"' in each["sql"] for each in seen) == 1
    assert counts[0] == counts[1]


def test_each_item_has_the_calls_of_its_own(
    workflow: MakeWorkflow, start: Any, worked: Work, member: MakeMember, client_for: Browse
) -> None:
    step = {**AGENT, "for_each": {"items": "${inputs.list}"}, "input": {"value": "${item}"}}
    listed = {"list": {"type": "list"}}
    made = start(workflow({"each": step}, inputs=listed, name="many"), list=[1, 2])
    worked("flow", "cpu")
    call_make(ref(made, 0, 1), model_name="of the second")
    console = client_for(member("auditor"))
    assert "of the second" in shown(console, made, "?step=each&item=1&tab=output")
    assert "of the second" not in shown(console, made, "?step=each&item=0&tab=output")
    assert "of the second" not in shown(console, made, "?step=each")
