"""What the product does not say itself of an app's ways in: each module here says it of the app of its name.

`operations` finds them by their names, and its `unknown` lists what nobody has said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal
from uuid import UUID

from tests.isolation.ground.sides import Side, Things

Name = Callable[[Side, Things], object]


@dataclass(frozen=True)
class Body:
    """What a request that writes sends."""

    form: Literal["form", "json", "file"]
    fill: Callable[[Side, Things], Mapping[str, Any]] = lambda side, things: {}
    names_things: bool = False
    """Whether it names things of the tenant."""
    many: Literal["", "all", "each"] = ""
    """Whether it names many at once, in a list: done for all of them or for none, or told of each by itself."""
    headers: Callable[[Side, Things], Mapping[str, str]] = lambda side, things: {}
    """What goes along with it besides credentials."""


NOTHING = Body("form")
TABLE = Body("file", lambda side, things: {"file": "item,period,quantity\na,2026-01-01,1\na,2026-02-01,2\n"})


@dataclass(frozen=True)
class Said:
    """Of the routes, the sockets and the kinds of work of one app."""

    names: Mapping[str, Name] = field(default_factory=dict)
    """What a parameter names. `agents` and the codes of problems are the program's, not a tenant's."""
    of_the_tenant: Set[str] = frozenset()
    """The parameters that name something of the tenant."""
    bodies: Mapping[str, Body] = field(default_factory=dict)
    """What an operation that writes sends."""
    open_pages: Set[str] = frozenset()
    """Pages that anybody may open: they show nothing of a tenant but its name."""
    unmarked: Set[str] = frozenset()
    """Reads in which no text of the tenant's rows stands. Of all others the owner must find the marker."""
    of_holders: Set[str] = frozenset()
    """Pages of a factor that is set up, which are there for its holder alone: asked by a member who has it."""
    of_providers: Set[str] = frozenset()
    """What answers a refusal to whoever brings nothing that a provider has signed for this browser: across tenants it
    is tried with what one has signed (tests/accounts/sso, group "other tenant")."""
    nowhere: Set[str] = frozenset()
    """What answers nothing to a member, whoever they are: addresses at which there is nothing, a visitor's way out."""
    refusing_words: Mapping[str, bytes] = field(default_factory=dict)
    """Words of what refuses with a status of its own: a page, and a tool's answer by JSON-RPC."""
    work: Mapping[str, Callable[[Things], UUID]] = field(default_factory=dict)
    """The id that a kind of a tenant's work goes by."""
    platform_work: Set[str] = frozenset()
    """Kinds whose ids are those of tenants."""


def said() -> dict[str, Said]:
    """By app."""
    return {part.name: import_module(f"{__name__}.{part.name}").SAID for part in iter_modules(__path__)}
