"""What calls of models were for, where people find it. Apps register their kinds in their `navigation`."""

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


def subject_kind(item: SubjectKind) -> SubjectKind:
    return SUBJECTS.register(item.kind, item)
