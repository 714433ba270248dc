"""Kinds of background work, and the few verbs on them. Declared here for every app, and provided by `dispatch`.

An app subclasses `WorkKind` in its `handlers.py` and calls `schedule(kind, id)` inside the transaction that makes the
work necessary. The protocol behind it (leases, fences, deaths) is `docs/guides/engine.md`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from apps.common import tracing
from apps.common.registry import Registry


@dataclass(frozen=True)
class Claim:
    """A work row in hand. Only the holder of its fence may write what the row stands for."""

    kind: str
    id: UUID
    tenant: str
    """Schema name; ``public`` for platform work."""
    fence: int
    signal: int
    """How many signals the row had when it was claimed."""
    deaths: int
    """How many earlier holders of the row died on it."""
    former: int = 0
    """Of one that was taken with the end of what it waited for: the fence that the row had before; else 0."""
    begun: tuple[Any, ...] | None = field(default=None, compare=False, repr=False)
    """What `WorkKind.beginning` read in the statement that claimed the row; None where there was nothing to begin."""

    def seen(self, signal: int) -> Claim:
        """The same claim, by somebody who knows of that many signals."""
        return self if signal == self.signal else replace(self, signal=signal)

    def continues(self, given_back: Claim) -> bool:
        """Whether this claim took up a row as `given_back` had left it: with the end that it waited for, and after no
        other claim and no other signal."""
        return self.former == given_back.fence and self.signal == given_back.signal + 1


@dataclass(frozen=True)
class Move:
    """What becomes of a row in hand after a round (see `commit_round`)."""

    claim: Claim
    move: Literal["go", "wait", "yield", "done"]
    """Keep it in hand; give it back until `until` or a signal; give it back, due as it was; delete it."""
    until: datetime | None = None


@dataclass(frozen=True)
class Opening:
    """Rows that a round makes, each for a row in hand that waits for its end."""

    kind: str
    ids: Sequence[UUID]
    owners: Sequence[UUID]
    """Of each, the row in hand that it is made for: it is made when that one's round is recorded."""


@dataclass(frozen=True)
class Standing:
    """How a row stands after a round that was recorded for it."""

    claim: Claim
    """With the signal that the row has now."""
    held: bool
    """Whether it is still in hand."""
    news: bool
    """Whether somebody signalled since it was looked at: load what they wrote."""


@dataclass(frozen=True)
class Beginning:
    """What a claim of a row in hand begins, in the statement that claims it: that saves one for each row.

    It is written where nothing has changed meanwhile. Else, and for a row that was taken otherwise, `Claim.begun` is
    None, and `perform` has to begin by itself.
    """

    effects: str
    """SQL of a common table expression `begun (id, ...)`, which writes for rows of `claimed (id, kind, deaths)` only,
    and waits for no lock. They are of this kind, and of a tenant that is entered."""
    columns: Sequence[str]
    """Columns of `begun` that `Claim.begun` is to have, in their order."""


class FenceLost(Exception):
    """Somebody else holds the row now, or nobody does: write nothing and drop the claim."""


class WorkKind(ABC):
    """One kind of background work. A subclass registers itself by `name`."""

    name: ClassVar[str]
    queue: ClassVar[Literal["cpu", "io", "flow"]] = "cpu"
    """`cpu` for what computes, `io` for what waits on the network, `flow` for many rows of short steps at once."""
    scope: ClassVar[Literal["tenant", "platform"]] = "tenant"
    lease: ClassVar[float] = 5.0
    """Seconds until another worker may take the row when its holder falls silent. Renewed by a heartbeat."""
    leave_within: ClassVar[float | None] = None
    """Seconds that `perform` has to leave once it was told to stop; then its process is killed, and the row is given
    back. None: it is waited for. Holds for what has a process to itself, which is the queue `cpu` of a prefork pool."""
    beginning: ClassVar[Beginning | None] = None
    """What is written when a row is claimed, in the very statement. Of the kinds of a queue one at most has it."""

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        KINDS.register(cls.name, cls())

    def perform_together(self, claims: Sequence[Claim]) -> None:
        """Do the work of several rows of one tenant; called for kinds of the queue `flow` only."""
        for claim in claims:
            self.perform(claim)

    @abstractmethod
    def perform(self, claim: Claim) -> None:
        """Do the work. Writes go through `fenced(claim)`; leaving without finishing it releases the row.

        A `FenceLost` may pass: the claim is dropped and the row left to its new holder.
        """

    @abstractmethod
    def bury(self, claim: Claim, cause: str) -> None:
        """Record that the work was given up (three deaths). Runs in the transaction that writes the dead letter."""

    @abstractmethod
    def revive(self, id: UUID) -> None:
        """Undo `bury`: a person asked for another try. Runs in the transaction that requeues the row."""

    @abstractmethod
    def pending(self) -> Iterable[UUID]:
        """The ids that the current tenant's tables say should have a work row (the index is rebuilt from these)."""


KINDS: Registry[WorkKind] = Registry("Work kind")


class Fenced(Protocol):
    """A locked work row inside `fenced(claim)`."""

    def finish(self) -> None:
        """Delete the row: the work is done. Refused (the row stays due) when a signal came in since the claim."""

    def postpone(self, due_at: datetime | None) -> None:
        """Give the row back, to be claimed again at `due_at`, or when it is signalled (None). What was done until now
        is kept, so earlier deaths are forgotten. Refused (the row stays due) when a signal came in since the claim."""


class Dispatcher(Protocol):
    def schedule(self, kind: str, ids: Sequence[UUID], due_at: datetime | None, priority: int) -> None: ...
    def scheduling(self, kind: str, ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]: ...
    def signal(self, kind: str, id: UUID) -> bool: ...
    def fenced(self, claim: Claim) -> AbstractContextManager[Fenced]: ...
    def withdraw(self, kind: str, id: UUID) -> bool: ...
    def stopping(self, claim: Claim) -> bool: ...
    def requeue(self, kind: str, id: UUID) -> bool: ...
    def behind_fence(
        self, claim: Claim, statement: str, parameters: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]: ...
    def conclude(
        self, claim: Claim, caller: tuple[str, UUID] | None, effects: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]: ...
    def commit_round(
        self, moves: Sequence[Move], effects: str, parameters: Mapping[str, Any], opens: Sequence[Opening]
    ) -> dict[UUID, Standing]: ...
    def still_ours(self, claims: Sequence[Claim]) -> list[Claim]: ...
    def traces(self, claims: Sequence[Claim]) -> dict[UUID, str]: ...
    def trace(self, traces: Mapping[UUID, str]) -> None: ...
    def others_wait(self, queue: str) -> bool: ...
    def make_way(self, most: float) -> float: ...


_dispatcher: Dispatcher | None = None


def provide(dispatcher: Dispatcher) -> None:
    """Called once by `dispatch` when it is ready."""
    global _dispatcher  # noqa: PLW0603  # the one thing that is plugged in from below
    _dispatcher = dispatcher


def _provided() -> Dispatcher:
    if _dispatcher is None:
        raise RuntimeError("No dispatcher is provided: is apps.dispatch installed?")
    return _dispatcher


def schedule(kind: str, id: UUID, *, due_at: datetime | None = None, priority: int = 0) -> None:
    """Make a work row for the current tenant (or for the platform), in the caller's transaction.

    `due_at` None means now. `priority` -1 goes first, 1 last. A worker is woken when the transaction commits.
    """
    _provided().schedule(kind, [id], due_at, priority)


def schedule_many(kind: str, ids: Sequence[UUID], *, due_at: datetime | None = None, priority: int = 0) -> None:
    """Make work rows that are due at the same time, in one statement. All else is as `schedule` has it."""
    _provided().schedule(kind, ids, due_at, priority)


def scheduling(kind: str, ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
    """What `schedule_many` does now, as SQL for a common table expression of a statement that does more, with its
    parameters. The statement is to be carried out in this transaction; a worker is woken when that commits.
    """
    return _provided().scheduling(kind, ids)


def signal(kind: str, id: UUID) -> bool:
    """Tell the holder of a row that something it must know was written in this transaction. False: there is no row."""
    return _provided().signal(kind, id)


def fenced(claim: Claim) -> AbstractContextManager[Fenced]:
    """A transaction in which only the holder of the claim's fence writes. Raises `FenceLost` when it is not ours."""
    return _provided().fenced(claim)


def withdraw(kind: str, id: UUID) -> bool:
    """Take back a row that nobody has in hand, in the caller's transaction, which may then write what the row stood
    for. False: it is in hand, or gone; whoever has it must be told by `signal`."""
    return _provided().withdraw(kind, id)


def stopping(claim: Claim) -> bool:
    """Whether the work should stop: it was signalled since it was claimed, its lease is lost, or the process is to end.

    Costs no query. Work that stops without having finished its row gives it back, and another process takes it up.
    """
    return _provided().stopping(claim)


def requeue(kind: str, id: UUID) -> bool:
    """Give a dead letter another life. False: there is none of this kind and id in the current tenant."""
    return _provided().requeue(kind, id)


def behind_fence(claim: Claim, statement: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A statement, with its parameters, that first locks the row in hand: `fenced` has a row when the fence is ours.

    `statement` is SQL: common table expressions that write only where `fenced` has a row, and what is selected. Names
    of parameters do not begin with `w_`. Raises `FenceLost` in another tenant than the claim's.
    """
    return _provided().behind_fence(claim, statement, parameters)


def conclude(
    claim: Claim, *, caller: tuple[str, UUID] | None, effects: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Record the end of what the claim stands for, finish its row, and signal the row (kind, id) that waits for that:
    one statement. Returns the row of `answer`. Raises `FenceLost`, and then nothing was written.

    A caller whose row is free is taken up by this process as soon as it has left `perform`, without a message.
    `effects` is SQL as `commit_round` has it: `fenced` has a row when the fence is ours, and one of the common table
    expressions is named `answer`. Names of parameters do not begin with `w_`.
    """
    return _provided().conclude(claim, caller, effects, parameters)


def commit_round(
    moves: Sequence[Move], effects: str, parameters: Mapping[str, Any], opens: Sequence[Opening] = ()
) -> dict[UUID, Standing]:
    """Write for many rows in hand, of one kind and tenant, make the rows that they open, and give them back, in one
    statement.

    `effects` is SQL: common table expressions, each with a comma behind it, that write only what belongs to rows of
    `fenced` (columns `id`, `move`, `quiet`), with the values in `parameters`. Rows that are not in the answer were not
    written for: they are in other hands, or locked at this moment; ask `still_ours`.
    """
    return _provided().commit_round(moves, effects, parameters, opens)


def still_ours(claims: Sequence[Claim]) -> list[Claim]:
    """Those of `claims` that are still in our hands, with the signals that their rows have now."""
    return _provided().still_ours(claims)


def traces(claims: Sequence[Claim]) -> dict[UUID, str]:
    """The `traceparent` that rows in hand, of one kind and tenant, keep of what made them. One statement; none where no
    traces are collected, and nothing is found then."""
    return _provided().traces(claims) if claims and tracing.is_on() else {}


def trace(traces: Mapping[UUID, str]) -> None:
    """Have rows that were scheduled in this transaction keep these by their ids, not that of what is done now."""
    if traces:
        _provided().trace(traces)


def others_wait(queue: str) -> bool:
    """Whether other tenants wait for a worker of this queue: a long turn should end. Costs no query."""
    return _provided().others_wait(queue)


def make_way(most: float) -> float:
    """Let other tenants go first that are at work in this process and have had less of its time: wait for them, `most`
    seconds at most. Returns how long that was. Called between two pieces of a turn at the queue `flow`, with nothing
    locked; elsewhere it does not wait. Costs no query."""
    return _provided().make_way(most)
