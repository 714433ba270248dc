"""What the command line prints: tables and lines for people, JSON for scripts.

What comes from the server is text that others wrote: a terminal is shown no character that could steer it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TextIO

from pydantic import BaseModel

from orchestrall_client.models import Run, RunEvent
from orchestrall_client.workflow_models import WorkflowRun, WorkflowRunDetail, WorkflowRunEvent

CLEAR = "\r\x1b[2K"


def clean(value: object) -> str:
    """A value as one line of text without control characters."""
    text = "" if value is None else str(value)
    return "".join(letter if letter.isprintable() else " " for letter in text)


def moment(value: datetime | None) -> str:
    """A moment in the time of this machine."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else ""


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")), flush=True)


def print_list(rows: Iterable[Any], columns: Mapping[str, Any], *, as_json: bool) -> None:
    """Rows as JSON, one a line as they come; or as a table, with a function for each column."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    table([*columns], [[call(row) for call in columns.values()] for row in rows])


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table as wide as it needs to be, the last column not filled up."""
    texts = [[clean(cell) for cell in row] for row in rows]
    if not texts:
        print("None.")
        return
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for row in [[head.upper() for head in heads], *texts]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def facts(pairs: Mapping[str, object]) -> None:
    """Names and values, one a line; what is empty is left out."""
    shown = {name: clean(value) for name, value in pairs.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        print(f"{name.ljust(width)}  {text}")


def state(run: Run | RunEvent | WorkflowRun | WorkflowRunEvent) -> str:
    """How a run is, in one line."""
    parts = [run.ref, run.status]
    if isinstance(run, WorkflowRun | WorkflowRunEvent):
        parts += [run.problem.told] if isinstance(run, WorkflowRunDetail) and run.problem is not None else []
    elif run.is_open:
        parts += [f"{run.percent} %"] if run.total else []
        parts += [run.note]
    elif isinstance(run, Run):
        parts += [run.headline]
        if run.problem is not None:
            parts += [run.problem.told, run.problem.remedy]
    return clean("  ".join(part for part in parts if part))


class Progress:
    """How a run goes on: one line that changes on a terminal, a line for each change elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._moves = stream, stream.isatty()

    def __enter__(self) -> Self:
        return self

    def show(self, run: Run | RunEvent | WorkflowRunEvent) -> None:
        if self._moves:
            room = shutil.get_terminal_size().columns - 1
            print(f"{CLEAR}{state(run)[:room]}", end="", file=self._stream, flush=True)
        else:
            print(state(run), file=self._stream, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._moves:
            print(CLEAR, end="", file=self._stream, flush=True)


def say(text: str) -> None:
    """Tell a person something that is no result."""
    print(text, file=sys.stderr, flush=True)
