"""Start another agent on what one has found."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from apps.accounts.models import User
from apps.agents import selectors, services
from apps.agents.permissions import AGENTS_RUN
from apps.common.actions import ActionKind, Outcome
from apps.common.permissions import Principal, demand
from apps.common.schemas import StrictModel


class AgentStart(StrictModel):
    agent: str
    """Key of the agent."""
    input: dict[str, Any] = {}


class RunAgent(ActionKind[AgentStart]):
    """Start a run of another agent."""

    kind, title, permission, icon = "agents.run", "Start an agent", AGENTS_RUN, "player-play"

    def perform(self, *, who: Principal, user: User | None, arguments: AgentStart) -> Outcome:
        demand(who, AGENTS_RUN)
        agent = selectors.agent_get(who=who, key=arguments.agent)
        run = services.run_start(agent=agent, data=arguments.input, user=user, who=who, origin="action")
        return Outcome(f"{agent.title} was started as {run.ref}.", reverse("agents:run", args=[run.number]))
