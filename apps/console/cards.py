"""The cards of the dashboard. Apps register theirs in their `navigation.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest

from apps.common.registry import Registry

Width = Literal["action", "quarter", "third", "half", "two-thirds", "full"]

# Columns of twelve on a wide screen; a quarter keeps half of the width on a phone. An action is no card, but stands
# beside the title of the page. What is alone in a row takes all of it.
COLUMNS: dict[Width, str] = {
    "action": "",
    "quarter": "col-6 col-xl-3",
    "third": "col-12 col-xl-4",
    "half": "col-12 col-xl-6 flex-grow-1",
    "two-thirds": "col-12 col-xl-8",
    "full": "col-12",
}


@dataclass(frozen=True)
class Card:
    key: str
    template: str
    """Renders the whole card, an element of class `card`; it gets the context below and the request's."""
    context: Callable[[HttpRequest], dict[str, Any] | None]
    """What the template needs, or None when there is nothing to show: then the card is left out."""
    permission: str = ""
    """The code that a person needs; empty: everybody who is signed in."""
    width: Width = "half"
    order: int = 50
    script: str = ""
    """A module under static/ that the card needs, for example ``agents/runs.js``."""
    instead_of: str = ""
    """The key of a card whose place it takes wherever it is shown itself; that one is not asked for anything then."""


CARDS: Registry[Card] = Registry("Card")


def card(item: Card) -> Card:
    return CARDS.register(item.key, item)


@dataclass(frozen=True)
class Shown:
    card: Card
    columns: str
    context: dict[str, Any]


def cards_of(request: HttpRequest) -> list[Shown]:
    """The cards that this person may see and that have something to say, in the order shown."""
    allowed = [item for item in CARDS if not item.permission or request.user.can(item.permission)]  # type: ignore[union-attr]
    shown: list[Shown] = []
    replaced: set[str] = set()
    for item in sorted(allowed, key=lambda each: not each.instead_of):
        context = None if item.key in replaced else item.context(request)
        if context is not None:
            shown.append(Shown(item, COLUMNS[item.width], context))
            replaced.add(item.instead_of)
    return sorted(shown, key=lambda each: (each.card.order, each.card.key))


def card_of(request: HttpRequest, key: str) -> Shown | None:
    """One card by itself, for a page that renews it; None where this person is shown none of this key."""
    item = CARDS.get(key)
    if item is None or (item.permission and not request.user.can(item.permission)):  # type: ignore[union-attr]
        return None
    context = item.context(request)
    return None if context is None else Shown(item, COLUMNS[item.width], context)
