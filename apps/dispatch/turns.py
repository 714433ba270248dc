"""A turn: one wake-up's worth of work for a tenant and a queue."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection

from apps.audit.actors import under
from apps.common import tracing
from apps.common.work import KINDS, Claim, FenceLost
from apps.dispatch import rows, wakeups
from apps.dispatch.board import Board
from apps.dispatch.current import Current, entered
from apps.dispatch.pumping import CREDIT, PUMPING
from apps.tenants.context import PUBLIC, public_context, tenant_by_schema, tenant_context
from apps.tenants.models import Tenant

logger = logging.getLogger(__name__)

# Seconds after which a turn claims nothing more, so that other tenants' wake-ups come to their turn (rule R10).
LONGEST = 2.0
# Seconds between two wake-ups for what a turn leaves behind: the last one is outstanding still, as a rule.
WAKE_EVERY = 0.05
IO_SLOTS = 4
TOGETHER = 64
FLOW_SLOTS = 16 * TOGETHER
"""Rows of the queue `flow` that a tenant may have in hand: they take no worker's time while they wait."""


def turn(*, schema: str, queue: str, board: Board) -> int:
    """Claim and perform what is due for a tenant, one row at a time. Returns how many rows were taken up.

    Work of a tenant that is not ready, or held, stays where it is. Never raises what a kind of work raises, or the
    database when it goes away: then the connection is closed, as every later turn on it would fail too.
    """
    try:
        return _turn(schema, queue, board)
    except (OperationalError, InterfaceError) as error:
        logger.warning("the database went away: %s", error, extra={"tenant": schema, "queue": queue})
        connection.close()
        return 0


def _turn(schema: str, queue: str, board: Board) -> int:
    if queue != "flow":
        return _work(schema, queue, board)
    if not PUMPING.enter(schema):  # first of all: from now on others make way
        wakeups.received(schema, queue)
        return 0
    try:
        return _work(schema, queue, board)
    finally:
        if PUMPING.leave(schema):
            wakeups.wake(schema, queue)


def _work(schema: str, queue: str, board: Board) -> int:
    wakeups.received(schema, queue)
    tenant = None if schema == PUBLIC else tenant_by_schema(schema)
    if schema != PUBLIC and (tenant is None or not tenant.is_working):
        return 0
    until, woken, taken = time.monotonic() + LONGEST, -WAKE_EVERY, 0
    crowded = queue == "flow" and wakeups.others_waiting(schema, queue)
    with _inside(tenant), entered(schema, queue) as current:
        while True:
            current.has_made = False
            if queue == "flow":
                PUMPING.make_way(schema, CREDIT)
            limit = min(_limit(queue, crowded), board.free())
            claimed = rows.claim(tenant=schema, queue=queue, limit=limit, slots=_slots(tenant, queue))
            if claimed.more and time.monotonic() >= woken + WAKE_EVERY:
                woken = time.monotonic()
                wakeups.wake(schema, queue)
            taken += len(claimed.claims)
            whole = all(
                _take_up(claims, board, current) and _follow(current, board)
                for claims in _together(claimed.claims, queue)
            )
            over = not whole or not claimed.claims or time.monotonic() > until or board.ending[0]
            if over or wakeups.others_waiting(schema, queue):
                for each in current.followers:
                    _give_back(each)
                if current.has_made:
                    wakeups.wake(schema, queue)
                return taken
            crowded = False


def _follow(current: Current, board: Board) -> bool:
    """Take up what waited for the work that was just done, and is in our hands already (rule R9)."""
    while current.followers:
        claims, current.followers = current.followers, []
        if not all(_take_up(each, board, current) for each in _together(claims, "flow")):
            return False
    return True


def _inside(tenant: Tenant | None) -> AbstractContextManager[None]:
    return public_context() if tenant is None else tenant_context(tenant)


def _slots(tenant: Tenant | None, queue: str) -> int:
    """How many rows of a tenant may be in hand at the same time: its quota holds for what computes."""
    if queue == "flow":
        return FLOW_SLOTS
    return IO_SLOTS if tenant is None or queue != "cpu" else tenant.max_running_runs


def _limit(queue: str, crowded: bool) -> int:
    """How many rows a claim takes: many where they are worked on together, half of it while others wait, and an eighth
    where they share this process (R10)."""
    if queue != "flow":
        return 1
    if PUMPING.is_shared():
        return TOGETHER // 8
    return TOGETHER // 2 if crowded else TOGETHER


def _together(claims: list[Claim], queue: str) -> list[list[Claim]]:
    """The claims in the portions that they are taken up in: those of a kind of the queue `flow` in one."""
    if queue != "flow" or any(claim.deaths for claim in claims):  # a row whose holder died came alone
        return [[claim] for claim in claims]
    kinds = dict.fromkeys(claim.kind for claim in claims)
    return [[claim for claim in claims if claim.kind == kind] for kind in kinds]


def _take_up(claims: list[Claim], board: Board, current: Current) -> bool:
    """Perform or bury claims of one kind. False when the database connection broke: then the turn is over."""
    claim = claims[0]
    kind = KINDS[claim.kind]
    try:
        if claim.deaths >= rows.DEATHS:
            _bury(claim)
            return True
        if kind.queue == "flow":
            with board.hold(*claims), _acting(claims):
                kind.perform_together(claims)
            return True
        began = time.monotonic()
        told = structlog.contextvars.bound_contextvars(kind=claim.kind, work=str(claim.id))
        with board.hold(claim), told, _spanned(claim), _acting(claims):
            kind.perform(claim)
        # What was neither finished nor postponed is due again at once.
        given_back = current.finished is not claim and rows.release(claim)
        outcome = "given back" if given_back else "done"
        logger.info("work was %s", outcome, extra=_names(claim) | {"seconds": round(time.monotonic() - began, 3)})
    except FenceLost:
        logger.info("work was dropped, as its lease had passed on", extra=_names(claim))
    except (OperationalError, InterfaceError) as error:
        # Every later statement of this connection would fail too. The row is no death of the work's own making.
        logger.warning("the database went away during work: %s", error, extra=_names(claim))
        connection.close()
        for each in claims:
            _give_back(each)
        return False
    except Exception:
        # The lease is left to run out: the next claim counts a death, and the third one buries it.
        logger.exception("work failed", extra=_names(claim))
    return True


@contextmanager
def _spanned(claim: Claim) -> Iterator[None]:
    """What is done is a span of the trace that made it necessary, where traces are collected; its lines name it."""
    if not tracing.is_on():
        yield
        return
    parent = rows.traces([claim]).get(claim.id, "")
    spanned = tracing.span(claim.kind, kind="consumer", parent=parent)
    with spanned as span, structlog.contextvars.bound_contextvars(trace=span.trace):
        yield


def _acting(claims: list[Claim]) -> AbstractContextManager[None]:
    """What is done now stands in the audit log by the kind of the work, and its id where it is one piece of it."""
    return under(via=claims[0].kind, request=str(claims[0].id) if len(claims) == 1 else "")


def _bury(claim: Claim) -> None:
    """Write the dead letter instead of handing the row out once more (rule R6)."""
    from apps.common.work import fenced

    cause = f"{rows.DEATHS} workers died one after another while they had it in hand."
    with fenced(claim), _acting([claim]):
        rows.bury(claim, cause)
        KINDS[claim.kind].bury(claim, cause)
    logger.error("work was given up: %s", cause, extra=_names(claim))


def _give_back(claim: Claim) -> None:
    try:
        rows.release(claim)
    except (OperationalError, InterfaceError):
        connection.close()


def _names(claim: Claim) -> dict[str, Any]:
    return {"tenant": claim.tenant, "kind": claim.kind, "work": str(claim.id)}
