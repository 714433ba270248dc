"""The page of limits and live figures. It is drawn by the server and renewed by a script that asks for the figures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.common import formats
from apps.console.views import ConsoleView
from apps.gateway import performance
from apps.gateway.counters import SPANS
from apps.gateway.permissions import PERFORMANCE_VIEW
from apps.gateway.principals import Caller

RENEW_EVERY = {"2m": 3, "1h": 10, "24h": 60}
"""Seconds between two looks of the page, by span."""


class Page(ConsoleView):
    permission = PERFORMANCE_VIEW
    page_title = "Performance"

    def get(self, request: HttpRequest) -> HttpResponse:
        span = _span(request)
        context = {"board": _board(request, self.user, span), "spans": SPANS.values(), "span": SPANS[span]}
        return self.page("gateway/performance.html", {**context, "every": RENEW_EVERY[span]})


class Live(ConsoleView):
    """The same figures for the page's script."""

    permission = PERFORMANCE_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(_board(request, self.user, _span(request)))


def _span(request: HttpRequest) -> performance.SpanKey:
    wanted = request.GET.get("span", "")
    return wanted if wanted in SPANS else "1h"  # type: ignore[return-value]


def _board(request: HttpRequest, user: Any, span: performance.SpanKey) -> dict[str, Any]:
    """Everything on the page, as text and as figures of charts."""
    request.is_uncounted = True  # type: ignore[attr-defined]  # who watches must not move what is watched
    who = Caller(user)
    found, usage = performance.performance_get(who=who, span=span), performance.usage_get(who=who)
    charts = {"requests": _requests(found), "times": _times(found), "runs": _runs(found)}
    moments = {"moments": [step.at.isoformat() for step in found.steps], "seconds": span == "2m"}
    labels = [f"{step.at:%H:%M:%S}" if span == "2m" else f"{step.at:%H:%M}" for step in found.steps]
    return {
        "idle": not any((found.whole.requests, found.whole.runs_started, found.whole.runs_succeeded)),
        "kpis": _kpis(found),
        "charts": {key: {"periods": labels, "unit": "", **chart, **moments} for key, chart in charts.items()},
        "plan": usage.plan_title,
        "limits": [_limit(each) for each in usage.items],
    }


def _kpis(found: performance.Performance) -> list[dict[str, str]]:
    whole, queue = found.whole, found.queue
    ended = whole.runs_succeeded + whole.runs_failed + whole.runs_cancelled
    slow = whole.request_seconds.p95
    return [
        {
            "key": "requests",
            "label": "Requests",
            "value": formats.number(whole.requests),
            "foot": _rate(whole.requests / (found.step_seconds * len(found.steps)))
            + (f", {formats.number(whole.reused)} answered from what was kept" if whole.reused else ""),
        },
        {
            "key": "time",
            "label": "Time to answer",
            "value": formats.duration(whole.request_seconds.p50),
            "foot": f"95 of 100 within {formats.duration(slow)}" if slow is not None else "nothing was asked",
        },
        {
            "key": "runs",
            "label": "Runs ended",
            "value": formats.number(ended),
            "foot": f"{formats.number(whole.runs_started)} started, {formats.number(whole.runs_failed)} failed",
        },
        {
            "key": "queue",
            "label": "Waiting now",
            "value": formats.number(queue.waiting),
            "foot": f"{formats.number(queue.running)} at work",
        },
    ]


def _requests(found: performance.Performance) -> dict[str, Any]:
    whole, steps = found.whole, found.steps
    well = [step.requests - step.errors - step.refused for step in steps]
    summary = (
        f"{formats.number(whole.requests)} requests, {formats.number(whole.refused)} refused by a limit, "
        f"{formats.number(whole.errors)} failed."
    )
    if whole.requests:
        summary += f" At most {formats.number(max(step.requests for step in steps))} in {_step(found)}."
    bars = [
        {"name": "Answered", "colour": "--c1", "values": well},
        {"name": "Refused by a limit", "colour": "--c4", "values": [step.refused for step in steps]},
        {"name": "Failed", "colour": "--c5", "values": [step.errors for step in steps]},
    ]
    return {"bars": bars, "summary": summary}


def _times(found: performance.Performance) -> dict[str, Any]:
    whole = found.whole.request_seconds
    shares = (("Half", "solid", "p50"), ("95 of 100", "dashed", "p95"), ("99 of 100", "dotted", "p99"))
    lines = [
        {
            "name": name,
            "style": style,
            "values": [_milliseconds(getattr(step.request_seconds, key)) for step in found.steps],
        }
        for name, style, key in shares
    ]
    summary = "Nothing was asked in this time."
    if whole.p50 is not None:
        summary = (
            f"Half of all requests were answered within {formats.duration(whole.p50)}, 95 of 100 within "
            f"{formats.duration(whole.p95)}, 99 of 100 within {formats.duration(whole.p99)}."
        )
    return {"lines": lines, "bands": [], "split": "", "unit": "ms", "summary": summary}


def _runs(found: performance.Performance) -> dict[str, Any]:
    whole, steps = found.whole, found.steps
    summary = (
        f"{formats.number(whole.runs_started)} runs started; {formats.number(whole.runs_succeeded)} succeeded "
        f"({formats.number(whole.runs_at_hand)} of them with a result that was at hand), "
        f"{formats.number(whole.runs_failed)} failed, {formats.number(whole.runs_cancelled)} were cancelled."
    )
    if whole.run_seconds.p50 is not None:
        summary += f" Half of them worked for at most {formats.duration(whole.run_seconds.p50)}."
    bars = [
        {"name": "Succeeded", "colour": "--c1", "values": [step.runs_succeeded for step in steps]},
        {"name": "Cancelled", "colour": "--c4", "values": [step.runs_cancelled for step in steps]},
        {"name": "Failed", "colour": "--c5", "values": [step.runs_failed for step in steps]},
    ]
    return {"bars": bars, "summary": summary}


def _limit(use: performance.LimitUse) -> dict[str, Any]:
    used = f"{formats.number(use.used)} of {formats.number(use.limit)} a minute"
    note = f"more in {use.reset} s" if not use.left else f"{formats.number(use.left)} left"
    return {"name": use.name, "title": use.title, "percent": use.percent, "used": used, "note": note}


def _rate(a_second: float) -> str:
    return f"{formats.number(a_second)} a second" if a_second >= 1 else f"{formats.number(60 * a_second)} a minute"


def _step(found: performance.Performance) -> str:
    return {1: "a second", 60: "a minute"}.get(found.step_seconds, f"{found.step_seconds // 60} minutes")


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
