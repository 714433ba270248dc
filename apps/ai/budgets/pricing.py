"""What a call costs. Money is decimal, and what falls below its last place is rounded up: a budget never loses."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

from apps.ai.contract import Usage
from apps.ai.models import LanguageModel

PLACES: Final = Decimal("0.00000001")
"""The last place of money in the ledger."""
_PER: Final = Decimal(1_000_000)
"""Tokens that a price is for."""


def price_at_most(model: LanguageModel, *, tokens_input: int, tokens_output: int) -> Decimal:
    """What so many tokens cost, whatever of them the provider has kept."""
    dearest = max(model.price_input, _price_cached(model))
    return _rounded(tokens_input * dearest + tokens_output * model.price_output)


def price_of(model: LanguageModel, usage: Usage) -> Decimal:
    """What a call cost, in the currency of the model's prices."""
    cached = min(max(usage.cached, 0), max(usage.input, 0))
    fresh = max(usage.input, 0) - cached
    return _rounded(
        fresh * model.price_input + cached * _price_cached(model) + max(usage.output, 0) * model.price_output
    )


def _price_cached(model: LanguageModel) -> Decimal:
    return model.price_input if model.price_cached is None else model.price_cached


def _rounded(millionths: Decimal) -> Decimal:
    return (millionths / _PER).quantize(PLACES, rounding=ROUND_CEILING)
