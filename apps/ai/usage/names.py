"""What the ledger's keys stand for. Apps that know agents and runs register it in their `navigation`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from apps.common.registry import Registry


@dataclass(frozen=True)
class Subject:
    """What a call was for, as people find it."""

    title: str
    url: str


@dataclass(frozen=True)
class SubjectKind:
    kind: str
    """As `ModelCall.subject_kind` has it, such as ``agents.run``."""
    noun: str
    permission: str
    """Who lacks it is not told which ones there are."""
    subjects: Callable[[Collection[UUID]], Mapping[UUID, Subject]]
    """What is there of these keys, in one statement."""


SUBJECTS: Registry[SubjectKind] = Registry("Kind of subject of a call")
AGENT_NAMES: Registry[Callable[[], Mapping[str, str]]] = Registry("Source of agents' names")
"""Each gives titles of agents by key, as the current tenant has them."""


def subject_kind(item: SubjectKind) -> SubjectKind:
    return SUBJECTS.register(item.kind, item)


def agent_titles() -> dict[str, str]:
    """The titles of the current tenant's agents by key, in the order of the titles."""
    found = {key: title for source in AGENT_NAMES for key, title in source().items()}
    return dict(sorted(found.items(), key=lambda item: item[1].casefold()))
