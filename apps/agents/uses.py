"""What can be done with an agent besides running it. Apps that build on agents register here, in their `navigation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from apps.common.registry import Registry


@dataclass(frozen=True)
class AgentUse:
    """A page where something is done with an agent and an input."""

    title: str
    url: Callable[[str], str]
    """Of the page, for an agent by its key. It takes a run's number as `run`, or an input as JSON as `input`."""
    icon: str
    permission: str
    is_at_hand: bool = False
    """It stands beside the agent's title; the others are in its menu."""


USES: Registry[AgentUse] = Registry("Use of agents")


@dataclass(frozen=True)
class Offered:
    title: str
    url: str
    icon: str
    is_at_hand: bool


def uses_of(request: HttpRequest, key: str, **asked: str) -> list[Offered]:
    """What this person may do with an agent, and with the `run` or the `input` that is asked for."""
    return [
        Offered(
            use.title,
            f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}" if asked else url,
            use.icon,
            use.is_at_hand,
        )
        for use in USES
        if request.user.can(use.permission)  # type: ignore[union-attr]  # the shell asks for people who are signed in
        for url in [use.url(key)]
    ]
