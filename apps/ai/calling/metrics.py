"""Calls of models as metrics. Labels are kinds of providers and outcomes, never tenants or models."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from apps.ai.contract import Usage

CALLS = Counter("orchestrall_model_calls", "Calls of models that ended, by outcome", ["kind", "outcome"])
TRIES = Counter("orchestrall_model_tries", "Requests that were sent to providers of models", ["kind", "outcome"])
TOKENS = Counter("orchestrall_model_tokens", "Tokens of models", ["kind", "direction"])
SECONDS = Histogram(
    "orchestrall_model_seconds",
    "How long a call of a model took",
    ["kind"],
    buckets=(0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128),
)


def tell(kind: str, outcome: str, seconds: float, usage: Usage) -> None:
    """A call has ended. `outcome` is its status, or the code of its problem."""
    CALLS.labels(kind, outcome).inc()
    SECONDS.labels(kind).observe(seconds)
    TOKENS.labels(kind, "input").inc(usage.input)
    TOKENS.labels(kind, "output").inc(usage.output)
