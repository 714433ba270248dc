"""Why a call does not leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from apps.ai.budgets import words
from apps.ai.models import Budget
from apps.common import formats
from apps.common.errors import Problem

_EVERY = {Budget.Period.DAY: "daily", Budget.Period.MONTH: "monthly"}


@dataclass(frozen=True)
class Shortage:
    """What of a budget does not suffice for a call."""

    budget: Budget
    whose: str
    left: str
    """What may still be asked for, with its unit."""
    asked: str
    limit: str
    never: bool
    """Whether the whole budget would not suffice."""
    anew: date


class BudgetSpent(Problem):
    code, status, title = "budget_spent", 409, "The budget for models is spent"
    cause = "A budget that bears this call has less left than the call may take at most; what is under way counts."
    effect = "The model was not asked, and nothing was spent. Everything that is computed is there as always."
    remedy = "Wait until the budget begins anew, or have an administrator raise it under Usage & cost."

    def __init__(self, shortage: Shortage | None = None) -> None:
        self.shortage = shortage
        if shortage is None:
            super().__init__()
            return
        each = _EVERY[Budget.Period(shortage.budget.period)]
        detail = (
            f"The {each} budget of {shortage.whose} is {shortage.limit}; {shortage.left} of it is left, and this call "
            f"may take up to {shortage.asked}. The model was not asked; everything that is computed is there as always."
        )
        if shortage.never:
            remedy = "Ask for less at a time, or have an administrator raise the budget under Usage & cost."
        else:
            remedy = (
                f"It begins anew on {formats.day(shortage.anew)} (UTC). An administrator can raise it under Usage & "
                "cost."
            )
        super().__init__(detail, remedy=remedy)


def shortage_of(
    budget: Budget,
    *,
    whose: str,
    currency: str,
    left: tuple[Decimal | None, int | None],
    asked: tuple[Decimal, int],
    anew: date,
) -> Shortage | None:
    """What does not suffice; None: enough is left. `left` and `asked`: money and tokens; None: no limit.

    A call that costs no money is not held up by a limit in money, whatever is left of it.
    """
    money, tokens = left
    if budget.money is not None and money is not None and asked[0] > 0 and asked[0] > money:
        still, most, limit = (words.money(each, currency) for each in (max(money, Decimal(0)), asked[0], budget.money))
        return Shortage(budget, whose, still, most, limit, never=asked[0] > budget.money, anew=anew)
    if budget.tokens is not None and tokens is not None and asked[1] > tokens:
        still, most, limit = (f"{formats.number(each)} tokens" for each in (max(tokens, 0), asked[1], budget.tokens))
        return Shortage(budget, whose, still, most, limit, never=asked[1] > budget.tokens, anew=anew)
    return None
