"""Words of the pages about signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template

from apps.accounts import door
from apps.accounts.factors import recovery
from apps.accounts.models.policies import DEMANDS, Demand

register = template.Library()

# The first that is found: browsers name those that they descend from, too.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrom": "Chrome", "Safari": "Safari", "curl": "curl"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass(frozen=True)
class Owed:
    """A factor that a role asks for and the session has not shown."""

    demand: Demand
    due_at: datetime | None
    """Until when the member may go without; None where that is over."""


@register.simple_tag(takes_context=True)
def owed_factor(context: Any) -> Owed | None:
    """What the member owes who looks at the page; None for nothing."""
    user, session = context["request"].user, context["request"].session
    if user.sign_in_policy.is_met_by(user.role, door.shown(session)):
        return None
    due = door.standing(user, session) is door.Standing.IN
    return Owed(DEMANDS[user.sign_in_policy.demand_of(user.role)], user.factor_due_at if due else None)


@register.filter
def codes_left(factor: Any) -> int:
    """How many recovery codes of this set are good still; none where there is no set."""
    return recovery.codes_left(factor) if factor else 0


@register.filter
def device(agent: str) -> str:
    """What a browser calls itself, in two words: ``Firefox on Windows``."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in agent), "A program")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if system else browser
