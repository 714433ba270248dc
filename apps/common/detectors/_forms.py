"""What detectors are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What was found."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    NATIONAL_ID = "national_id"
    PATIENT_ID = "patient_id"
    BIRTH_DATE = "birth_date"
    CREDENTIAL = "credential"
    PERSONAL = "personal"
    """What a schema declares to be, or the name of its field says, whatever it looks like."""


class Found(NamedTuple):
    """A part of a text, from `start` to before `end`, that belongs to one person or opens something."""

    start: int
    end: int
    kind: Kind


GAP: Final = r"(?:[ \u00a0+-]|%20)?"
"""What may stand between the digits of a number, written for people or for an address."""
BEGIN: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""No part of a longer word. The letter of an escaped line break is none: texts are quoted in other texts."""
UUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"


@dataclass(frozen=True)
class Rule:
    """Something that is told by a pattern alone. Most texts hold nothing of the kind, so a question comes first that
    costs next to nothing."""

    hints: tuple[str, ...]
    """One of them is in a text that has it, in small letters."""
    pattern: re.Pattern[str]
    """All that it matches is found; after the first group, where it has one: that is a label, which stays."""
    kind: Kind

    def may_be_in(self, small: str) -> bool:
        """Whether to look at all, in a text of which `small` is the one in small letters."""
        return any(hint in small for hint in self.hints)

    def find(self, text: str) -> Iterator[Found]:
        for match in self.pattern.finditer(text):
            start = match.end(1) if self.pattern.groups else match.start()
            if start < match.end():
                yield Found(start, match.end(), self.kind)

    def replaced(self, text: str, instead: str) -> str:
        """`text` with `instead`, which has no backslash, for each that is found."""
        return self.pattern.sub(rf"\1{instead}" if self.pattern.groups else instead, text)
