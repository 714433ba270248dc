"""The palette: one box that finds pages and things by words. Apps register searchers in their `navigation.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.common.registry import Registry
from apps.console.navigation import allowed

LONGEST_QUERY = 100
PER_SEARCHER = 6


@dataclass(frozen=True)
class Found:
    title: str
    url: str
    icon: str
    hint: str = ""


@dataclass(frozen=True)
class Searcher:
    key: str
    title: str
    """Heading over what it finds, for example "Runs"."""
    search: Callable[[HttpRequest, str], Iterable[Found]]
    """Best first; the text may be empty: then what the person most likely wants. Only the first few are taken."""
    permission: str = ""
    order: int = 50


SEARCHERS: Registry[Searcher] = Registry("Searcher")


def searcher(item: Searcher) -> Searcher:
    return SEARCHERS.register(item.key, item)


def palette_search(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    """What the person may open and the text finds: a list of groups, each with a title and its items."""
    # PostgreSQL refuses NUL in text.
    text = text.replace("\x00", "").strip()[:LONGEST_QUERY]
    groups = []
    for item in sorted(SEARCHERS, key=lambda each: (each.order, each.key)):
        if item.permission and not request.user.can(item.permission):  # type: ignore[union-attr]
            continue
        found = [
            {"title": each.title, "url": each.url, "icon": each.icon, "hint": each.hint}
            for each, _ in zip(item.search(request, text), range(PER_SEARCHER), strict=False)
        ]
        if found:
            groups.append({"title": item.title, "items": found})
    return groups


def _pages(request: HttpRequest, text: str) -> list[Found]:
    wanted = text.lower().split()
    pages = [Found(item.title, reverse(item.url), item.icon, item.summary) for item in allowed(request)]
    pages.append(Found("Help & shortcuts", reverse("console:help"), icon="help", hint="Keys, states and words"))
    return [page for page in pages if all(word in f"{page.title} {page.hint}".lower() for word in wanted)]


searcher(Searcher(key="console.pages", title="Pages", search=_pages, order=10))
