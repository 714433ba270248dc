"""What needs somebody's attention, from any app: the card of the dashboard shows it beside what of the runs does.

Apps register theirs in their `navigation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest

from apps.common.registry import Registry


@dataclass(frozen=True)
class Wanted:
    title: str
    text: str
    """In a sentence: what, and what happens meanwhile."""
    url: str
    tone: Literal["failed", "late"]
    icon: str


@dataclass(frozen=True)
class Source:
    items: Callable[[HttpRequest], list[Wanted]]
    """The most urgent first."""
    permission: str


ATTENTION: Registry[Source] = Registry("Source of what needs attention")


def attention(key: str, items: Callable[[HttpRequest], list[Wanted]], *, permission: str) -> None:
    ATTENTION.register(key, Source(items, permission))


def attention_of(request: HttpRequest) -> list[Wanted]:
    """What needs this person's attention, source by source."""
    allowed = [source for source in ATTENTION if request.user.can(source.permission)]  # type: ignore[union-attr]
    return [item for source in allowed for item in source.items(request)]
