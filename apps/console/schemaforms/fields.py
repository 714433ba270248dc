"""Fields to show: shapes with what was entered and what was wrong, as the templates want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property
from typing import Any

from apps.common.errors import Issue
from apps.console.schemaforms.shapes import NESTED, UNSET, Shape
from apps.console.schemaforms.values import CHOSEN, ORIGIN, REMOVED, ROWS, Entered, chosen_of, entered_of, held_at

ISSUE_ROWS = 3
"""Rows of a list whose errors are named on top of it, so that they are found among many."""
Choices = Sequence[tuple[str, str]]


@dataclass
class Field:
    """One value of a form. `name` is its dotted path, by which it is posted and told of in issues."""

    shape: Shape
    name: str
    value: str = ""
    error: str = ""
    parts: list[Field] = field(default_factory=list)
    """The fields of a group, the rows of a list, or the chosen alternative of a union."""
    chosen: int | None = None
    is_set: bool = False
    """Whether there is a secret, which is never shown."""
    origin: str = ""
    removed: bool = False
    count: str = ""
    """Of a list: how many rows there are; empty where there is no list."""
    offered: Choices | None = None
    signs: list[tuple[str, str]] = field(default_factory=list)
    """What is sent beside it, unseen."""
    row: int = 0
    """Of what stands in a row: its number, from 1."""

    @cached_property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")

    @cached_property
    def kind(self) -> str:
        """What it is entered with."""
        if self.offered is not None:
            return "choice"
        if self.shape.kind == "list" and self.value:
            return "json"
        if self.shape.kind == "flag" and self.shape.nullable:
            return "choice"
        if self.shape.kind == "text" and "\n" in self.value:
            return "longtext"
        return self.shape.kind

    @property
    def label(self) -> str:
        return self.shape.label

    @property
    def help(self) -> str:
        return self.shape.hint

    @property
    def required(self) -> bool:
        """Whether it has to be entered; of what is there anyway, as of a yes or no, nobody needs to be told."""
        return self.shape.required and not self.shape.nullable

    @cached_property
    def optional(self) -> bool:
        return not self.required and self.kind not in {"flag", "group"}

    @cached_property
    def input_type(self) -> str:
        """Of an input; a date that is none is kept, which an input for dates would not do."""
        if self.kind == "secret":
            return "password"
        reads: dict[str, Any] = {"date": date.fromisoformat, "time": time.fromisoformat}
        if self.kind not in reads:
            return "text"
        try:
            if self.value:
                reads[self.kind](self.value)
        except ValueError:
            return "text"
        return "text" if self.kind == "time" and len(self.value) > 8 else self.kind

    @cached_property
    def choices(self) -> list[tuple[str, str]]:
        """What can be chosen, with what was entered even where that is none of it."""
        made = list(self._choices())
        if self.value == "" and self.required and self.kind == "choice":
            return [("", "Choose…"), *made]
        if self.optional:
            made.insert(0, ("", "None" if self.shape.kind != "flag" else "Not said"))
        if self.value not in dict(made):
            made.append((self.value, self.value))
        return made

    def _choices(self) -> Iterable[tuple[str, str]]:
        if self.offered is not None:
            return self.offered
        if self.shape.kind == "flag":
            return [("true", "Yes"), ("false", "No")]
        texts = [str(value) for value in self.shape.values]
        return [(text, self.shape.labels.get(text) or spelt(text)) for text in texts]

    @property
    def alternatives(self) -> list[tuple[str, str]]:
        """Of a union: what can be chosen."""
        made = [(str(n), part.label) for n, part in enumerate(self.shape.parts)]
        if self.optional and self.shape.nullable:
            return [("", "None"), *made]
        return [("", "Choose…"), *made] if self.chosen is None else made

    @cached_property
    def is_wide(self) -> bool:
        """Whether it takes the whole width of a form."""
        return self.kind in {"longtext", "json", *NESTED}

    @cached_property
    def columns(self) -> tuple[Shape, ...]:
        return self.shape.columns

    @cached_property
    def lines(self) -> list[list[Field]]:
        """Of a list with simple rows: what stands in each."""
        return [row.parts if row.shape.kind == "group" else [row] for row in self.parts]

    @cached_property
    def blank(self) -> Field:
        """A row to begin with, its number to be filled in by whoever adds it."""
        return _Maker({}, None, {}).field(self.shape.item, f"{self.name}.{BLANK}", Entered())

    @cached_property
    def blank_line(self) -> list[Field]:
        return self.blank.parts if self.blank.shape.kind == "group" else [self.blank]

    @property
    def most_rows(self) -> int:
        return self.shape.most_rows

    @cached_property
    def faults(self) -> list[Field]:
        """Of a list: what is wrong within its rows."""
        return [each for row in self.parts for each in row.wrong()]

    def wrong(self) -> Iterable[Field]:
        """This field and those within it of which something is wrong."""
        if self.error:
            yield self
        for part in self.parts:
            yield from part.wrong()


BLANK = "_row_"
"""Stands for the number of a row in the names of one that is yet to be added."""


def spelt(value: str) -> str:
    """A value as people read it; one that has a capital, as `mg/dL` and `kWh` have, keeps its spelling."""
    text = value.replace("_", " ")
    return text if text != text.lower() else text.capitalize()


def fields_of(
    shape: Shape,
    entered: Entered,
    *,
    root: str,
    issues: Iterable[Issue],
    held: Any,
    offered: Mapping[str, Choices],
) -> tuple[list[Field], list[Issue]]:
    """The fields of a group that is entered under `root`, and the issues that belong to none of them."""
    errors, others = _placed(shape, entered, root, list(issues))
    made = _Maker(errors, held, offered).field(shape, root, entered)
    return made.parts, others


@dataclass
class _Maker:
    errors: Mapping[str, list[str]]
    held: Any
    offered: Mapping[str, Choices]

    def field(self, shape: Shape, path: str, place: Entered | None, row: int = 0, *, fresh: bool = False) -> Field:
        if place is None or place.is_empty:
            fresh = True
            place = entered_of(shape, shape.default) if shape.default is not UNSET else Entered()
        made = Field(shape, path, place.text or "", row=row, error=" ".join(self.errors.get(path, [])))
        made.offered = self.offered.get(path)
        if shape.kind == "group":
            made.parts = [self._below(part, path, place, row) for part in shape.parts]
        elif shape.kind == "list" and not made.value:
            told = place.sign(ROWS)
            rows = place.rows or ([Entered()] if shape.spare and fresh and not shape.nullable else [])
            made.count = "" if not rows and not told else str(len(rows))
            made.parts = [self.field(shape.item, f"{path}.{n}", each, n + 1) for n, each in enumerate(rows)]
        elif shape.kind == "union":
            made.chosen = chosen_of(shape, place)
            if made.chosen is None and place.sign(CHOSEN) is None and not shape.nullable:
                made.chosen = 0
            if made.chosen is not None:
                part = shape.parts[made.chosen]
                if made.chosen == shape.preferred:
                    part = replace(part, label=shape.label, help=shape.help, required=shape.required)
                made.parts = [self.field(part, path, place, row, fresh=fresh)]
                if made.chosen == shape.preferred:
                    made.parts[0].signs = [(f"{path}.{CHOSEN}", str(made.chosen))]
                    return made.parts[0]
                # What is wrong is told once, where it is entered.
                (made if part.kind != "group" else made.parts[0]).error = ""
        elif shape.kind == "secret":
            made.origin = place.sign(ORIGIN) or path
            made.is_set = bool(held_at(self.held, made.origin))
            made.value, made.removed = "", bool(place.sign(REMOVED))
        elif shape.kind == "flag" and not made.value and not shape.nullable:
            made.value = "false"
        return made

    def _below(self, part: Shape, path: str, place: Entered, row: int) -> Field:
        return self.field(part, f"{path}.{part.name}" if path else part.name, place.below.get(part.name), row)


# --------------------------------------------------------------------------------------------- where an issue belongs


def _placed(shape: Shape, entered: Entered, root: str, issues: list[Issue]) -> tuple[dict[str, list[str]], list[Issue]]:
    """What is said of each field, and the issues of no field."""
    errors: dict[str, list[str]] = {}
    others = []
    paths = [_under(root, issue.path) for issue in issues]
    for issue, parts in zip(issues, paths, strict=True):
        if not parts:
            others.append(issue)
            continue
        found = _locate(shape, entered, parts, [other for other in paths if other], ())
        if found is None:
            continue
        place, rest = found
        if not place:
            others.append(issue)
            continue
        said = f"{'.'.join(rest)}: {issue.message}" if rest else issue.message
        at = errors.setdefault(".".join(filter(None, [root, *place])), [])
        if said not in at:
            at.append(said)
    return errors, others


def _under(root: str, path: str) -> list[str]:
    if root and not path.startswith(f"{root}."):
        return []
    return [part for part in path.removeprefix(f"{root}.").split(".") if part] if path else []


def _locate(
    shape: Shape, place: Entered, parts: list[str], every: list[list[str]], done: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]] | None:
    """The deepest field on the way of a path, with what is left of the path; None for what is not worth saying."""
    if not parts:
        return done, []
    first, rest = parts[0], parts[1:]
    if shape.kind == "union":
        return _locate_within(shape, place, parts, every, done)
    if shape.kind == "group" and first in shape.by_name:
        below = place.below.get(first) or Entered()
        return _locate(shape.by_name[first], below, rest, every, (*done, first))
    if shape.kind == "list" and first.isdecimal() and not place.text and len(first) < 7:
        rows = place.rows
        row = rows[int(first)] if int(first) < len(rows) else None
        if row is not None:
            return _locate(shape.item, row, rest, every, (*done, first))
    return done, parts


def _locate_within(
    shape: Shape, place: Entered, parts: list[str], every: list[list[str]], done: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]] | None:
    """Within a union. Its model names the alternative in the path, and tells of each what is against it: what is
    against one that was not chosen is not worth saying."""
    chosen = chosen_of(shape, place)
    chosen = 0 if chosen is None and not shape.nullable else chosen
    if chosen is None:
        return done, parts[1:] if len(shape.parts) > 1 else parts
    part, first = shape.parts[chosen], parts[0]
    if (part.kind == "group" and first in part.by_name) or (part.kind == "list" and first.isdecimal()):
        return _locate(part, place, parts, every, done)
    if part.tag and first == str(part.tag[1]):
        return _locate(part, place, parts[1:], every, done)
    labels = list(dict.fromkeys(p[len(done)] for p in every if tuple(p[: len(done)]) == done and len(p) > len(done)))
    if len(labels) == len(shape.parts):
        return _locate(part, place, parts[1:], every, done) if labels[chosen] == first else None
    return _locate(part, place, parts[1:], every, done) if len(shape.parts) > 1 else (done, parts)
