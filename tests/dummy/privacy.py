"""What the tests' industry holds of people, and for how long: in memory, for a test to fill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from apps.common.privacy import Erased, Found, Item, Person, PersonalData, Retained


class DummyNotes(PersonalData):
    key = "dummy.note"
    title = "Notes for tests"
    what = "Whatever a test wrote down."
    erasure = "It is forgotten."
    tables = ()

    notes: ClassVar[dict[str, str]] = {}
    used: ClassVar[set[str]] = set()
    """Keys of those that are in use."""

    def total(self) -> int:
        return len(self.notes)

    def find(self, person: Person, *, mark: str | None, limit: int, to_erase: bool) -> Found:
        keys = sorted(key for key in self.notes if key > (mark or ""))[:limit]
        items = [Item(key, key, None, {"note": self.notes[key]}) for key in keys if person.is_in(self.notes[key])]
        return Found(items, len(keys), keys[-1] if len(keys) == limit else None)

    def erase(self, person: Person, rows: Sequence[str], *, request: str) -> Erased:
        for key in set(rows) - self.used:
            self.notes.pop(key, None)
        return Erased({key: f"{request}:{key}" for key in rows if key not in self.used}, tuple(self.used & set(rows)))


class DummyLog(Retained):
    key = "dummy.log"
    title = "Log for tests"
    group = "Tests"
    what = "The lines go."
    note = "No law knows them."
    default = 30
    most = 90

    lines: ClassVar[list[datetime]] = []

    def due(self, before: datetime) -> int:
        return sum(line < before for line in self.lines)

    def expire(self, before: datetime, limit: int) -> int:
        gone = sorted(line for line in self.lines if line < before)[:limit]
        for line in gone:
            self.lines.remove(line)
        return len(gone)
