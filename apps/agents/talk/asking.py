"""Whether there is a model to ask for an agent, and what is said where there is none."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from apps.ai import calling
from apps.ai.contract import Purpose
from apps.common.errors import Conflict, Problem

RUN: Final = "agents.run"
"""Kind of what messages are about, in the ledger."""


class NoModel(Conflict):
    code, status, title = "no_model", 409, "No model is connected"
    cause = (
        "Nobody has connected a provider of models, or chosen a model for this agent, or all of them are turned off."
    )
    effect = "Nothing was asked. Agents compute as always, and results can be explained from the computation."
    remedy = "Have an administrator connect a provider and choose a model."


def has_model(agent_key: str) -> bool:
    """Whether a model is chosen that may be asked for an agent. Whether it answers is another matter."""
    return calling.model_for(Purpose(what="explain", agent_key=agent_key)) is not None


def purpose_of(
    what: str, agent_key: str, *, user_id: UUID | None, prompt: str, run: UUID | None = None, is_demo: bool = False
) -> Purpose:
    """What a call is charged to, and where its trace is found."""
    return Purpose(
        what=what,
        agent_key=agent_key,
        user_id=user_id,
        subject_kind=RUN if run else "",
        subject=run,
        prompt=prompt,
        is_demo=is_demo,
    )


class ModelRefused(Problem):
    code, status, title = "model_refused", 502, "The model would not do it"
    cause = "The model answered that it will not do what it was asked, or with nothing that can be used."
    effect = "Nothing was made of it. What the call cost is counted; everything that is computed is there as always."
    remedy = "Ask in other words, or have an administrator choose another model."

    def __init__(self, words: str = "") -> None:
        super().__init__(f"It said: {words[:500]}" if words else "")
