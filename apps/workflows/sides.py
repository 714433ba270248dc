"""Two definitions side by side: part by part, each as YAML, with the lines marked that are other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final, Literal

from apps.common.yamls import text_write
from apps.workflows.definition import Definition, definition_dump
from apps.workflows.graphs import title_of

LONGEST: Final = 1_500
"""Lines of a part that are aligned: to align takes the square of them. Of longer ones all lines are marked."""

State = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True)
class Row:
    """A line of each; None where one has none there."""

    left: str | None
    right: str | None

    @property
    def is_same(self) -> bool:
        return self.left == self.right


@dataclass(frozen=True)
class Part:
    title: str
    name: str
    """Of a step; empty for what is none."""
    state: State
    rows: list[Row]

    @property
    def added(self) -> int:
        return sum(row.right is not None and not row.is_same for row in self.rows)

    @property
    def removed(self) -> int:
        return sum(row.left is not None and not row.is_same for row in self.rows)


def definition_sides(old: Definition, new: Definition) -> list[Part]:
    """The workflow, its inputs, its steps in the order of the new definition with those that are gone where they were,
    and its outputs. A part that neither has is left out."""
    one, other = definition_dump(old), definition_dump(new)
    named = {"inputs": "Inputs", "outputs": "Outputs"}
    found = [_part("The workflow", "", *({k: v for k, v in each.items() if k not in _PARTS} for each in (one, other)))]
    found.append(_part(named["inputs"], "", one.get("inputs"), other.get("inputs")))
    for name in _together(list(old.steps), list(new.steps)):
        title = title_of(name, new.steps[name] if name in new.steps else old.steps[name])
        found.append(_part(title, name, one["steps"].get(name), other["steps"].get(name)))
    found.append(_part(named["outputs"], "", one.get("outputs"), other.get("outputs")))
    return [part for part in found if part.rows]


_PARTS: Final = frozenset({"inputs", "steps", "outputs"})


def _together(old: list[str], new: list[str]) -> Iterator[str]:
    """All names once: in the new order, each that is gone after the one it came after."""
    gone: dict[str, list[str]] = {}
    before = ""
    for name in old:
        if name in new:
            before = name
        else:
            gone.setdefault(before, []).append(name)
    yield from gone.get("", [])
    for name in new:
        yield name
        yield from gone.get(name, [])


def _part(title: str, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Part:
    left, right = (text_write(dict(each)).splitlines() if each else [] for each in (before, after))
    state: State = "same" if before == after else "changed"
    if not before or not after:
        state = "same" if not before and not after else "removed" if before else "added"
    return Part(title, name, state, list(_rows(left, right)))


def _rows(left: list[str], right: list[str]) -> Iterator[Row]:
    if max(len(left), len(right)) > LONGEST and left != right:
        yield from (Row(line, None) for line in left)
        yield from (Row(None, line) for line in right)
        return
    for _what, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        yield from (Row(one, other) for one, other in zip_longest(left[i:j], right[k:m]))
