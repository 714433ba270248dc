"""What `apps.common.work` offers to every app, provided."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.audit.services import Subject, record
from apps.common.work import KINDS, Claim, FenceLost, Move, Opening, Standing, WorkKind
from apps.dispatch import auditing, letters, rounds, rows, single, wakeups
from apps.dispatch.board import Board
from apps.dispatch.current import current
from apps.dispatch.pumping import PUMPING
from apps.tenants.context import PUBLIC, current_schema, each_tenant, public_context

logger = logging.getLogger(__name__)


class Row:
    """The locked row inside `fenced(claim)`."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def finish(self) -> None:
        rows.finish(self._claim)

    def postpone(self, due_at: datetime | None) -> None:
        rows.postpone(self._claim, due_at)


class WorkDispatcher:
    """The work rows of this installation. `board` knows what the worker that this process belongs to has in hand."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def schedule(self, kind: str, ids: Sequence[UUID], due_at: datetime | None, priority: int) -> None:
        tenant, queue = _tenant_of(kind), KINDS[kind].queue
        rows.insert(kind=kind, ids=ids, tenant=tenant, queue=queue, due_at=due_at, priority=priority)
        if due_at is None:
            _wake_later(tenant, queue)

    def scheduling(self, kind: str, ids: Sequence[UUID]) -> tuple[str, dict[str, Any]]:
        tenant, queue = _tenant_of(kind), KINDS[kind].queue
        _wake_later(tenant, queue)
        return rows.inserting(kind=kind, ids=ids, tenant=tenant, queue=queue, due_at=None, priority=0)

    def signal(self, kind: str, id: UUID) -> bool:
        tenant = _tenant_of(kind)
        free = rows.signal(kind=kind, id=id, tenant=tenant)
        if free:
            _wake_later(tenant, KINDS[kind].queue)
        return free is not None

    def withdraw(self, kind: str, id: UUID) -> bool:
        return rows.withdraw(kind=kind, id=id, tenant=_tenant_of(kind))

    @contextmanager
    def fenced(self, claim: Claim) -> Iterator[Row]:
        _require_here(claim)
        with transaction.atomic():
            if rows.lock(claim) is None:
                raise FenceLost(f"{claim.kind} {claim.id} is in other hands, or done")
            yield Row(claim)

    def stopping(self, claim: Claim) -> bool:
        return self.board.stopping(claim)

    def behind_fence(self, claim: Claim, statement: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        _require_here(claim)
        return single.fencing(claim, statement, parameters)

    def conclude(
        self, claim: Claim, caller: tuple[str, UUID] | None, effects: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        _require_here(claim)
        turn = None if self.board.ending[0] else current()
        kind = KINDS[caller[0]] if caller else None
        lease = kind.lease if kind and turn and kind.queue == "flow" else 0.0
        ended = single.end(claim, caller=caller, lease=lease, effects=effects, parameters=parameters)
        if ended is None:
            raise FenceLost(f"{claim.kind} {claim.id} is in other hands, or done")
        if turn and ended.is_finished:
            turn.finished = claim
        if ended.caller and turn:
            turn.followers.append(ended.caller)
        elif ended.is_idle and kind:
            _wake_later(claim.tenant, kind.queue)
        return ended.answer

    def commit_round(
        self, moves: Sequence[Move], effects: str, parameters: Mapping[str, Any], opens: Sequence[Opening]
    ) -> dict[UUID, Standing]:
        claim = moves[0].claim
        _require_here(claim)
        if any(move.move == "yield" for move in moves):
            _wake_later(claim.tenant, KINDS[claim.kind].queue)
        standings = rounds.commit(moves, effects, parameters, opens)
        for queue in {KINDS[each.kind].queue for each in opens}:
            _wake_later(claim.tenant, queue)
        return standings

    def still_ours(self, claims: Sequence[Claim]) -> list[Claim]:
        return rounds.still_ours(claims)

    def traces(self, claims: Sequence[Claim]) -> dict[UUID, str]:
        return rows.traces(claims)

    def trace(self, traces: Mapping[UUID, str]) -> None:
        rows.trace(traces, tenant=current_schema())

    def others_wait(self, queue: str) -> bool:
        return self.board.ending[0] != 0 or wakeups.others_waiting(current_schema(), queue)

    def make_way(self, most: float) -> float:
        turn = current()
        return PUMPING.make_way(turn.tenant, most) if turn and turn.queue == "flow" else 0.0

    def requeue(self, kind: str, id: UUID) -> bool:
        tenant = _tenant_of(kind)
        with transaction.atomic():
            queue = rows.requeue(kind=kind, id=id, tenant=tenant)
            if queue is None:
                return False
            if KINDS[kind].scope == "tenant":
                record(auditing.REQUEUED, who=None, subject=Subject("dispatch.work", str(id), letters.named(kind, id)))
            KINDS[kind].revive(id)
        _wake_later(tenant, queue)
        return True


def work_rebuild() -> dict[str, int]:
    """Make the rows that the current schema's tables say should exist and do not (rule R7). Returns how many, by kind.

    After a restore or an import; it may be run at any time.
    """
    made: dict[str, int] = {}
    scope = "platform" if current_schema() == PUBLIC else "tenant"
    for kind in KINDS:
        if kind.scope == scope and (ids := _missing(kind)):
            tenant = _tenant_of(kind.name)
            rows.insert(kind=kind.name, ids=ids, tenant=tenant, queue=kind.queue, due_at=None, priority=0)
            _wake_later(tenant, kind.queue)
            made[kind.name] = len(ids)
    return made


def work_compare() -> int:
    """Compare the rows of the platform and of every tenant with what their tables say, and make what is missing.

    Something is wrong where any is: it is logged and counted. Returns how many were made.
    """
    missing = 0
    with public_context():
        missing += _repaired()
    for _tenant in each_tenant():
        missing += _repaired()
    return missing


def _repaired() -> int:
    made = work_rebuild()
    for kind, number in made.items():
        wakeups.missing_count(kind, number)
        logger.error(
            "work rows were missing and were made",
            extra={"tenant": current_schema(), "kind": kind, "rows": number},
        )
    return sum(made.values())


def _missing(kind: WorkKind) -> list[UUID]:
    """The ids that should have a row and have none. Both are asked for one after the other, and work ends meanwhile:
    what is missing has to be pending still."""
    ids = rows.missing(kind=kind.name, ids=list(kind.pending()), tenant=_tenant_of(kind.name))
    still = set(kind.pending()) if ids else set()
    return [id for id in ids if id in still]


@dataclass(frozen=True)
class Depth:
    """How much work of a tenant there is now."""

    waiting: int
    running: int


def work_depth() -> Depth:
    """How much due work of the current tenant waits for a worker, and how much is in hand, in one statement."""
    return Depth(*rows.depth(current_schema()))


def tenant_forget(*, schema: str) -> None:
    """Delete the rows and dead letters of a tenant that is being deleted."""
    rows.forget_tenant(schema)


def _tenant_of(kind: str) -> str:
    """The schema that rows of this kind belong to here. Raises `RuntimeError` outside every tenant."""
    if kind not in KINDS:
        raise RuntimeError(f"There is no kind of work {kind!r}: declare it in a handlers.py.")
    if KINDS[kind].scope == "platform":
        return PUBLIC
    schema = current_schema()
    if schema == PUBLIC:
        raise RuntimeError(f"{kind} is work of a tenant, and none is entered.")
    return schema


def _require_here(claim: Claim) -> None:
    """Raises `FenceLost` in another tenant: the fence would let us write what stands under that id here."""
    if claim.tenant != _tenant_of(claim.kind):
        raise FenceLost(f"{claim.kind} {claim.id} is work of {claim.tenant}, and that is not where we are")


def _wake_later(tenant: str, queue: str) -> None:
    transaction.on_commit(lambda: _wake(tenant, queue))


def _wake(tenant: str, queue: str) -> None:
    """Wake a worker. A turn at what computes claims its next row itself, and wakes another worker for what is more."""
    turn = current()
    if turn and queue == "cpu" and (turn.tenant, turn.queue) == (tenant, queue):
        turn.has_made = True
    else:
        wakeups.wake(tenant, queue)
