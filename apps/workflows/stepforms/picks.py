"""What the texts of steps are chosen from, by the name that a field gives as ``picks``. An app may register more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from apps.accounts.models import User
from apps.accounts.permissions import MEMBERS_VIEW
from apps.agents.finding import agents_here
from apps.common.actions import ACTIONS
from apps.common.permissions import ROLES, Principal
from apps.workflows.selectors import workflows_list
from apps.workflows.stepforms.nodes import Choice

Picks = Callable[[Principal], list[Choice]]

MOST_MEMBERS: Final = 500
PICKS: Final[dict[str, Picks]] = {}


def picks(name: str) -> Callable[[Picks], Picks]:
    """Declare what fields with ``picks: name`` are chosen from."""

    def register(listed: Picks) -> Picks:
        return PICKS.setdefault(name, listed)

    return register


@picks("agent")
def _agents(who: Principal) -> list[Choice]:
    return [Choice(agent.key, agent.title, agent.industry) for agent in agents_here()]


@picks("workflow")
def _workflows(who: Principal) -> list[Choice]:
    return [Choice(each.name, each.title) for each in workflows_list(who=who) if each.published_id is not None]


@picks("action")
def _actions(who: Principal) -> list[Choice]:
    return [Choice(kind, ACTIONS[kind].title) for kind in ACTIONS.keys()]  # noqa: SIM118  # a registry, no mapping


@picks("role")
def _roles(who: Principal) -> list[Choice]:
    return [Choice(role.key, role.title, role.summary) for role in ROLES.values()]


@picks("member")
def _members(who: Principal) -> list[Choice]:
    """Those whom whoever asks may see; others are typed in."""
    if not who.can(MEMBERS_VIEW):
        return []
    found = User.objects.filter(is_active=True, is_service=False, valid_until=None).order_by("name", "email")
    return [Choice(each.email, each.name, each.role) for each in found.only("email", "name", "role")[:MOST_MEMBERS]]


def chosen_from(name: str, who: Principal, chosen: Any) -> list[Choice]:
    """What there is to choose from, with what is chosen even where that is none of it."""
    listed = PICKS.get(name)
    made = listed(who) if listed is not None else []
    wanted = [each for each in (chosen if isinstance(chosen, list) else [chosen]) if isinstance(each, str) and each]
    there = {each.value for each in made}
    made = [Choice(each.value, each.label, each.about, each.value in wanted) for each in made]
    return [*made, *(Choice(each, each, "not known here", chosen=True) for each in wanted if each not in there)]
