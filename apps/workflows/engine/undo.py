"""How the undoing of a run went, as it is kept with why the run ended."""

from __future__ import annotations

from typing import Any, Final

from apps.workflows.engine.ledger import STEP, RunState

MOST_TOLD: Final = 50
"""Things that remain to be undone by hand and are told one by one; of more, their number is."""


def undo_report(state: RunState, *, stopped: bool = False) -> dict[str, Any]:
    """What was undone `of` how much, and what `remains`: each with its step, item, what was to undo it, and why it is
    not undone. `stopped`: a person has stopped it before its end."""
    failed = [(key, entry) for key, entry in state.undone.items() if entry.outcome == "failed"]
    unneeded = sum(entry.outcome == "skipped" for entry in state.undone.values())
    remains = [_told(state, key, (entry.problem or {}).get("detail", "")) for key, entry in failed]
    remains += [_told(state, key, _stopped(state, key)) for key in reversed(state.to_undo)]
    remains += [
        _told(state, key, "What became of it was not known when the undoing was stopped.") for key in state.flights
    ]
    count = len(state.undone) - unneeded + len(state.to_undo) + len(state.flights)
    return {
        "done": len(state.undone) - unneeded - len(failed),
        "of": count,
        "unneeded": unneeded,
        "stopped": stopped,
        "remains": remains[:MOST_TOLD],
        "more": max(0, len(remains) - MOST_TOLD),
    }


def _stopped(state: RunState, key: tuple[int, int]) -> str:
    undo = state.plan.steps[key[0]].undo
    piece = state.undos.get((undo, key[1])) if undo is not None else None
    if piece is not None and piece.attempt:
        return "It was being undone when a person stopped the undoing: whether it was has to be looked up."
    return "A person stopped the undoing before it."


def _told(state: RunState, key: tuple[int, int], why: str) -> dict[str, Any]:
    step = state.plan.steps[key[0]]
    by = state.plan.steps[step.undo].name if step.undo is not None else ""
    return {"step": step.name, "item": None if key[1] == STEP else key[1], "by": by, "detail": why}
