"""The navigation, and the pages that the shell brings itself. Other apps register theirs in their `navigation.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from django.http import HttpRequest
from django.urls import reverse

from apps.common.registry import Registry
from apps.console.tallies import Tally, number_of

Group = Literal["Operate", "Build", "Govern"]


@dataclass(frozen=True)
class Count:
    """What is counted beside an entry. `hot` marks work that waits for this person; `noun` is read after the number."""

    of: Tally
    noun: str
    hot: bool = False


@dataclass(frozen=True)
class NavItem:
    key: str
    title: str
    url: str
    """Name of the page's URL, without arguments."""
    icon: str
    group: Group
    summary: str
    """What the page is for, in half a sentence: shown in the palette."""
    permission: str = ""
    """The code that a person needs; empty: everybody who is signed in."""
    order: int = 50
    letter: str = ""
    """The key that opens the page after `g`."""
    tab: int = 0
    """Place among the tabs of a phone (1 to 5); 0: only in the menu."""
    count: Count | None = None
    shown: Callable[[HttpRequest], bool] | None = None
    """A further condition, where a permission code cannot tell."""


NAVIGATION: Registry[NavItem] = Registry("Navigation entry")


def nav_item(item: NavItem) -> NavItem:
    return NAVIGATION.register(item.key, item)


@dataclass(frozen=True)
class Entry:
    """A navigation entry as one request sees it."""

    item: NavItem
    url: str
    current: bool
    number: int
    """Of what is counted beside it; 0: nothing is shown."""


def allowed(request: HttpRequest) -> list[NavItem]:
    """The entries whose pages this person may open, in the order shown."""
    order = get_args(Group)
    items = [
        item
        for item in NAVIGATION
        if (not item.permission or request.user.can(item.permission))  # type: ignore[union-attr]
        and (item.shown is None or item.shown(request))
    ]
    return sorted(items, key=lambda item: (order.index(item.group), item.order, item.title))


def entries(request: HttpRequest) -> list[Entry]:
    """The allowed entries with addresses and counts. Current is the nearest one above the page's address."""
    items = [(item, reverse(item.url)) for item in allowed(request)]
    here = max((url for _, url in items if request.path.startswith(url)), key=len, default="")
    if here == "/" != request.path:
        here = ""  # every path starts with it
    return [
        Entry(item, url, url == here, number_of(request, item.count.of.key) if item.count else 0) for item, url in items
    ]


nav_item(
    NavItem(
        key="console.home",
        title="Dashboard",
        url="console:home",
        icon="layout-dashboard",
        group="Operate",
        summary="What goes on now, and what needs you",
        order=10,
        letter="d",
        tab=1,
    )
)
nav_item(
    NavItem(
        key="console.back_office",
        title="Back office",
        url="admin:index",
        icon="building-community",
        group="Govern",
        summary="Organisations of this installation and their limits",
        order=90,
        shown=lambda request: bool(getattr(request.user, "is_operator", False)),
    )
)
