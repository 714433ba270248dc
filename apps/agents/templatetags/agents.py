"""Template helpers about agents."""

from __future__ import annotations

from django import template

from apps.agents.contract import AGENTS

register = template.Library()


@register.filter
def agent_title(key: str) -> str:
    """The title of an agent by its key; the key itself for an agent that is no longer installed."""
    agent = AGENTS.get(key)
    return agent.title if agent else key
