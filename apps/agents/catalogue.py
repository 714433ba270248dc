"""The catalogue: the agents of the industries enabled here, what each needs, how well it does, and how it goes now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apps.accounts.models import User
from apps.agents.configurations import runs_for
from apps.agents.contract import Agent, Measure
from apps.agents.drift.watching import watches_drifting
from apps.agents.finding import CUSTOM
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import RUNS_VIEW
from apps.agents.pulse import Health, agents_health
from apps.agents.selectors import agents_list, is_found
from apps.common.industries import IndustryConfig, industries
from apps.common.permissions import Principal

STATES: Final = {
    "well": "No failures",
    "failed": "Some runs failed",
    "broken": "All runs failed",
    "idle": "Not run",
}
"""How an agent went in the last 24 hours: words that one filters by."""


@dataclass(frozen=True)
class Entry:
    """One agent as the catalogue shows it."""

    agent: Agent[Any, Any, Any]
    health: Health | None
    """None: this person may not see runs."""
    configuration: AgentConfiguration | None
    """How it is set up here; None: as it comes."""
    drifting: bool
    allowed: bool
    """Whether this person's role may run it, of those that may run agents."""

    @property
    def state(self) -> str:
        """One of `STATES`; empty where nobody may tell."""
        if self.health is None:
            return ""
        if not self.health.succeeded + self.health.failed:
            return "idle"
        if not self.health.failed:
            return "well"
        return "failed" if self.health.succeeded else "broken"

    @property
    def needs(self) -> tuple[str, str]:
        """What it works on: an icon, and words."""
        if not self.agent.table_field:
            return "forms", "A form"
        return "table", "A table" if self.agent.table_required else "A form, or a table"

    @property
    def verdicts(self) -> str:
        return ", ".join(verdict.title for verdict in self.agent.verdicts.values())

    @property
    def measured(self) -> Measure | None:
        """The figure of its model card that stands for it, of those that had something to reach."""
        card = self.agent.card()
        judged = card.judged if card else []
        return next((each for each in judged if each.name == self.agent.figure), judged[0] if judged else None)


@dataclass(frozen=True)
class Own:
    """What stands for an industry where agents are the tenant's own."""

    label: str = CUSTOM
    title: str = "Made here"
    icon: str = "wand"
    summary: str = "Agents of your own: a prompt, tools, and what comes out."


@dataclass(frozen=True)
class Section:
    """The agents of one industry."""

    industry: IndustryConfig | Own
    entries: list[Entry]


@dataclass(frozen=True)
class Catalogue:
    sections: list[Section]
    industries: list[IndustryConfig | Own]
    """Those that have an agent here, whatever it is narrowed to."""
    found: int
    of: int


def catalogue(*, who: Principal, user: User | None, search: str = "", industry: str = "", state: str = "") -> Catalogue:
    """The catalogue as narrowed; what is empty does not narrow. `user` is the member who looks.

    Five statements, however many agents there are.
    """
    every = agents_list(who=who)
    wanted = {agent.key for agent in every if is_found(agent, search)} if search else None
    health = agents_health(who=who) if who.can(RUNS_VIEW) else None
    drifting = {watch.agent_key for watch in watches_drifting(who=who)} if who.can(RUNS_VIEW) else set()
    newest = AgentConfiguration.objects.order_by("agent_key", "-number").distinct("agent_key").defer("settings")
    configured = {each.agent_key: each for each in newest}
    entries = [
        Entry(
            agent=agent,
            health=None if health is None else health.get(agent.key, Health()),
            configuration=configured.get(agent.key),
            drifting=agent.key in drifting,
            allowed=runs_for(user=user, configuration=configured.get(agent.key)),
        )
        for agent in every
    ]
    shown = [
        each
        for each in entries
        if (wanted is None or each.agent.key in wanted)
        and (not industry or each.agent.industry == industry)
        and (not state or each.state == state)
    ]
    known: dict[str, IndustryConfig | Own] = {**industries(), CUSTOM: Own()}
    order = list(dict.fromkeys(agent.industry for agent in every))
    sections = [Section(known[key], [each for each in shown if each.agent.industry == key]) for key in order]
    return Catalogue(
        sections=[section for section in sections if section.entries],
        industries=[known[key] for key in order],
        found=len(shown),
        of=len(every),
    )
