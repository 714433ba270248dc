"""What of the spending on models needs somebody's attention: budgets that are spent, nearly spent, or will be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from apps.ai.budgets import words
from apps.ai.budgets.selectors import BudgetState, Spent
from apps.ai.models import Budget
from apps.ai.usage.ledger import Outlook
from apps.common import formats


@dataclass(frozen=True)
class Alert:
    """The most urgent word on one budget."""

    level: Literal["spent", "warned", "forecast"]
    state: BudgetState
    title: str
    text: str


def alerts_of(states: Iterable[BudgetState], outlook: Outlook | None, currency: str) -> list[Alert]:
    """At most one for each budget, spent ones first."""
    found = [alert for state in states if (alert := _alert(state, outlook, currency))]
    order = ("spent", "warned", "forecast")
    return sorted(found, key=lambda alert: (order.index(alert.level), -alert.state.worst.share))


def left_of(spent: Spent, currency: str) -> str:
    """`$3.20 of $10.00 and 1,200 of 5,000 tokens`: what is spent and reserved of each limit."""
    budget, told = spent.budget, []
    if budget.money is not None:
        used = words.money(spent.money + spent.reserved_money, currency)
        told.append(f"{used} of {words.money(budget.money, currency)}")
    if budget.tokens is not None:
        told.append(f"{formats.number(spent.tokens + spent.reserved_tokens)} of {formats.number(budget.tokens)} tokens")
    return " and ".join(told)


def _alert(state: BudgetState, outlook: Outlook | None, currency: str) -> Alert | None:
    worst = state.worst
    whose = f" ({worst.bearer})" if worst.bearer else ""
    told = f"{left_of(worst, currency)}{whose}"
    anew = f"begins anew on {formats.day(state.anew)}"
    if worst.level == "spent":
        text = f"{told}. Calls are refused, and agents do what can be computed; it {anew} (UTC)."
        return Alert("spent", state, f"Budget spent: {state.title}", text)
    if worst.level == "warned":
        return Alert("warned", state, f"Budget at {worst.share:.0f} %: {state.title}", f"{told}; it {anew} (UTC).")
    over = _over(state, outlook, currency) if outlook else ""
    return Alert("forecast", state, f"Budget will not last: {state.title}", over) if over else None


def _over(state: BudgetState, outlook: Outlook, currency: str) -> str:
    """That the month is expected to cost more than a budget has, in words; empty where not, or where nobody knows."""
    budget = state.budget
    if budget.period != Budget.Period.MONTH:
        return ""
    if budget.scope == Budget.Scope.TENANT:
        money, tokens = outlook.money, outlook.tokens
    else:  # of each agent or person for itself it is not forecast
        money, tokens = outlook.agents.get(budget.agent_key, (None, None))
    if budget.money is not None and money and Decimal(money.expected) > budget.money:
        return (
            f"{words.money(Decimal(money.expected), currency)} are expected by the end of the month, of "
            f"{words.money(budget.money, currency)}."
        )
    if budget.tokens is not None and tokens and tokens.expected > budget.tokens:
        return (
            f"{formats.number(round(tokens.expected))} tokens are expected by the end of the month, of "
            f"{formats.number(budget.tokens)}."
        )
    return ""
