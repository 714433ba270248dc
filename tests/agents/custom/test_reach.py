"""How far a custom agent reaches: no further than its list, the person behind it, and the key that starts it."""

from __future__ import annotations

from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents import selectors
from apps.agents import services as runs
from apps.agents.asking import tools_check
from apps.agents.custom import services
from apps.ai.contract import Request
from apps.common.errors import InvalidInput, PermissionDenied
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
