"""What a step can be made of: a kind of step, an agent, another workflow, or what may be done on a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from apps.agents import selectors as agents
from apps.agents.permissions import AGENTS_VIEW
from apps.common.actions import ACTIONS
from apps.common.errors import InvalidInput, Issue
from apps.common.permissions import Principal
from apps.workflows.definition import STEP_KINDS
from apps.workflows.selectors import workflows_list

CHOSEN_BY_NAME: Final = frozenset({"agent", "workflow", "act"})
"""Kinds of steps that are added by what they call."""


@dataclass(frozen=True)
class Offer:
    """One thing that a step can be made of. `what` names it in a form: ``agent:<key>``."""

    what: str
    title: str
    about: str
    icon: str
    step: dict[str, Any]


@dataclass(frozen=True)
class Offered:
    title: str
    offers: list[Offer]


def offered(*, who: Principal, workflow: str, find: str = "") -> list[Offered]:
    """All that a step of the workflow of this name can be made of, by sort; narrowed to those in which the words stand.

    Two statements, whatever there is.
    """
    words = find.lower().split()
    found = [
        Offered("Steps", _kinds()),
        Offered("Agents", _agents(who)),
        Offered("Workflows", [each for each in _workflows(who) if each.what != f"workflow:{workflow}"]),
        Offered("Actions on what an agent proposes", _actions()),
    ]
    narrowed = [Offered(each.title, [one for one in each.offers if _has(one, words)]) for each in found]
    return [each for each in narrowed if each.offers]


def offer_get(*, who: Principal, workflow: str, what: str) -> Offer:
    """What a form has named. Raises `InvalidInput`."""
    listed = (one for each in offered(who=who, workflow=workflow) for one in each.offers)
    found = next((one for one in listed if one.what == what), None)
    if found is None:
        issue = Issue(path="add", message=f"There is no {what[:100]!r} here.")
        raise InvalidInput("No step can be made of this; nothing was added.", issues=[issue])
    return found


def _has(offer: Offer, words: list[str]) -> bool:
    text = f"{offer.title} {offer.about} {offer.what}".lower()
    return all(word in text for word in words)


def _kinds() -> list[Offer]:
    return [
        Offer(f"kind:{key}", kind.label, _first_sentence(kind.__doc__), kind.icon, {"kind": key, **kind.proposed})
        for key in STEP_KINDS.keys()  # noqa: SIM118  # a registry, no mapping
        if key not in CHOSEN_BY_NAME
        for kind in [STEP_KINDS[key]]
    ]


def _agents(who: Principal) -> list[Offer]:
    if not who.can(AGENTS_VIEW):
        return []
    return [
        Offer(
            f"agent:{agent.key}",
            agent.title,
            agent.summary,
            STEP_KINDS["agent"].icon,
            {"kind": "agent", "title": agent.title, "agent": agent.key},
        )
        for agent in agents.agents_list(who=who)
    ]


def _workflows(who: Principal) -> list[Offer]:
    return [
        Offer(
            f"workflow:{each.name}",
            each.title,
            "Another workflow runs, and gives its outputs.",
            STEP_KINDS["workflow"].icon,
            {"kind": "workflow", "title": each.title, "workflow": each.name},
        )
        for each in workflows_list(who=who)
        if each.published_id is not None
    ]


def _actions() -> list[Offer]:
    return [
        Offer(
            f"act:{action.kind}",
            action.title,
            "It is done where an agent's step before it proposes it.",
            action.icon,
            {"kind": "act", "title": action.title, "kinds": [action.kind]},
        )
        for action in ACTIONS
    ]


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())
