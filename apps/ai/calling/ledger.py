"""The row of a call: written before it leaves, finished when its end is known, each in a transaction of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.ai.contract import Purpose, Usage
from apps.ai.models import AiPolicy, LanguageModel, ModelCall
from apps.common.errors import Problem
from apps.tenants.fields import sealed_for

_MARGIN = timedelta(seconds=30)


def reserve(
    *,
    purpose: Purpose,
    model: LanguageModel,
    tokens_input: int,
    tokens_output: int,
    seconds: float,
    sent: Any,
    masked: dict[str, int],
) -> ModelCall:
    """Write that a call leaves. Raises `RuntimeError` inside a transaction."""
    with transaction.atomic(durable=True):
        policy = AiPolicy.objects.filter(pk=1).first() or AiPolicy()
        money = (tokens_input * model.price_input + tokens_output * model.price_output) / 1_000_000
        return ModelCall.objects.create(
            purpose=purpose.what, agent_key=purpose.agent_key, subject_kind=purpose.subject_kind,
            subject=purpose.subject, user_id=purpose.user_id, model=model, provider_name=model.provider.name,
            model_name=model.name, prompt=purpose.prompt, is_demo=purpose.is_demo, currency=policy.currency,
            reserved_money=money, reserved_tokens=tokens_input + tokens_output, sent=sent, masked=masked,
            until=timezone.now() + timedelta(seconds=seconds) + _MARGIN,
        )  # fmt: skip


def settle(
    call: ModelCall,
    *,
    status: ModelCall.Status,
    usage: Usage | None,
    attempts: int = 1,
    first_word_ms: int | None = None,
    answered: Any = None,
    problem: Problem | None = None,
) -> None:
    """Write how it ended. Without `usage` it counts as it was reserved."""
    model = call.model
    used = usage or Usage(input=call.reserved_tokens)
    money = call.reserved_money
    if usage is not None and model is not None:
        cached = model.price_input if model.price_cached is None else model.price_cached
        money = (
            (usage.input - usage.cached) * model.price_input + usage.cached * cached + usage.output * model.price_output
        ) / 1_000_000
    told = None if problem is None else {"code": problem.code, "detail": problem.detail, "remedy": problem.remedy}
    with transaction.atomic(durable=True):
        ModelCall.objects.filter(pk=call.pk, status=ModelCall.Status.OPEN).update(
            status=status, attempts=attempts, tokens_input=used.input, tokens_cached=used.cached,
            tokens_output=used.output, money=money, first_word_ms=first_word_ms, finished_at=timezone.now(),
            problem_code=problem.code if problem else "", **sealed_for(call, answered=answered, problem=told),
        )  # fmt: skip
