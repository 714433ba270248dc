"""Custom agents for tests, and a model by script that they ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from apps.accounts.models import User
from apps.agents.custom import services
from apps.agents.custom.contents import EXAMPLE
from apps.agents.models import CustomAgent
from apps.ai.contract import Reply, ToolCall
from apps.ai.fake import FakeModel, Scripted, standing_in
from apps.tenants.models import Tenant
from tests.agents.conftest import board, finished, start, work_off
from tests.conftest import MakeMember

__all__ = ["ANSWER", "board", "calls", "finished", "start", "work_off"]

ANSWER: dict[str, Any] = {"urgency": "Urgent", "topic": "A parcel", "reasons": ["It has not come."]}
Make = Callable[..., CustomAgent]
Says = Callable[..., FakeModel]


def calls(*names: str, **arguments: Any) -> Reply:
    """A reply that asks tools of these names."""
    return Reply(calls=tuple(ToolCall(id=f"c{n}", name=name, arguments=arguments) for n, name in enumerate(names)))


@pytest.fixture
def builder(acme: Tenant, member: MakeMember) -> User:
    return member("builder")


@pytest.fixture
def make(builder: User) -> Make:
    """`make(publish=True, **content)`: the example agent with other content."""

    def made(*, publish: bool = True, **content: Any) -> CustomAgent:
        parsed = services.content_parse({**EXAMPLE, **content})
        agent = services.custom_create(who=builder, user=builder, content=parsed)
        if publish:
            services.custom_publish(who=builder, user=builder, agent=agent)
            agent.refresh_from_db()
        return agent

    return made


@pytest.fixture
def says() -> Iterator[Says]:
    """`says(*replies)`: have every model of the test answer so; a dict is JSON."""
    with ExitStack() as stack:

        def script(*replies: Scripted | dict[str, Any], repeats: bool = True) -> FakeModel:
            told = [json.dumps(each) if isinstance(each, dict) else each for each in replies]
            model = FakeModel(*told, repeats=repeats)
            stack.enter_context(standing_in(model))
            return model

        yield script
