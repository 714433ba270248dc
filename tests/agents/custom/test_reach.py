"""How far a custom agent reaches: no further than its list, the person behind it, and the key that starts it."""

from __future__ import annotations

import json
from decimal import Decimal
from io import BytesIO
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.agents import selectors
from apps.agents import services as runs
from apps.agents.asking import asks, tools_check
from apps.agents.batches import services as batches
from apps.agents.contract import RunCancelled, RunContext
from apps.agents.custom import services
from apps.agents.custom.selectors import content_now
from apps.agents.evaluations.keeping import case_save
from apps.agents.evaluations.services import KIND as EVALUATION
from apps.agents.evaluations.services import evaluation_start
from apps.agents.models import AgentBatch, AgentRun
from apps.ai.contract import Request
from apps.ai.failures import ModelStopped
from apps.ai.models import ModelCall
from apps.ai.tools import tools_get
from apps.common.errors import InvalidInput, PermissionDenied
from apps.datasets.models import Dataset
from apps.gateway.principals import Caller
from tests.agents.conftest import WorkOff
from tests.agents.custom.conftest import ANSWER, Make, Says, calls
from tests.conftest import MakeMember

LETTER = {"letter": "Where is it?"}


@pytest.mark.parametrize(("role", "offered"), [("builder", ["dataset_list"]), ("viewer", [])])
def test_tools_are_offered_with_the_rights_of_the_person_behind_the_run(
    make: Make, says: Says, member: MakeMember, work_off: WorkOff, role: str, offered: list[str]
) -> None:
    model = says(ANSWER)
    agent = make(tools=["dataset:list"])
    user = member(role)
    made = selectors.agent_get(who=user, key=agent.key)
    runs.run_start(agent=made, data=LETTER, user=user, who=None, origin="workflow")
    work_off()
    assert [each.name for each in model.asked[0].tools] == offered


def test_tools_cost_the_same_statements_however_many_of_a_source_there_are(make: Make, builder: User) -> None:
    others = [f"agent:{make(title=f'Other {n}').key}" for n in range(3)]
    costs = []
    for keys in (others[:1], others):
        with CaptureQueriesContext(connection) as caught:
            assert [tool.key for tool in tools_get(builder, builder, keys)] == keys
        costs.append(len(caught))
    assert costs[0] == costs[1]


def test_each_case_of_an_evaluation_has_the_money_of_a_run_to_itself(
    make: Make, says: Says, builder: User, work_off: WorkOff
) -> None:
    agent = make(tools=["dataset:list"], limits={"money": "1"})
    made = selectors.agent_get(who=builder, key=agent.key)
    for name in ("One", "Two"):
        fact = {"path": "output.topic", "op": "=", "value": "A parcel"}
        case_save(who=builder, user=builder, agent=made, name=name, data=LETTER, expected={"expect": [fact]})
    evaluation = evaluation_start(who=builder, user=builder, agent=made)

    def asks_once(request: Request) -> Any:
        if request.messages[-1].role == "tool":
            return json.dumps(ANSWER)
        about: dict[str, Any] = {"subject_kind": EVALUATION, "subject": evaluation.pk, "until": timezone.now()}
        ModelCall.objects.create(**about, purpose="agent", money=Decimal("0.6"), status="succeeded")
        return calls("dataset_list")

    says(asks_once)
    work_off()
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.passed, evaluation.total) == ("ended", 2, 2)


def test_a_tool_is_asked_and_its_answer_is_data_and_told(
    make: Make, says: Says, builder: User, work_off: WorkOff
) -> None:
    model = says(calls("dataset_list"), ANSWER, repeats=False)
    made = selectors.agent_get(who=builder, key=make(tools=["dataset:list"], guardrails={"must_ask": True}).key)
    run = runs.run_start(agent=made, data=LETTER, user=builder, who=builder, origin="console")
    work_off()
    run.refresh_from_db()
    assert run.status == "succeeded"
    assert model.asked[1].messages[-1].text.startswith("<data>")
    assert [each["tool"] for each in run.result.output["about"]["tools"]] == ["dataset:list"]


def test_an_answer_without_a_tool_is_refused_where_one_has_to_be_asked(
    make: Make, says: Says, builder: User, work_off: WorkOff
) -> None:
    says(ANSWER)
    made = selectors.agent_get(who=builder, key=make(tools=["dataset:list"], guardrails={"must_ask": True}).key)
    run = runs.run_start(agent=made, data=LETTER, user=builder, who=builder, origin="console")
    work_off()
    run.refresh_from_db()
    assert run.problem_code == "guardrail_broken"


def test_a_key_starts_no_agent_whose_tools_reach_further_than_itself(make: Make, builder: User) -> None:
    made: Any = selectors.agent_get(who=builder, key=make(tools=["dataset:list"]).key)
    tools_check(made, user=builder, who=Caller(builder, frozenset({"agents.run", "datasets.view"})))
    with pytest.raises(PermissionDenied, match="List of datasets"):
        tools_check(made, user=builder, who=Caller(builder, frozenset({"agents.run"})))


def test_a_key_reaches_nothing_through_an_agent_that_an_agent_asks(make: Make, builder: User) -> None:
    inner = make(tools=["dataset:list"], title="Inner")
    outer: Any = selectors.agent_get(who=builder, key=make(tools=[f"agent:{inner.key}"], title="Outer").key)
    scopes = frozenset({"agents.view", "agents.run", "runs.view"})
    tools_check(outer, user=builder, who=Caller(builder, scopes | {"datasets.view"}))
    with pytest.raises(PermissionDenied, match="List of datasets"):
        tools_check(outer, user=builder, who=Caller(builder, scopes))


def test_a_key_reaches_nothing_through_rows_that_it_has_run_again(make: Make, builder: User, board: Any) -> None:
    key = make(tools=["dataset:list"]).key
    batch = AgentBatch.objects.create(
        agent_key=key, agent_version="1", source="s", input={}, created_by=builder, origin="console", status="ended"
    )
    AgentRun.objects.create(
        agent_key=key, agent_version="1", input=LETTER, created_by=builder, batch=batch, batch_row=2, status="failed"
    )
    scopes = frozenset({"agents.view", "agents.run"})
    with pytest.raises(PermissionDenied, match="List of datasets"):
        batches.batch_retry(batch=batch, user=builder, who=Caller(builder, scopes))
    assert batches.batch_retry(batch=batch, user=builder, who=Caller(builder, scopes | {"datasets.view"})) == 1


def test_a_key_reaches_nothing_through_a_file_that_it_sends(make: Make, builder: User) -> None:
    inputs = [{"kind": "dataset", "name": "rows"}]
    key = make(tools=["dataset:list"], inputs=inputs, request="{rows}", examples=[]).key
    narrow = Caller(builder, frozenset({"agents.view", "agents.run", "datasets.upload"}))
    with pytest.raises(PermissionDenied, match="List of datasets"):
        runs.run_start_from_file(
            agent=selectors.agent_get(who=builder, key=key), data={}, file=BytesIO(b"a\n1\n"), filename="a.csv",
            user=builder, origin="api", who=narrow,
        )  # fmt: skip
    assert Dataset.objects.count() == 0


def test_an_agent_that_asks_itself_comes_to_an_end(
    make: Make, says: Says, builder: User, work_off: WorkOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make()
    content = content_now(agent).model_copy(update={"tools": [f"agent:{agent.key}"]})
    services.draft_save(who=builder, user=builder, agent=agent, content=content)
    services.custom_publish(who=builder, user=builder, agent=agent)
    told: list[str] = []

    def asks(request: Request) -> Any:
        if request.messages[-1].role == "tool":
            told.append(request.messages[-1].text)
            return json.dumps(ANSWER)
        return calls(request.tools[0].name, **LETTER)

    def waited(over: Any, ctx: Any) -> bool:
        work_off()  # a worker of the test's own takes up what a worker would
        return bool(over())

    monkeypatch.setattr("apps.agents.kinds.tools.wait_until", waited)
    model = says(asks)
    made = selectors.agent_get(who=builder, key=agent.key)
    runs.run_start(agent=made, data=LETTER, user=builder, who=builder, origin="console", fresh=True)
    work_off()
    assert [run.origin for run in AgentRun.objects.order_by("number")] == ["console", "agent:1", "agent:2", "agent:3"]
    assert {run.status for run in AgentRun.objects.all()} == {"succeeded"}
    assert "agents ask each other already" in told[0]
    assert len(model.asked) == 8


def test_what_is_at_hand_of_an_agent_with_tools_is_at_hand_for_the_same_person_alone(
    make: Make, says: Says, builder: User, member: MakeMember, work_off: WorkOff
) -> None:
    """What its tools found for one who may see more is not shown to one who may see less."""
    model = says(calls("dataset_list"), ANSWER, ANSWER, repeats=False)
    made = selectors.agent_get(who=builder, key=make(tools=["dataset:list"], fresh_minutes=60).key)
    viewer = member("viewer")
    for user, asked in ((builder, 2), (builder, 2), (viewer, 3)):
        runs.run_start(agent=made, data=LETTER, user=user, who=None, origin="workflow")
        work_off()
        assert len(model.asked) == asked


def test_a_model_that_is_told_to_stop_ends_the_run_as_cancelled(
    make: Make, says: Says, builder: User, work_off: WorkOff
) -> None:
    says(ModelStopped())
    asking = asks(
        made := cast(Any, selectors.agent_get(who=builder, key=make().key)), user=lambda: None, user_id=None,
        subject_kind="", subject=builder.pk, now=timezone.now(), origin="console", stopping=lambda: False,
    )  # fmt: skip
    ctx = RunContext(now=timezone.now(), load=lambda table: None, **asking)  # type: ignore[arg-type, return-value]
    assert ctx.model is not None
    with pytest.raises(RunCancelled):
        ctx.model.ask(Request(messages=()))
    with pytest.raises(RunCancelled):
        made.run(made.input_type(**LETTER), made.settings_type(), ctx)


def test_limits_of_an_agent_end_a_model_that_asks_for_ever(
    make: Make, says: Says, builder: User, work_off: WorkOff
) -> None:
    def asks(request: Request) -> Any:
        return calls("dataset_list")

    model = says(asks)
    made = selectors.agent_get(who=builder, key=make(tools=["dataset:list"], limits={"calls": 3}).key)
    run = runs.run_start(agent=made, data=LETTER, user=builder, who=builder, origin="console")
    work_off()
    run.refresh_from_db()
    assert (run.problem_code, len(model.asked)) == ("model_limit_reached", 3)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"tools": ["dataset:none"]}, "tools.0"),
        ({"actions": [{"kind": "no.such"}]}, "actions.0.kind"),
        ({"verdict": None, "actions": [{"kind": "agents.run"}]}, "verdict"),
        ({"verdict": {"field": "topic"}}, "verdict.field"),
        ({"request": "{nothing}"}, "request"),
        ({"outputs": [{"kind": "text", "name": "about"}], "verdict": None}, "outputs.0.name"),
        ({"inputs": [{"kind": "dataset", "name": name} for name in "ab"], "request": "", "examples": []}, "inputs"),
        ({"fall_back": {"urgency": "Never"}}, "fall_back"),
        ({"examples": [{"title": "A", "input": {}}]}, "examples.0.input"),
        ({"guardrails": {"must_ask": True}}, "guardrails.must_ask"),
    ],
)
def test_what_stands_against_publishing_is_told_by_its_place(
    make: Make, builder: User, content: dict[str, Any], path: str
) -> None:
    agent = make(publish=False, **content)
    with pytest.raises(InvalidInput) as caught:
        services.custom_publish(who=builder, user=builder, agent=agent)
    assert path in [each.path for each in caught.value.issues]
    agent.refresh_from_db()
    assert agent.published is None
