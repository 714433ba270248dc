"""What the steps of runs have asked of others and wait for: what has come of it, and that nobody waits any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from apps.workflows.engine.advance import answered, failed
from apps.workflows.engine.ledger import RunState
from apps.workflows.engine.plan import PlanStep
from apps.workflows.performers import PERFORMERS
from apps.workflows.store import InHand


def collect(hands: list[InHand], now: datetime) -> None:
    """Take into account, for each run, what has ended of what it waits for."""
    waiting: dict[str, dict[UUID, tuple[InHand, PlanStep, int, int]]] = {}
    for hand in hands:
        for step, item, piece in hand.state.open_pieces():
            if piece.ref is not None:
                waiting.setdefault(step.step.kind, {})[piece.ref] = (hand, step, item, piece.attempt)
    for kind, refs in waiting.items():
        for ref, outcome in PERFORMERS[kind].collect(list(refs)).items():
            hand, step, item, attempt = refs[ref]
            if outcome.problem is None:
                entry = answered(step, item, attempt, outcome.output)
            else:
                run = str(hand.run.id)
                # What was asked for before the run was to end badly is not tried again.
                final = outcome.final or (hand.state.ending is not None and step.undoes is None)
                entry = failed(step, item, attempt, outcome.problem, now=now, run=run, final=final)
            hand.entries.append(entry)
            hand.state.apply(entry)


def abandon(state: RunState) -> None:
    """Stop what a run that is over has still asked of others."""
    cancel(open_refs(state))


def cancel(refs: dict[str, list[UUID]]) -> None:
    """Nobody waits for these any more, which are told by the kind of their steps."""
    for kind, found in refs.items():
        PERFORMERS[kind].cancel(found)


def open_refs(state: RunState) -> dict[str, list[UUID]]:
    """The keys of what others have in hand for a run, by kind of step."""
    refs: dict[str, list[UUID]] = {}
    for step, _item, piece in state.open_pieces():
        if piece.ref is not None:
            refs.setdefault(step.step.kind, []).append(piece.ref)
    return refs
