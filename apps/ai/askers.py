"""Who asks models: agents, as the apps that have them tell. Models may be chosen for one of them alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.common.permissions import Principal
from apps.common.registry import Registry


@dataclass(frozen=True)
class Asker:
    key: str
    """What `Purpose.agent_key` has."""
    title: str
    icon: str = "robot"


@dataclass(frozen=True)
class AskerSource:
    """An app's agents. It registers in its `navigation`."""

    key: str
    title: str
    list: Callable[[Principal], list[Asker]]
    """Those that there are in the current tenant, as far as this person may see them, by title."""


ASKERS: Final[Registry[AskerSource]] = Registry("Source of agents that ask models")


def askers_of(who: Principal) -> dict[str, Asker]:
    """All of them by key, in the order of their titles."""
    found = [asker for source in ASKERS for asker in source.list(who)]
    return {asker.key: asker for asker in sorted(found, key=lambda asker: asker.title)}
