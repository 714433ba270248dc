"""Models, budgets and calls for tests of what is spent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from apps.ai.budgets import services
from apps.ai.contract import Purpose
from apps.ai.models import Budget, LanguageModel, ModelCall, Provider

PURPOSE = Purpose("explain", agent_key="dummy.counter")


def model_make(**fields: Any) -> LanguageModel:
    """A model of which a million tokens cost 2 in, 0.5 where they were kept, and 8 out."""
    provider, _ = Provider.objects.get_or_create(name="Local", defaults={"kind": "compatible", "access": {}})
    prices = {"price_input": Decimal(2), "price_cached": Decimal("0.5"), "price_output": Decimal(8)}
    return LanguageModel.objects.create(**{"provider": provider, "name": "small", **prices, **fields})


def budget_make(**fields: Any) -> Budget:
    """A monthly one of everything, of 10 in money."""
    given = {"scope": "tenant", "period": "month", **fields}
    if not {"money", "tokens"} & set(given):
        given["money"] = Decimal(10)
    return Budget.objects.create(**given)


def reserve(model: LanguageModel, *, purpose: Purpose = PURPOSE, seconds: float = 60, **how: Any) -> ModelCall:
    """Room for 1,000 tokens in and 1,000 out: 0.01 with the prices of `model_make`."""
    tokens = {"tokens_input": 1_000, "tokens_output": 1_000, **how}
    return services.reserve(
        purpose=purpose, model=model, until=timezone.now() + timedelta(seconds=seconds), **tokens
    )  # fmt: skip
