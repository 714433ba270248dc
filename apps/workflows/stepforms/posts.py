"""What was posted of a form: flat texts by path, and the button that was pressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda self: "ABSENT", "__bool__": lambda self: False})()
"""Stands for a key that a mapping does not have, which is not the same as null."""
ACT: Final = "act"
"""The name of the buttons that change a form: ``verb argument path``; ``-`` for no argument."""
MOST_ROWS: Final = 1_000


@dataclass(frozen=True)
class Act:
    """What a button asks for, at the place that has this path."""

    verb: str
    argument: str
    path: str

    @classmethod
    def of(cls, told: str) -> Act | None:
        parts = told.split(" ", 2)
        return cls(*parts) if len(parts) == 3 else None


def act_text(verb: str, path: str, argument: object = "-") -> str:
    """The value of a button."""
    return f"{verb} {argument} {path}"


@dataclass(frozen=True)
class Posted:
    data: QueryDict
    act: Act | None = None

    @classmethod
    def of(cls, data: QueryDict) -> Posted:
        return cls(data, Act.of(data.get(ACT, "")))

    def text(self, path: str) -> str | None:
        """What was entered at a path, lines ending as in Python; None where nothing was posted there."""
        found = self.data.get(path)
        return None if found is None else str(found).replace("\r\n", "\n").replace("\r", "\n")

    def texts(self, path: str) -> list[str]:
        """Of several of one name: those that are not empty."""
        return [str(each) for each in self.data.getlist(path) if each != ""]

    def count(self, path: str) -> int | None:
        """How many rows a list was posted with; None where it was not posted."""
        told = self.data.get(f"{path}.rows", "")
        return min(int(told), MOST_ROWS) if told.isdecimal() and len(told) < 7 else None

    def asks(self, path: str, *verbs: str) -> Act | None:
        """The act, where it is one of these at this place."""
        return self.act if self.act is not None and self.act.path == path and self.act.verb in verbs else None

    def number(self, path: str, *verbs: str) -> tuple[str, int] | None:
        """The act with its argument as the number of a row."""
        act = self.asks(path, *verbs)
        return (act.verb, int(act.argument)) if act and act.argument.isdecimal() and len(act.argument) < 7 else None


def rows_changed(posted: Posted, path: str, rows: list[Any]) -> list[Any]:
    """Rows after the buttons that move and remove them."""
    found = posted.number(path, "remove", "up", "down")
    if found is None or found[1] >= len(rows):
        return rows
    verb, at = found
    if verb == "remove":
        return [row for n, row in enumerate(rows) if n != at]
    other = at + (1 if verb == "down" else -1)
    made = list(rows)
    if 0 <= other < len(rows):
        made[at], made[other] = made[other], made[at]
    return made


def same_text(before: Any, text: str) -> bool:
    """Whether a text is what was there, but for what a browser makes of the ends of lines."""
    return isinstance(before, str) and before.replace("\r\n", "\n").replace("\r", "\n") == text
