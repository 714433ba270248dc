"""What an agent may ask while it runs besides its data: a model, and tools with the rights of whoever it runs for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum

from apps.accounts.models import User
from apps.agents.contract import Agent, RunCancelled
from apps.agents.finding import agent_of
from apps.ai import calling
from apps.ai.contract import Model, Purpose, Reply, Request
from apps.ai.failures import ModelStopped
from apps.ai.models import ModelCall
from apps.ai.tooling import depth_of
from apps.ai.tools import Tool, ToolContext, tools_get
from apps.common.errors import PermissionDenied
from apps.common.permissions import Principal
from apps.gateway.principals import Caller

ORIGIN = "agent"
AGENTS_SOURCE = "agent"
"""Source of the tools that are agents (`kinds.tools`)."""


class AskedInRun:
    """A model as an agent has it: where the run is to stop it says so as `progress` does, and not as a model that has
    failed, for which an agent may have another way."""

    def __init__(self, model: Model) -> None:
        self.name, self._model = model.name, model

    def ask(self, request: Request, *, told: Callable[[str], None] | None = None) -> Reply:
        try:
            return self._model.ask(request, told=told)
        except ModelStopped as stopped:
            raise RunCancelled from stopped


def asks(
    agent: Agent[Any, Any, Any],
    *,
    user: Callable[[], User | None],
    user_id: UUID | None,
    subject_kind: str,
    subject: UUID,
    now: datetime,
    origin: str,
    stopping: Callable[[], bool],
    is_demo: bool = False,
    since: datetime | None = None,
) -> dict[str, Any]:
    """What `RunContext` takes for it. Nothing is looked up before the agent asks, but for the person behind tools.

    With `since`, what models have cost counts from then on: for one of several that are done for the same subject.
    """
    purpose = Purpose(
        what=ORIGIN, agent_key=agent.key, user_id=user_id, subject_kind=subject_kind, subject=subject,
        prompt=f"{agent.key}@{agent.version}", is_demo=is_demo,
    )  # fmt: skip
    person = user() if agent.tools and user_id else None

    def tools(keys: Sequence[str]) -> list[Tool]:
        if person is None or not person.is_active:
            return []
        return [tool for tool in tools_get(person, person, [key for key in keys if key in agent.tools]) if tool.is_read]

    def choose() -> Model | None:
        model = calling.model_for(purpose, stopping=stopping)
        return model and AskedInRun(model)

    def spent() -> Decimal:
        calls = ModelCall.objects.filter(subject_kind=subject_kind, subject=subject)
        calls = calls.filter(created_at__gte=since) if since else calls
        return calls.aggregate(spent=Sum("money"))["spent"] or Decimal(0)

    return {
        "choose": choose,
        "tools": tools,
        "spent": spent,
        "asking": person
        and ToolContext(who=person, user=person, now=now, origin=ORIGIN, depth=depth_of(origin) + 1, stopping=stopping),
    }


def tools_check(agent: Agent[Any, Any, Any], *, user: User | None, who: Principal | None) -> None:
    """Raise `PermissionDenied` where a key starts an agent whose tools reach further than the key itself.

    A run has the rights of its member. A key that may do less than the member must not reach more through an agent,
    nor through one that this agent asks.
    """
    if not agent.tools or user is None or not isinstance(who, Caller) or who.scopes is None:
        return
    keys = _reached(agent)
    theirs = {tool.key for tool in tools_get(who, user, keys)}
    for tool in tools_get(user, user, keys):
        if not all(map(who.can, tool.scopes)) or tool.key not in theirs:
            raise PermissionDenied(
                f"{agent.title} asks the tool {tool.title}, which this key may not use; nothing was started.",
                remedy="Give the key the scopes of what the agent reads, or start the agent as a person.",
            )


def _reached(agent: Agent[Any, Any, Any]) -> list[str]:
    """The keys of the tools that an agent asks, and of those that agents among them ask."""
    found, ahead = dict[str, None](), [agent]
    while ahead:
        for key in ahead.pop().tools:
            if key in found:
                continue
            found[key] = None
            source, _, thing = key.partition(":")
            if source == AGENTS_SOURCE and (asked := agent_of(thing)) is not None:
                ahead.append(asked)
    return list(found)
