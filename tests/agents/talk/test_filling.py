"""An agent's input from plain words: what the model may tell, what is kept of it, and that nothing is started."""

from __future__ import annotations

import io
from typing import Any

import pytest

from apps.agents.contract import AGENTS
from apps.agents.models import AgentRun
from apps.agents.talk import filling
from apps.agents.talk.asking import ModelRefused, NoModel
from apps.ai.contract import Reply
from apps.ai.failures import AnswerUnusable
from apps.ai.fake import FakeModel, standing_in
from apps.common.errors import InvalidInput, PermissionDenied
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from tests.agents.conftest import WEEKLY

pytestmark = pytest.mark.usefixtures("acme")
COUNTER = AGENTS["dummy.counter"]


def told(could_not_tell: list[str] | None = None, **data: Any) -> Reply:
    return Reply(data={"input": data, "could_not_tell": could_not_tell or []})


def fill(member: Any, model: FakeModel, text: str = "Count to seven", role: str = "analyst") -> filling.Filled:
    user = member(role)
    with standing_in(model):
        return filling.fill(who=user, user=user, agent=COUNTER, text=text)


def upload(member: Any, name: str) -> Dataset:
    return dataset_upload(file=io.BytesIO(WEEKLY), name=name, user=member("builder"), sheet="")


def test_words_become_an_input_and_start_nothing(member: Any) -> None:
    model = FakeModel(told(steps=7, could_not_tell=["How fast to count"]))
    filled = fill(member, model)
    assert filled.data == {"steps": 7}
    assert filled.untold == ["How fast to count"]
    assert filled.issues == []
    assert filled.model == "fake"
    assert AgentRun.objects.count() == 0
    assert "Count to seven" in model.asked[0].messages[1].text


def test_what_the_agent_does_not_take_is_left_out_and_named(member: Any) -> None:
    filled = fill(member, FakeModel(told(steps=7000, mood="calm")))
    assert filled.data == {"mood": "calm"}
    assert [each.path for each in filled.issues] == ["steps"]
    assert "It was left out." in filled.issues[0].message


def test_what_is_required_and_was_not_told_is_named(member: Any) -> None:
    agent, user = AGENTS["dummy.decider"], member("analyst")
    with standing_in(FakeModel(told(known=["Ada"]))):
        filled = filling.fill(who=user, user=user, agent=agent, text="Ada is known")
    assert filled.data == {"known": ["Ada"]}
    assert [each.message for each in filled.issues] == ["Table is needed."]


def test_the_model_is_told_names_of_datasets_and_never_a_row(member: Any) -> None:
    dataset = upload(member, "Sales of the week.csv")
    model = FakeModel(told(steps=3, table=dataset.name))
    filled = fill(member, model, "Count the sales of the week")
    (request,) = model.asked
    assert request.answer_schema is not None
    assert request.answer_schema["properties"]["input"]["properties"]["table"]["enum"] == [dataset.name, None]
    assert "Coffee" not in request.model_dump_json()
    assert filled.data == {"steps": 3, "table": {"dataset": str(dataset.pk)}}


def test_two_datasets_of_one_name_are_told_apart(member: Any) -> None:
    first, second = upload(member, "Sales.csv"), upload(member, "Sales.csv")
    offered = filling.datasets_offered(who=member("analyst"), agent=COUNTER)
    assert {name: each.pk for name, each in offered.items()} == {
        second.name: second.pk,
        f"{first.name} (2)": first.pk,
    }


def test_nothing_of_an_input_is_required_of_the_model_and_nothing_else_is_taken() -> None:
    schema = filling.answer_schema(AGENTS["dummy.decider"], [])
    given = schema["properties"]["input"]
    assert "required" not in given
    assert given["additionalProperties"] is False
    assert "table" not in given["properties"]


def test_an_answer_that_is_no_input_is_refused(member: Any) -> None:
    with pytest.raises(AnswerUnusable):
        fill(member, FakeModel('{"input": {"start": "a run"}, "could_not_tell": []}'))
    with pytest.raises(ModelRefused, match="I will not"):
        fill(member, FakeModel(Reply(refusal="I will not.")))


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001])
def test_a_text_that_says_nothing_or_too_much_is_not_sent(member: Any, text: str) -> None:
    with pytest.raises(InvalidInput):
        fill(member, FakeModel(), text)


def test_without_a_model_nothing_is_filled_in(member: Any) -> None:
    user = member("analyst")
    with pytest.raises(NoModel):
        filling.fill(who=user, user=user, agent=COUNTER, text="Count")


def test_who_may_not_run_agents_fills_in_no_form(member: Any) -> None:
    with pytest.raises(PermissionDenied):
        fill(member, FakeModel(), role="viewer")
