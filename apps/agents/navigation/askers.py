"""The agents, where models are chosen for them."""

from apps.agents import selectors
from apps.agents.permissions import AGENTS_VIEW
from apps.ai.askers import ASKERS, Asker, AskerSource
from apps.common.permissions import Principal


def _agents(who: Principal) -> list[Asker]:
    if not who.can(AGENTS_VIEW):
        return []
    return [Asker(agent.key, agent.title, agent.icon) for agent in selectors.agents_list(who=who)]


ASKERS.register("agents", AskerSource("agents", "Agents", _agents))
