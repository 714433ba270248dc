"""Entries as pages show them: in words, with links to what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.urls import NoReverseMatch, reverse

from apps.audit.kinds import CATEGORIES, ENTRY_KINDS, SUBJECT_KINDS
from apps.audit.models import AuditEntry
from apps.audit.sentences import Said, Sentence, said_of, sentence_of, title_of
from apps.compliance.audit.changes import Changes, Fact, changes_of, facts_of

_KINDS: Final = {
    "person": ("user", "Member"),
    "program": ("key", "Program"),
    "operator": ("server", "Operator of the installation"),
    "workflow": ("hierarchy-2", "Workflow"),
    "agent": ("robot", "Agent"),
    "system": ("server-2", "The platform"),
    "nobody": ("user-off", "Nobody who is known"),
}
_WAYS: Final = {"console": "Console", "api": "API", "command": "Command", "": ""}
_MAIL: Final = re.compile(r"[^\s@\"'<>(),;]+@[^\s@\"'<>(),;]+")
_NOT_SHOWN: Final = "(not shown)"
CATEGORY_WORDS: Final = {
    "access": "Access",
    "configuration": "Configuration",
    "run": "Runs",
    "decision": "Decisions",
    "data": "Data",
    "platform": "Platform",
}
"""What the categories are called where there is little room."""


@dataclass(frozen=True)
class Shown:
    """An entry for a page."""

    entry: AuditEntry
    said: Said
    sentence: Sentence
    title: str
    category: str
    subject_url: str
    address: str
    """Where it came from; empty for who may not see it."""
    email: str

    @property
    def icon(self) -> str:
        return _KINDS.get(self.entry.actor_kind, ("help", ""))[0]

    @property
    def actor_word(self) -> str:
        return _KINDS.get(self.entry.actor_kind, ("", self.entry.actor_kind))[1]

    @property
    def initials(self) -> str:
        """Of a person whose name is told, for an avatar."""
        if self.entry.actor_kind != "person" or not self.said.actor:
            return ""
        words = self.said.actor.partition("@")[0].replace(".", " ").split()
        return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()

    @property
    def via(self) -> str:
        return _WAYS.get(self.entry.via, self.entry.via)

    @property
    def is_erased(self) -> bool:
        return not self.said.is_broken and not (self.said.has_facts and self.said.has_personal)

    @property
    def subject_word(self) -> str:
        known = SUBJECT_KINDS.get(self.entry.subject_kind)
        return known.title if known else self.entry.subject_kind

    @property
    def changes(self) -> Changes:
        return changes_of(self.said.before, self.said.after)

    @property
    def facts(self) -> list[Fact]:
        return facts_of(self.said.facts)


def shown(entry: AuditEntry) -> Shown:
    """An entry as whoever asked for it may see it: see `selectors.entries_query`."""
    said, kind = said_of(entry), ENTRY_KINDS.get(entry.kind)
    addresses = bool(getattr(entry, "with_addresses", False))
    if not addresses:
        said = _without_mail(said)
    return Shown(
        entry=entry,
        said=said,
        sentence=sentence_of(entry, said),
        title=title_of(entry.kind),
        category=kind.category if kind else "",
        subject_url=subject_url(entry),
        address=said.address if addresses else "",
        email=said.email if addresses else "",
    )


def _without_mail(said: Said) -> Said:
    """What is said, without the addresses of mail that stand anywhere in it: whoever has no name is called by theirs.
    Whether the actor's own is told is for who shows it."""
    return replace(
        said, before=_masked(said.before), after=_masked(said.after), facts=_masked(said.facts),
        subject=_masked(said.subject), actor="" if _MAIL.search(said.actor) else said.actor,
    )  # fmt: skip


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _MAIL.sub(_NOT_SHOWN, value)
    if isinstance(value, Mapping):
        return {_masked(name): _masked(each) for name, each in value.items()}
    return [_masked(each) for each in value] if isinstance(value, list) else value


def all_shown(entries: Iterable[AuditEntry]) -> list[Shown]:
    return [shown(entry) for entry in entries]


def subject_url(entry: AuditEntry) -> str:
    """The page of what an entry is about; empty where its kind has none."""
    kind = SUBJECT_KINDS.get(entry.subject_kind)
    if kind is None or not kind.url or not entry.subject_id:
        return ""
    try:
        return reverse(kind.url, kwargs={kind.argument: entry.subject_id})
    except NoReverseMatch:  # a subject of another version of the product
        return ""


def kinds_shown() -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds of entries by category, as a form offers them."""
    return [
        (CATEGORY_WORDS[category], sorted(((each.key, each.title) for each in ENTRY_KINDS if each.category == category),
                                          key=lambda pair: pair[1]))
        for category in CATEGORIES
        if any(each.category == category for each in ENTRY_KINDS)
    ]  # fmt: skip
