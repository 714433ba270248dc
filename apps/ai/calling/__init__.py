"""The one way to call a model: `model_for` a purpose, then `ask`.

A call is masked, reserved on the budgets and written to the ledger before it leaves; it is tried again where that may
help, and the next model of the choice is asked where it does not; it ends within its time. What came back is restored,
checked against its schema and settled. It must not be made while a transaction is open: that is a `RuntimeError`.
"""

from __future__ import annotations

from collections.abc import Callable

from apps.ai.calling.chain import SECONDS, Chain
from apps.ai.calling.choices import chosen
from apps.ai.contract import Model, Purpose
from apps.ai.models import LanguageModel

__all__ = ["SECONDS", "model_for", "model_of", "stand_in"]

_stand_in: Callable[[Purpose], Model | None] | None = None


def model_for(
    purpose: Purpose, *, seconds: float = SECONDS, stopping: Callable[[], bool] = lambda: False
) -> Model | None:
    """The model to ask for a purpose, in the current tenant: those of the agent's choice in their order, else those of
    every agent. None where nothing is chosen or all of it is turned off: then only what can be computed is there.

    Each `ask` takes `seconds` at most, tries and other models included. Once `stopping` says so, it ends at once by
    `ModelStopped`. `PersonalDataStays` and `BudgetSpent` are raised by `ask` as well as any `ModelProblem`.
    """
    if _stand_in is not None:
        return _stand_in(purpose)
    models = chosen(purpose.agent_key)
    return Chain(models, purpose, seconds=seconds, stopping=stopping) if models else None


def model_of(
    model: LanguageModel,
    purpose: Purpose,
    *,
    seconds: float = SECONDS,
    stopping: Callable[[], bool] = lambda: False,
) -> Model:
    """This model and no other, whatever is chosen: for comparing models. All else is as `model_for` has it."""
    if _stand_in is not None and (standing := _stand_in(purpose)) is not None:
        return standing
    return Chain([model], purpose, seconds=seconds, stopping=stopping)


def stand_in(by: Callable[[Purpose], Model | None] | None) -> None:
    """Have `by` answer every `model_for` of this process; None: no longer. For `fake.standing_in`."""
    global _stand_in  # noqa: PLW0603  # the one seam where a test puts a model by script
    _stand_in = by
