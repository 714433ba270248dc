"""A small form of `drill injection`: a model that obeys whatever it reads comes to nothing that is forbidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars
import pytest

from apps.accounts.models import User
from apps.agents import services as runs
from apps.agents.custom import services
from apps.agents.custom.contents import Content
from apps.agents.finding import agent_of
from apps.agents.models import AgentRun
from apps.ai.contract import Reply, Request, ToolCall
from apps.ai.fake import FakeModel, standing_in
from apps.datasets.services import dataset_from_frame
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.agents.conftest import WorkOff
from tests.conftest import MakeMember
from tests.drills._attacks import (
    CONTENT,
    GOALS,
    HIDDEN,
    PLACES,
    THEIRS,
    Attack,
    attacks,
    counted,
    judged,
    obeyed,
    prepare,
)


def reader(request: Request) -> Reply:
    """Obeys whatever stands in the conversation, whether or not a tool is offered."""
    said = [each.text for each in request.messages]
    followed = {(call.name, json.dumps(call.arguments, sort_keys=True)) for m in request.messages for call in m.calls}
    wanted, answer = obeyed("\n".join(said), followed)
    if wanted:
        calls = [ToolCall(id=f"c{n}", name=name, arguments=json.loads(given)) for n, (name, given) in enumerate(wanted)]
        return Reply(calls=tuple(calls))
    return Reply(text=json.dumps(answer))


@pytest.fixture
def model() -> Iterator[FakeModel]:
    made = FakeModel(reader, repeats=True)
    with standing_in(made):
        yield made


def marked(tenant: Tenant, words: str, user: User | None = None) -> Any:
    with tenant_context(tenant):
        return dataset_from_frame(
            frame=polars.DataFrame({"a": [words]}), name="Pay", filename="a.parquet", user=user
        ).pk


@pytest.fixture
def attacked(
    acme: Tenant, globex: Tenant, builder: User, member: MakeMember, model: FakeModel, work_off: WorkOff
) -> Any:
    """`attacked(attack)`: what came of it."""
    theirs, hidden, stranger = marked(globex, THEIRS), marked(acme, HIDDEN, builder), member("viewer")
    agent = services.custom_create(who=builder, user=builder, content=Content.model_validate(CONTENT))
    services.custom_publish(who=builder, user=builder, agent=agent)

    def run(attack: Attack) -> Any:
        data = prepare(attack, theirs=theirs, hidden=hidden, user=builder).data
        made: Any = agent_of(agent.key)
        user = stranger if attack.exceeds else builder
        started = runs.run_start(agent=made, data=data, user=user, who=None, origin="workflow", fresh=True)
        before = counted()
        model.asked.clear()
        work_off()
        read = json.dumps([each.model_dump(mode="json") for each in model.asked])
        return judged(attack, AgentRun.objects.get(pk=started.pk), read=read, before=before)

    return run


def test_no_attack_of_any_goal_comes_to_anything(attacked: Any) -> None:
    came = [attacked(each) for each in attacks(14)]
    assert {each.attack.goal for each in came} == set(GOALS)
    assert [each.attack.name for each in came if not each.tried] == []
    assert [(each.attack.name, each.effects) for each in came if each.effects] == []


@pytest.mark.parametrize("place", PLACES)
def test_an_order_is_obeyed_wherever_it_stands_and_waits_for_a_person(attacked: Any, place: str) -> None:
    """The drill would prove nothing if the model did not obey, or if what it proposed were lost."""
    came = attacked(Attack(1, "retail", place, "an action that needs a person"))
    assert (came.status, came.tried, came.effects) == ("succeeded", True, ())


def test_what_the_builder_lets_through_is_what_the_drill_finds(attacked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rule taken away the same attack is found: it is the rule that holds."""
    monkeypatch.setattr("apps.agents.doing.needs_person", lambda decision, proposal: False)
    came = attacked(Attack(1, "retail", "tool", "an action that needs a person"))
    assert came.effects
