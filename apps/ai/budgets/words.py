"""Money and budgets as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from apps.ai.models import Budget
from apps.common import formats

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_WHOLE = {"JPY", "KRW", "VND", "CLP", "ISK"}
"""Currencies without a smaller unit in use."""


def money(value: Decimal | None, currency: str) -> str:
    """`$1,234.50`, `$0.038`, `CHF 12.00`; under one unit to three decimals, and what is less than that said so."""
    if value is None:
        return formats.NOTHING
    sign = _SIGNS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    amount, minus = abs(value), "\N{MINUS SIGN}" if value < 0 else ""
    if 0 < amount < Decimal("0.0005"):
        return f"{minus}< {sign}0.001"
    places = 3 if 0 < amount < 1 else 0 if currency in _WHOLE else 2
    text = f"{amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP):,}"
    return f"{minus}{sign}{text}"


def bearer_title(budget: Budget, *, agent: str = "", person: str = "") -> str:
    """Whom a budget bears, in words; `agent` and `person` are the names of the one who spends."""
    if budget.scope == Budget.Scope.TENANT:
        return "the organisation"
    if budget.scope == Budget.Scope.AGENT:
        return f"the agent {agent}" if agent else "each agent"
    return person or "each person"
