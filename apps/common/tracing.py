"""Spans of what is done now, for operators who collect traces: declared here for every app, and provided where a
collector is named (`apps.gateway.telemetry`). Where none is, nothing is imported and nothing kept.

What a span tells is names, counts and keys, never what somebody wrote: no input, no prompt, no answer, no address.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, Protocol
from uuid import UUID

Kind = Literal["server", "client", "consumer", "internal"]
Facts = Mapping[str, str | int | float | bool]


class Span(Protocol):
    """A piece of what is done, from its beginning to its end."""

    trace: str
    """The trace that it is a part of, as 32 hexadecimal digits; empty where no traces are collected."""

    def rename(self, name: str) -> None:
        """What is told of it under another name, once that is known."""

    def tell(self, facts: Facts) -> None:
        """Add to what is told of it. Texts are redacted as those of a log line are."""

    def fail(self, code: str) -> None:
        """It came to a bad end, for the reason that this code names."""


class Tracer(Protocol):
    def span(self, name: str, kind: Kind, parent: str, facts: Facts) -> AbstractContextManager[Span]: ...
    def past(
        self, name: str, id: UUID | None, parent: str, began: datetime, ended: datetime, facts: Facts, failed: str
    ) -> None: ...
    def here(self) -> str: ...
    def flush(self) -> None: ...


class _Nothing:
    """A span where no traces are collected."""

    trace = ""

    def rename(self, name: str) -> None: ...

    def tell(self, facts: Facts) -> None: ...

    def fail(self, code: str) -> None: ...

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None: ...


NOTHING: Final = _Nothing()
_NO_FACTS: Final[Facts] = {}
_tracer: Tracer | None = None


def provide(tracer: Tracer | None) -> None:
    """Called once by the process's settings, where its operator names a collector; None: no longer."""
    global _tracer  # noqa: PLW0603  # the one thing that is plugged in from below
    _tracer = tracer


def is_on() -> bool:
    """Whether traces are collected: what takes a statement or a sum to find out is asked only then."""
    return _tracer is not None


def span(
    name: str, *, kind: Kind = "internal", parent: str = "", facts: Facts = _NO_FACTS
) -> AbstractContextManager[Span]:
    """What is done inside is a span, below the present one, or below `parent`: a `traceparent` that came with a request
    or was kept with the work. An exception that passes ends it badly, by the name of its class alone.
    """
    return NOTHING if _tracer is None else _tracer.span(name, kind, parent, facts)


def past(
    name: str,
    *,
    id: UUID | None,
    parent: str,
    began: datetime,
    ended: datetime,
    facts: Facts = _NO_FACTS,
    failed: str = "",
) -> None:
    """Tell of something that went on over many rounds and processes, now that it has ended. `id` is what others knew it
    by meanwhile (`below`); None: nobody did. `failed` is the code of why it came to a bad end."""
    if _tracer is not None:
        _tracer.past(name, id, parent, began, ended, facts, failed)


def here() -> str:
    """The `traceparent` that work which is scheduled now is to keep; empty where there is no span or no collector."""
    return _tracer.here() if _tracer is not None else ""


def flush() -> None:
    """Send what is there still."""
    if _tracer is not None:
        _tracer.flush()


def below(parent: str, id: UUID) -> str:
    """The `traceparent` of what is a part of the same trace as `parent`, and is told of under `id` when it has ended.

    The last 64 bits of a UUID are its span's id: those of UUIDv7 are random, and never 0. `rounds` of dispatch does the
    same in SQL.
    """
    return f"{parent[:36]}{id.hex[16:]}{parent[-3:]}"
