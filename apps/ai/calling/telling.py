"""What a span tells of a call of a model, by OpenTelemetry's semantic conventions for generative AI: names and counts,
and no word of what was asked or answered."""

from __future__ import annotations

from typing import Final

from apps.ai.contract import Purpose, Usage
from apps.ai.models import LanguageModel, ModelCall
from apps.common import tracing
from apps.common.errors import Problem

_OPERATION: Final = "chat"


def of_call(call: ModelCall, model: LanguageModel, purpose: Purpose) -> dict[str, str | int | float | bool]:
    """What is known before it leaves. Nothing is looked up where no traces are collected."""
    if not tracing.is_on():
        return {}
    told: dict[str, str | int | float | bool] = {
        "gen_ai.operation.name": _OPERATION,
        "gen_ai.provider.name": model.provider.kind,
        "gen_ai.request.model": model.name,
        "orchestrall.model_call": str(call.pk),
        "orchestrall.purpose": purpose.what,
    }
    if purpose.agent_key:
        told["gen_ai.agent.id"] = purpose.agent_key
    if purpose.prompt:
        told["orchestrall.prompt"] = purpose.prompt
    return told


def end(
    span: tracing.Span, *, usage: Usage | None, problem: Problem | None, tries: int, first_word_ms: int | None
) -> None:
    """How it went. `usage` None: nobody knows, and the ledger counts what was reserved."""
    told: dict[str, str | int | float | bool] = {"orchestrall.tries": tries}
    if usage is not None:
        told["gen_ai.usage.input_tokens"] = usage.input
        told["gen_ai.usage.output_tokens"] = usage.output
        told["gen_ai.usage.cache_read.input_tokens"] = usage.cached
    if first_word_ms is not None:
        told["gen_ai.response.time_to_first_chunk"] = first_word_ms / 1000
    span.tell(told)
    if problem is not None:
        span.fail(problem.code)
