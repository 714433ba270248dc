"""The text of a definition while a person writes it: what is wrong with it and on which line, and what it changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile

from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.yamls import line_of
from apps.workflows.checking import Catalogue, definition_check
from apps.workflows.definition import LARGEST, Definition, definition_load, definition_named
from apps.workflows.differences import definition_difference

EXAMPLE: Final = """\
format: 1
name: check-the-order
title: Check the order
description: Adds up an order, and asks a person where it is large.
tags:
  - example
inputs:
  amount:
    type: number
    title: Amount
    minimum: 0
    example: 1200
steps:
  total:
    kind: transform
    title: Add the tax
    set:
      gross: {$multiply: ["${inputs.amount}", 1.19]}
  size:
    kind: branch
    title: Is it large?
    cases:
      - when: {field: "${steps.total.gross}", op: ">", value: 1000}
        go: [ask]
  ask:
    kind: approval
    title: Ask a person
    question: Release an order of ${steps.total.gross}?
outputs:
  gross: ${steps.total.gross}
"""
"""What a new workflow starts with: it can be saved, published and started as it is."""
_LINE: Final = re.compile(r"line (\d+)")


@dataclass(frozen=True)
class Place:
    """One thing that is wrong: the line of the text where it is known, what stands there, the path, and why."""

    line: int | None
    excerpt: str
    path: str
    message: str


@dataclass
class Draft:
    """What a person has written so far, and what came of it. `name` is that of the workflow; empty: a new one."""

    text: str
    name: str = ""
    seq: int | None = None
    """That of the workflow whose text this began as; None: whatever it is."""
    problem: Problem | None = None
    changes: list[str] | None = field(default=None)
    """What it would change, once it was looked at and nothing is wrong; empty: nothing."""

    @property
    def conflicts(self) -> bool:
        return isinstance(self.problem, Conflict)

    @property
    def places(self) -> list[Place]:
        """What is wrong with it in the order of the text; what is on no line of it comes first."""
        found = [self._place(issue) for issue in self.problem.issues] if self.problem else []
        return sorted(found, key=lambda place: place.line or 0)

    def read(self) -> Definition:
        """The definition that it is. Raises `InvalidInput`."""
        found = definition_load(self.text)
        return definition_named(found, self.name) if self.name else found

    def check(self, catalogue: Catalogue, former: Definition | None) -> None:
        """Look what is wrong with it, or else what it would change of what there is."""

        def look() -> None:
            definition = self.read()
            definition_check(definition, catalogue)
            self.changes = definition_difference(former, definition) if former else []

        self.trying(look)

    def take(self, file: UploadedFile[Any] | None) -> None:
        """Put the text of a file in its place; a file that cannot be read leaves what there was."""

        def look() -> None:
            if file is None:
                raise _no_file("No file was chosen.")
            raw = file.read(LARGEST + 1)
            if len(raw) > LARGEST:
                raise _no_file(f"The file has more than {LARGEST // 1024} KiB.")
            try:
                self.text = raw.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise _no_file("The file is no text in UTF-8.") from error

        self.trying(look)

    def trying(self, act: Callable[[], object]) -> bool:
        """Do something with it, and keep what stands against it. Whether nothing did."""
        try:
            act()
        except Problem as problem:
            self.problem = problem
        return self.problem is None

    def _place(self, issue: Issue) -> Place:
        told = _LINE.match(issue.path)
        line = int(told[1]) if told else line_of(self.text, issue.path) if issue.path else None
        lines = self.text.splitlines()
        excerpt = lines[line - 1].strip()[:120] if line and line <= len(lines) else ""
        return Place(line, excerpt, "" if told else issue.path, issue.message)


def _no_file(why: str) -> InvalidInput:
    return InvalidInput(
        f"{why} Nothing was read, and nothing was stored.", remedy="Choose a definition as YAML or JSON."
    )
