"""The cards of the dashboard. Apps register theirs in their `navigation.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.http import HttpRequest

from apps.common.registry import Registry

Width = Literal["action", "quarter", "third", "half", "two-thirds", "full"]

# Columns of twelve on a wide screen; a quarter keeps half of the width on a phone. An action is no card, but stands
# beside the title of the page.
COLUMNS: dict[Width, str] = {
    "action": "",
    "quarter": "col-6 col-xl-3",
    "third": "col-12 col-xl-4",
    "half": "col-12 col-xl-6",
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
    shown = []
    for item in sorted(CARDS, key=lambda each: (each.order, each.key)):
        if item.permission and not request.user.can(item.permission):  # type: ignore[union-attr]
            continue
        context = item.context(request)
        if context is not None:
            shown.append(Shown(item, COLUMNS[item.width], context))
    return shown
