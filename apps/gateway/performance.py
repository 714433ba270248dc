"""What a tenant sees of its limits and of how its requests and runs go: the reads behind a page and two endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from apps.common.errors import Unavailable
from apps.common.permissions import demand
from apps.dispatch.services import work_depth
from apps.gateway import counters, limits
from apps.gateway.permissions import PERFORMANCE_VIEW
from apps.gateway.principals import Caller
from apps.tenants.context import current_tenant
from apps.tenants.plans import plan_of

SpanKey = Literal["2m", "1h", "24h"]
TITLES = {
    "tenant": "Requests by everybody",
    "caller": "Requests by you",
    "start": "Runs started",
    "upload": "Files sent",
}
_EXAMPLE: JsonDict = {
    "requests": 1840,
    "errors": 0,
    "refused": 3,
    "reused": 112,
    "runs_started": 41,
    "runs_succeeded": 38,
    "runs_failed": 1,
    "runs_cancelled": 0,
    "runs_at_hand": 12,
    "request_seconds": {"p50": 0.021, "p95": 0.083, "p99": 0.21},
    "run_seconds": {"p50": 3.1, "p95": 7.4, "p99": 9.3},
}


class LimitUse(BaseModel):
    """One limit, and what is used of it now."""

    name: str = Field(description="As in the headers `RateLimit` and `RateLimit-Policy`.")
    title: str
    limit: int = Field(description="Requests in any `window` seconds.")
    window: int = Field(description="Seconds.")
    used: int
    left: int
    reset: int = Field(description="Seconds until more is left; 0 when nothing is used.")

    @property
    def percent(self) -> int:
        return min(100, 100 * self.used // self.limit)


class Usage(BaseModel):
    """The limits that hold for the organisation and for who asks."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "plan": "standard",
                    "plan_title": "Standard",
                    "items": [
                        {
                            "name": "tenant",
                            "title": "Requests by everybody",
                            "limit": 6000,
                            "window": 60,
                            "used": 42,
                            "left": 5958,
                            "reset": 17,
                        }
                    ],
                }
            ]
        }
    )

    plan: str
    plan_title: str
    items: list[LimitUse]


class Percentiles(BaseModel):
    """Seconds within which 50, 95 and 99 of a hundred were done, to 6 %; null where there was none."""

    p50: float | None
    p95: float | None
    p99: float | None


class Queue(BaseModel):
    """Background work of the organisation now."""

    waiting: int = Field(description="Due, and waiting for a worker.")
    running: int = Field(description="In the hands of a worker.")


class Figures(BaseModel):
    """What happened in some time."""

    requests: int = Field(description="Requests to pages and to the API.")
    errors: int = Field(description="Of these, answered with 5xx: faults of the service.")
    refused: int = Field(description="Of these, refused by a limit (429).")
    reused: int = Field(description="Of these, answered from what was kept: 304, or a repeated `Idempotency-Key`.")
    runs_started: int
    runs_succeeded: int
    runs_failed: int
    runs_cancelled: int
    runs_at_hand: int = Field(description="Of those that succeeded, how many had their result from one before them.")
    request_seconds: Percentiles
    run_seconds: Percentiles = Field(description="From the first start of a run to its end.")


class Step(Figures):
    at: datetime = Field(description="When the step begins. The last one is under way.")


class Performance(BaseModel):
    """How requests and runs of the organisation go."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "span": "1h",
                    "step_seconds": 60,
                    "queue": {"waiting": 2, "running": 4},
                    "whole": _EXAMPLE,
                    "steps": [{**_EXAMPLE, "at": "2026-11-25T16:00:00Z"}],
                }
            ]
        }
    )

    span: SpanKey
    step_seconds: int
    queue: Queue
    whole: Figures
    steps: list[Step] = Field(description="Oldest first, none left out.")


def usage_get(*, who: Caller) -> Usage:
    """The limits and what is used of them. Nothing is taken. Raises `Unavailable` without Redis."""
    demand(who, PERFORMANCE_VIEW)
    states = limits.usage(caller=who)
    if states is None:
        raise Unavailable(
            "The counts of requests do not answer, so that nothing is limited for the moment.",
            remedy="Try again in a few seconds.",
        )
    plan = plan_of(current_tenant())
    items = [
        LimitUse(
            name=state.bucket.name,
            title=TITLES[state.bucket.name],
            limit=state.bucket.limit,
            window=limits.WINDOW,
            used=state.used,
            left=state.left,
            reset=state.reset,
        )
        for state in states
    ]
    return Usage(plan=plan.key, plan_title=plan.title, items=items)


def performance_get(*, who: Caller, span: SpanKey) -> Performance:
    """The live figures of a span, and how much work waits now (one statement). Raises `RedisError`."""
    demand(who, PERFORMANCE_VIEW)
    depth, series = work_depth(), counters.series(counters.SPANS[span])
    return Performance(
        span=span,
        step_seconds=series.span.step,
        queue=Queue(waiting=depth.waiting, running=depth.running),
        whole=_figures(series.whole),
        steps=[
            Step(at=at, **_figures(step).model_dump()) for at, step in zip(series.begins, series.steps, strict=True)
        ],
    )


def _figures(found: counters.Figures) -> Figures:
    return Figures(
        requests=found.number("requests"),
        errors=found.number("errors"),
        refused=found.number("refused"),
        reused=found.number("reused"),
        runs_started=found.number("runs_started"),
        runs_succeeded=found.number("runs_succeeded"),
        runs_failed=found.number("runs_failed"),
        runs_cancelled=found.number("runs_cancelled"),
        runs_at_hand=found.number("runs_at_hand"),
        request_seconds=_percentiles(found, "request"),
        run_seconds=_percentiles(found, "run"),
    )


def _percentiles(found: counters.Figures, name: counters.Timing) -> Percentiles:
    p50, p95, p99 = (found.percentile(name, share) for share in (0.5, 0.95, 0.99))
    return Percentiles(p50=_short(p50), p95=_short(p95), p99=_short(p99))


def _short(seconds: float | None) -> float | None:
    """To three significant digits: it is known to 6 %."""
    return None if seconds is None else float(f"{seconds:.3g}")
