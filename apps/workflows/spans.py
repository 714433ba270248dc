"""Spans of runs and of their steps, for operators who collect traces.

A run goes on over many rounds, in several processes, and none of them lives as long as it does. So it is told of once
it has ended, and a step as well, under ids that what they began has named as its parent meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.common import tracing, work
from apps.common.work import Claim
from apps.workflows.engine.ledger import STEP, Entry

if TYPE_CHECKING:
    from apps.workflows.performers import Ask
    from apps.workflows.store import InHand

_LOWER: Final = 2**64 - 1
_OPENED: Final = """
select s.run_id, s.step, s.item, s.attempt, s.ref, s.at
from unnest(%(runs)s::uuid[], %(steps)s::smallint[], %(items)s::int[], %(attempts)s::smallint[])
    as x (run, step, item, attempt)
join workflows_steprun s
    on s.run_id = x.run and s.step = x.step and s.item = x.item and s.attempt = x.attempt and not s.ended
"""


def follow(claims: Sequence[Claim], hands: Mapping[UUID, InHand]) -> None:
    """Know the traces that runs in hand are a part of."""
    for id, trace in work.traces(claims).items():
        if id in hands:
            hands[id].trace = trace


def begun(asks: Iterable[Ask], hands: Mapping[UUID, InHand]) -> None:
    """Have the work that steps began, in this transaction, be a part of their runs' traces."""
    work.trace({ask.ref: tracing.below(trace, ask.ref) for ask in asks if (trace := hands[ask.run.id].trace)})


def tell(hands: Iterable[InHand]) -> None:
    """Of what a round has recorded for these runs: steps that ended, and runs that did."""
    if not tracing.is_on():
        return
    traced = [hand for hand in hands if hand.trace]
    ended = [(hand, entry) for hand in traced for entry in hand.entries if entry.outcome in {"succeeded", "failed"}]
    now, opened = timezone.now(), _opened(ended)
    for hand, entry in ended:
        _tell_step(hand, entry, opened.get(_key(hand, entry)), now)
    for hand in traced:
        if hand.change is not None and hand.change.status not in hand.run.OPEN:
            facts = _facts(hand) | {"orchestrall.status": hand.change.status}
            failed = hand.change.problem["code"] if hand.change.problem else ""
            tracing.past(
                f"workflow {hand.run.workflow.name}", id=_own(hand.run.id), parent=hand.trace,
                began=hand.run.created_at, ended=now, facts=facts, failed=failed,
            )  # fmt: skip


def _tell_step(hand: InHand, entry: Entry, opened: tuple[UUID | None, datetime] | None, now: datetime) -> None:
    step = hand.state.plan.steps[entry.step]
    facts = _facts(hand) | {"orchestrall.step": step.name, "orchestrall.step.kind": step.step.kind}
    facts |= {"orchestrall.attempt": entry.attempt} | ({"orchestrall.item": entry.item} if entry.item != STEP else {})
    ref, began = opened or (None, now)
    failed = entry.problem["code"] if entry.problem else ""
    parent = tracing.below(hand.trace, _own(hand.run.id))
    tracing.past(f"step {step.name}", id=ref, parent=parent, began=began, ended=now, facts=facts, failed=failed)


def _opened(ended: Sequence[tuple[InHand, Entry]]) -> dict[tuple[UUID, int, int, int], tuple[UUID | None, datetime]]:
    """What was opened for these, and when: by the ledger, as another process may have done it."""
    if not ended:
        return {}
    runs, steps, items, attempts = zip(*(_key(hand, entry) for hand, entry in ended), strict=True)
    with connection.cursor() as cursor:
        given = {"runs": list(runs), "steps": list(steps), "items": list(items), "attempts": list(attempts)}
        cursor.execute(_OPENED, given)
        return {tuple(key): (ref, at) for *key, ref, at in cursor.fetchall()}


def _key(hand: InHand, entry: Entry) -> tuple[UUID, int, int, int]:
    return hand.run.id, entry.step, entry.item, entry.attempt


def _facts(hand: InHand) -> dict[str, str | int | float | bool]:
    return {"orchestrall.run": str(hand.run.id), "orchestrall.workflow": hand.run.workflow.name}


def _own(run: UUID) -> UUID:
    """A run's span is another one than that of the step it may be, which has its key."""
    return UUID(int=run.int ^ _LOWER)
