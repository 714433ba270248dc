"""Agents by their keys: those that the program has, and those that the current tenant has made."""

from __future__ import annotations

from typing import Any

from apps.agents.contract import AGENTS, Agent
from apps.agents.custom import store
from apps.agents.custom.contents import PREFIX
from apps.tenants.context import current_tenant

AnyAgent = Agent[Any, Any, Any]
CUSTOM = PREFIX.rstrip(".")
"""Where an industry stands for others."""


def agent_of(key: str, version: str = "") -> AnyAgent | None:
    """An agent; None where there is none. Of the tenant's own the `version` that a run has kept to, or else what is
    published: one statement then."""
    if not key.startswith(PREFIX):
        return AGENTS.get(key)
    return store.pinned(key, version) if version else store.published(key)


def agent_shown(key: str) -> AnyAgent | None:
    """An agent for its title and its words, which may be a few seconds old: a list costs one statement at most."""
    return store.shown(key) if key.startswith(PREFIX) else AGENTS.get(key)


def agents_here() -> list[AnyAgent]:
    """Every agent of the industries enabled here, and the tenant's own, by industry and title. One statement."""
    enabled = current_tenant().industries
    found = [agent for agent in AGENTS if agent.industry in enabled]
    found.sort(key=lambda agent: (enabled.index(agent.industry), agent.title))
    return [*found, *store.every()]


def is_here(agent: AnyAgent) -> bool:
    """Whether it is one of the tenant's own, or of an industry that is enabled."""
    return agent.industry == CUSTOM or agent.industry in current_tenant().industries


def title_of(key: str) -> str:
    """What an agent is called; its key where there is none any more."""
    agent = agent_shown(key)
    return agent.title if agent else key
