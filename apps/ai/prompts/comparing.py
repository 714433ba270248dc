"""What differs between two wordings: in words, and line beside line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from apps.ai.prompts.wording import Wording

PARTS: Final = {"system": "Instructions", "user": "Request"}


@dataclass(frozen=True)
class Line:
    """A line of both wordings, or what stands in its place."""

    change: Literal["same", "changed", "added", "removed"]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Part:
    title: str
    lines: list[Line]

    @property
    def differs(self) -> bool:
        return any(line.change != "same" for line in self.lines)


def side_by_side(before: Wording, after: Wording) -> list[Part]:
    """Both wordings line by line, part by part."""
    return [
        Part(title, list(_lines(getattr(before, name).splitlines(), getattr(after, name).splitlines())))
        for name, title in PARTS.items()
    ]


def differences(before: Wording, after: Wording) -> list[str]:
    """A sentence for each part that differs, and for each field that came or went; empty where nothing does."""
    told = []
    for part in side_by_side(before, after):
        counts = {word: sum(line.change == word for line in part.lines) for word in ("changed", "added", "removed")}
        said = [f"{count} line{'' if count == 1 else 's'} {word}" for word, count in counts.items() if count]
        if said:
            told.append(f"{part.title}: {', '.join(said)}.")
    told += [f"It tells the model {{{name}}} now." for name in after.fields if name not in before.fields]
    told += [f"It does not tell the model {{{name}}} any more." for name in before.fields if name not in after.fields]
    return told


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    for verb, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, now = before[i:j], after[k:m]
        if verb == "equal":
            yield from (Line("same", old, new) for old, new in zip(was, now, strict=True))
            continue
        both = min(len(was), len(now))
        yield from (Line("changed", old, new) for old, new in zip(was[:both], now[:both], strict=True))
        yield from (Line("removed", old, None) for old in was[both:])
        yield from (Line("added", None, new) for new in now[both:])
