"""What needs somebody's attention, from any app: the most urgent of it on the dashboard, all of it on a page.

Apps register theirs in their `navigation`. Each says how urgent a thing is, so that all of them stand in one order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.http import HttpRequest

from apps.common.registry import Registry
from apps.console.cards import Card, card

SHOWN: Final = 4
"""How much of it stands on the dashboard."""
USUAL: Final = 50


@dataclass(frozen=True)
class Wanted:
    title: str
    text: str
    """In a sentence: what, and what happens meanwhile."""
    url: str
    tone: Literal["failed", "late", "waiting"]
    icon: str
    at: datetime | None = None
    """Since when, where that is known."""
    urgency: int = USUAL
    """What has the smaller number comes first."""


@dataclass(frozen=True)
class Source:
    items: Callable[[HttpRequest], list[Wanted]]
    """The most urgent first."""
    permission: str


ATTENTION: Registry[Source] = Registry("Source of what needs attention")


def attention(key: str, items: Callable[[HttpRequest], list[Wanted]], *, permission: str) -> None:
    ATTENTION.register(key, Source(items, permission))


def attention_of(request: HttpRequest) -> list[Wanted]:
    """What needs this person's attention, the most urgent first; of equals, as the sources have it."""
    found = [item for source in _allowed(request) for item in source.items(request)]
    return sorted(found, key=lambda item: item.urgency)


def _allowed(request: HttpRequest) -> list[Source]:
    return [source for source in ATTENTION if request.user.can(source.permission)]  # type: ignore[union-attr]


def _card(request: HttpRequest) -> dict[str, Any] | None:
    """None for who is told of nothing, whatever happens."""
    if not _allowed(request):
        return None
    items = attention_of(request)
    return {"items": items[:SHOWN], "found": len(items), "more": max(0, len(items) - SHOWN)}


card(Card("console.attention", "console/cards/attention.html", _card, width="third", order=21))
