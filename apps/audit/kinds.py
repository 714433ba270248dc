"""What may be recorded: each app declares its kinds of entries, and the pages of its things, in its `auditing.py`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from apps.common.registry import Registry

Category = Literal["access", "configuration", "run", "decision", "data", "platform"]
CATEGORIES: Final[dict[Category, str]] = {
    "access": "Sign-ins, keys, members and rights",
    "configuration": "Settings of agents, workflows, models and the organisation",
    "run": "Runs of agents and workflows",
    "decision": "Decisions, approvals and overrides",
    "data": "Data that came in, was downloaded, or was erased",
    "platform": "What the operator of the installation did",
}


@dataclass(frozen=True)
class EntryKind:
    """A kind of entry: how it reads, and which of what it says is about people."""

    key: str
    title: str
    category: Category
    sentence: str
    """What was done, after the name of who did it: ``gave {subject} the role {after[role]}``. Names in braces are
    `subject`, `before`, `after`, and the entry's further facts. Where one is not there any more, the title is shown."""
    personal: frozenset[str]
    """Names in before, after and facts whose values are about people, and ``subject`` where its name is. They are kept
    apart from the rest and can be shredded alone."""


@dataclass(frozen=True)
class SubjectKind:
    """A kind of thing that entries are about, and where its page is."""

    key: str
    """Label and name of its model: ``workflows.workflow``."""
    title: str
    url: str
    """Name of the URL of its page; empty where it has none."""
    argument: str
    """The URL's argument that takes the subject's id."""


ENTRY_KINDS: Registry[EntryKind] = Registry("Kind of audit entry")
SUBJECT_KINDS: Registry[SubjectKind] = Registry("Kind of audit subject")


def entry_kind(
    key: str, title: str, sentence: str, *, category: Category = "configuration", personal: Iterable[str] = ()
) -> EntryKind:
    """Declare a kind of entry. Its key is ``<app>.<what_was_done>``, and part of the public contract."""
    return ENTRY_KINDS.register(key, EntryKind(key, title, category, sentence, frozenset(personal)))


def subject_kind(key: str, title: str, *, url: str = "", argument: str = "id") -> SubjectKind:
    """Declare a kind of thing that entries are about."""
    return SUBJECT_KINDS.register(key, SubjectKind(key, title, url, argument))
