"""Entries in words. Pure: an entry, its payload and its kind go in, text comes out.

A sentence is no format string of Python: it knows ``{name}`` and ``{name[key]}`` and nothing else, so that no value,
however it is made, is asked for an attribute of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apps.audit.kinds import ENTRY_KINDS, EntryKind
from apps.audit.models import AuditEntry
from apps.tenants.sealing import SealBroken

ERASED: Final = "(erased)"
"""What is read where something was shredded."""
LONGEST: Final = 80
"""Characters of a value in a sentence."""
_NAMED: Final = re.compile(r"\{(?P<name>[a-z_]+)(?:\[(?P<key>[^\[\]{}]+)\])?\}")
_NOBODY: Final = {"system": "The platform", "nobody": "Nobody who is known", "operator": "An operator at the machine"}
_ACTORS: Final = {"person": "A member", "program": "A program", "workflow": "A workflow", "agent": "An agent"}


@dataclass(frozen=True)
class Said:
    """What the payload of an entry says, its two parts together. A part that is not there any more says nothing."""

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is told of it, by name."""
    subject: str = ""
    actor: str = ""
    email: str = ""
    address: str = ""
    agent: str = ""
    """What the caller's program calls itself."""
    too_large: tuple[Mapping[str, Any], ...] = ()
    """Of parts that were too large to keep: their size and digest."""
    has_facts: bool = True
    has_personal: bool = True
    is_broken: bool = False
    """Whether what is stored is not what was recorded: it does not open. It says nothing then."""


@dataclass(frozen=True)
class Piece:
    """A part of a sentence: words of the kind, or a value that was filled in."""

    text: str
    is_value: bool = False
    is_subject: bool = False


@dataclass(frozen=True)
class Sentence:
    """What an entry tells."""

    actor: str
    pieces: tuple[Piece, ...]
    is_title: bool = False
    """Whether it is the title of the kind only, as what the sentence names is not there."""

    @property
    def text(self) -> str:
        said = "".join(piece.text for piece in self.pieces)
        return f"{self.actor}: {said}" if self.is_title else f"{self.actor} {said}"


def said_of(entry: AuditEntry) -> Said:
    """What an entry's payload says; of one that is gone as a whole, nothing."""
    payload = getattr(entry, "payload", None)
    try:
        facts, personal = (_content(getattr(payload, part, None)) for part in ("facts", "personal"))
    except SealBroken:
        return Said(is_broken=True)
    parts = [part for part in (facts, personal) if part is not None]
    own = {"subject", "before", "after", "too_large"}
    around = {"actor", "email", "address", "agent"}
    more = {name: value for name, value in (facts or {}).items() if name not in own}
    more |= {name: value for name, value in (personal or {}).items() if name not in own | around}
    circumstances = {name: str((personal or {}).get(name, "")) for name in around}
    return Said(
        before=_joined(parts, "before"),
        after=_joined(parts, "after"),
        facts=more,
        subject=next((str(part["subject"]) for part in parts if part.get("subject")), ""),
        actor=circumstances["actor"],
        email=circumstances["email"],
        address=circumstances["address"],
        agent=circumstances["agent"],
        too_large=tuple(part["too_large"] for part in parts if isinstance(part.get("too_large"), Mapping)),
        has_facts=facts is not None,
        has_personal=personal is not None,
    )


def sentence_of(entry: AuditEntry, said: Said | None = None) -> Sentence:
    """An entry as a sentence: who, and what they did.

    Where it needs what is not there, the title of its kind stands for it; a kind that is no longer known is shown by
    its key; what was shredded reads ``(erased)``.
    """
    said = said or said_of(entry)
    actor, kind = actor_name(entry, said), ENTRY_KINDS.get(entry.kind)
    if kind is None:
        return Sentence(actor, _titled(entry.kind, said), is_title=True)
    pieces = tuple(_pieces(kind, said))
    if any(piece is None for piece in pieces):
        return Sentence(actor, _titled(kind.title, said), is_title=True)
    return Sentence(actor, tuple(piece for piece in pieces if piece is not None))


def actor_name(entry: AuditEntry, said: Said) -> str:
    """Whoever acted, by name, or by what they are where no name was told."""
    if said.actor:
        return said.actor
    if entry.actor_kind in _NOBODY:
        return _NOBODY[entry.actor_kind]
    return ERASED if not said.has_personal else _ACTORS.get(entry.actor_kind, entry.actor_kind)


def title_of(kind: str) -> str:
    """The title of a kind of entries; of one that is no longer known its key."""
    known = ENTRY_KINDS.get(kind)
    return known.title if known else kind


def worded(value: Any) -> str:
    """A value of a payload in words."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(worded(item) for item in value) or "nothing"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False) if value else "nothing"
    return str(value)


def _titled(title: str, said: Said) -> tuple[Piece, ...]:
    pieces = (Piece(title),)
    return (*pieces, Piece(" · "), Piece(_short(said.subject), True, True)) if said.subject else pieces


def _pieces(kind: EntryKind, said: Said) -> Iterator[Piece | None]:
    """The parts of a kind's sentence; None for a value that is not there."""
    place = 0
    for found in _NAMED.finditer(kind.sentence):
        if found.start() > place:
            yield Piece(kind.sentence[place : found.start()])
        yield _value(kind, said, found["name"], found["key"])
        place = found.end()
    if place < len(kind.sentence):
        yield Piece(kind.sentence[place:])


def _value(kind: EntryKind, said: Said, name: str, key: str | None) -> Piece | None:
    values: Mapping[str, Any] = {**said.facts, "before": said.before, "after": said.after}
    if said.subject:
        values = {**values, "subject": said.subject}
    value = values.get(name, _MISSING)
    if key is not None:
        value = value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING
    if value is _MISSING or (key is None and name in {"before", "after"}):
        kept = said.has_personal if (key or name) in kind.personal else said.has_facts
        return None if kept else Piece(ERASED, is_value=True)
    return Piece(_short(worded(value)), is_value=True, is_subject=name == "subject")


def _content(part: Any) -> Mapping[str, Any] | None:
    content = part.get("content") if isinstance(part, Mapping) else None
    return content if isinstance(content, Mapping) else None


def _joined(parts: list[Mapping[str, Any]], name: str) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        if isinstance(part.get(name), Mapping):
            joined |= part[name]
    return joined


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class _Missing:
    """Stands for a value that is not there; None is one that is."""


_MISSING: Final = _Missing()
