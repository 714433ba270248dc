"""The expressions of a round of the pump, evaluated in one batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from apps.workflows.engine.advance import Compute, Open, advance
from apps.workflows.store import InHand


def compute_ahead(hands: Iterable[InHand], now: datetime) -> None:
    """Have what the next steps of these runs compute by expressions evaluated together.

    The steps then find the answers; what is not answered in time is left to their turn. A round whose definitions have
    no expressions does nothing here but look.
    """
    concerned = [hand for hand in hands if hand.state.plan.has_expressions and not hand.entries]
    if not concerned:
        return
    from apps.workflows.cel.evaluating import evaluate_ahead  # a worker without expressions does without it

    evaluate_ahead(
        (expression, hand.state.env_of(each.step, each.item))
        for hand in concerned
        for each in advance(hand.state, now)
        if isinstance(each, Compute | Open) and each.step.name not in hand.state.given
        for expression in each.step.expressions
    )
