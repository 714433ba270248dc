"""The cards of agents and runs on the dashboard. All of them together need a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.permissions import MEMBERS_MANAGE
from apps.agents import pulse, selectors
from apps.agents.drift import watching
from apps.agents.finding import agent_shown
from apps.agents.models import AgentRun, AgentWatch
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, RUNS_VIEW
from apps.common import formats
from apps.common.permissions import Principal
from apps.console.attention import attention_of
from apps.console.cards import Card, Width, card
from apps.datasets.permissions import DATASETS_UPLOAD, DATASETS_VIEW
from apps.datasets.selectors import datasets_query
from apps.gateway.permissions import KEYS_MANAGE

LIVE_SHOWN = 6
ATTENTION_SHOWN = 4


def _who(request: HttpRequest) -> Principal:
    return request.user  # type: ignore[return-value]  # a page for strangers has no cards


def _runs_url(**narrow: str) -> str:
    return f"{reverse('agents:runs')}?{urlencode(narrow)}" if narrow else reverse("agents:runs")


def _period(request: HttpRequest) -> pulse.Period:
    return pulse.PERIODS.get(request.GET.get("period", ""), pulse.DAY)


def _once(request: HttpRequest, name: str, ask: Callable[[], Any]) -> Any:
    """What several cards need, asked for once in a request."""
    kept = request.__dict__.setdefault("_agents_cards", {})
    if name not in kept:
        kept[name] = ask()
    return kept[name]


def _newest(request: HttpRequest) -> Any:
    return _once(request, "newest", lambda: selectors.newest_run(who=_who(request)))


def _has_run(request: HttpRequest) -> bool:
    """Whether anything ever ran here: else there is one card, which says how to begin."""
    return _newest(request) is not None


def _pulse(request: HttpRequest) -> pulse.Pulse:
    found: pulse.Pulse = _once(request, "pulse", lambda: pulse.runs_pulse(who=_who(request), period=_period(request)))
    return found


def _open(request: HttpRequest) -> list[AgentRun]:
    found: list[AgentRun] = _once(request, "open", lambda: selectors.runs_open(who=_who(request), most=200))
    return found


def _actions(request: HttpRequest) -> dict[str, Any] | None:
    if not _has_run(request):
        return None
    return {"periods": pulse.PERIODS.values(), "period": _period(request), "can_run": _who(request).can(AGENTS_RUN)}


def _start(request: HttpRequest) -> dict[str, Any] | None:
    """The first steps, while nothing has run yet."""
    if _has_run(request):
        return None
    can = _who(request).can
    steps = []
    if can(DATASETS_UPLOAD):
        done = can(DATASETS_VIEW) and datasets_query(who=_who(request)).exists()
        text = "A file with a table, as CSV, XLSX or Parquet. It is checked and kept for later runs."
        steps.append(_step("Upload your data", text, reverse("datasets:datasets"), "database", done))
    if can(AGENTS_RUN):
        text = "Choose one, look at what it understood of your data, and watch it work. Each has examples to try."
        steps.append(_step("Run an agent", text, reverse("agents:agents"), "robot"))
    if can(MEMBERS_MANAGE):
        text = "Colleagues who read results, run agents or look after the organisation."
        steps.append(_step("Invite others", text, reverse("accounts:members"), "users"))
    if can(KEYS_MANAGE):
        text = "Programs start runs and read results over the API."
        steps.append(_step("Connect a program", text, reverse("gateway:keys"), "key"))
    return {"steps": steps}


def _step(title: str, text: str, url: str, icon: str, done: bool = False) -> dict[str, Any]:
    return {"title": title, "text": text, "url": url, "icon": icon, "done": done}


def _kpi(label: str, value: Any, url: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "value": value, "url": url, **more}


def _change(now: float | None, before: float | None, *, good: bool | None, points: bool = False) -> dict[str, str]:
    """How a figure has moved, in words. `good`: whether more is better; `points`: by difference, not by share."""
    if now is None or before is None or (not points and not before):
        return {}
    moved = now - before if points else 100 * (now - before) / before
    text = formats.number(abs(moved), 1) + (" pt" if points else "\N{NO-BREAK SPACE}%")
    if text.startswith("0.0"):
        return {"change": "no change", "trend": "", "tone": "neutral"}
    tone = "neutral" if good is None else "good" if (moved > 0) == good else "bad"
    return {"change": text, "trend": "trending-up" if moved > 0 else "trending-down", "tone": tone}


def _runs_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    change = _change(now.now.total, now.before.total, good=None)
    spark = [step.total for step in now.steps]
    return _kpi("Runs", now.now.total, _runs_url(since=now.period.key), spark=spark, versus=now.period.before, **change)


def _success_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    rate, failed = now.now.success_rate, now.now.failed
    change = _change(rate, now.before.success_rate, good=True, points=True)
    url = _runs_url(status="failed", since=now.period.key)
    value = formats.number(rate, 1 if rate is not None and rate < 100 else 0)
    said = f"{formats.number(failed)} failed"
    return _kpi("Success rate", value, url, unit="%" if rate is not None else "", said=said, **change)


def _time_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    median, before = now.now.median, now.before.median
    seconds = (median.total_seconds() if median else None, before.total_seconds() if before else None)
    url = _runs_url(status="succeeded", since=now.period.key)
    change = _change(*seconds, good=False)
    return _kpi("Typical time", formats.duration(median), url, versus=now.period.before, **change)


def _open_kpi(request: HttpRequest) -> dict[str, Any]:
    runs = _open(request)
    waiting = sum(run.status == "queued" for run in runs)
    said = f"{formats.number(waiting)} waiting for a worker" if waiting else "none waits for a worker"
    return _kpi("Open now", len(runs), _runs_url(status="open"), said=said)


def _chart(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    hourly = now.period.step == "hour"
    steps = now.steps
    labels = [f"{step.at:%H}:00" if hourly else formats.day(step.at)[:-5] for step in steps]
    peak = max(steps, key=lambda step: step.total)
    where = labels[steps.index(peak)]
    summary = (
        f"{formats.number(now.now.total)} runs in the {now.period.title.lower()}, {now.now.failed} of them failed."
    )
    if peak.total:
        summary += f" Most in one {now.period.step}: {formats.number(peak.total)}, at {where}."
    bars = [
        {"name": "Succeeded", "colour": "--c1", "values": [step.succeeded for step in steps]},
        {"name": "Other", "colour": "--c4", "values": [step.other for step in steps]},
        {"name": "Failed", "colour": "--c5", "values": [step.failed for step in steps]},
    ]
    title = "Runs per hour" if hourly else "Runs per day"
    return {"title": title, "data": {"periods": labels, "bars": bars, "unit": "", "summary": summary}}


def _attention(request: HttpRequest) -> dict[str, Any]:
    period = _period(request)
    found = pulse.runs_attention(who=_who(request), period=period)
    every = _runs_url(status="failed", since=period.key)
    others = [vars(each) for each in attention_of(request)][:ATTENTION_SHOWN]
    drifting = [_drifts(watch) for watch in _drifting(request)][: ATTENTION_SHOWN - len(others)]
    failing = [_wanted(each, every) for each in found[: ATTENTION_SHOWN - len(others) - len(drifting)]]
    return {"items": [*others, *drifting, *failing], "more": len(found) - len(failing), "url": every, "period": period}


def _drifting(request: HttpRequest) -> list[AgentWatch]:
    found: list[AgentWatch] = _once(request, "drifting", lambda: watching.watches_drifting(who=_who(request)))
    return found


def _drifts(watch: AgentWatch) -> dict[str, Any]:
    agent = agent_shown(watch.agent_key)
    title = f"{agent.title if agent else watch.agent_key} decides otherwise than it did"
    text = "Each new decision waits for a person." if watch.falls_back else "Decisions go out as before: look at why."
    url = reverse("agents:drift", args=[watch.agent_key])
    return {"title": title, "text": text, "url": url, "tone": "late", "icon": "activity", "at": watch.drifting_since}


_ICONS = {"given up": "alert-triangle", "late": "hourglass", "broken": "bug", "refused": "circle-x"}


def _wanted(item: pulse.Attention, every: str) -> dict[str, Any]:
    run, count = item.runs[0], len(item.runs)
    agent = agent_shown(run.agent_key)
    name = agent.title if agent else run.agent_key
    if item.kind == "late":
        title, text = f"{name} takes unusually long", f"{run.ref} · {run.source or 'no data'} · open for long"
        return {"title": title, "text": text, "url": _run_url(run), "tone": "late", "icon": _ICONS["late"],
                "at": run.created_at}  # fmt: skip
    problem = run.problem or {}
    which = run.ref if count == 1 else f"{count} runs, the last {run.ref}"
    text = f"{which} · {problem.get('detail', '')}"
    url = _run_url(run) if count == 1 else f"{every}&{urlencode({'agent': run.agent_key})}"
    title = f"{name}: {problem.get('title', 'failed')}"
    return {"title": title, "text": text, "url": url, "tone": "failed", "icon": _ICONS[item.kind],
            "at": run.created_at}  # fmt: skip


def _run_url(run: AgentRun) -> str:
    return reverse("agents:run", args=[run.number])


def _live(request: HttpRequest) -> dict[str, Any]:
    """The open runs, then the latest of the others as far as there is room."""
    going = _open(request)
    ended = selectors.runs_latest(who=_who(request), most=LIVE_SHOWN)
    runs = [*going, *(run for run in ended if not run.is_open)][:LIVE_SHOWN]
    return {"runs": runs, "more": len(going) - LIVE_SHOWN, "count": len(going), "newest": _newest(request)}


def _health(request: HttpRequest) -> dict[str, Any]:
    health = pulse.agents_health(who=_who(request))
    agents = selectors.agents_list(who=_who(request)) if _who(request).can(AGENTS_VIEW) else []
    drifting = {watch.agent_key for watch in _drifting(request)}
    return {"rows": [(agent, health.get(agent.key, pulse.Health()), agent.key in drifting) for agent in agents]}


def _unless_new(context: Callable[[HttpRequest], dict[str, Any]]) -> Callable[[HttpRequest], dict[str, Any] | None]:
    return lambda request: context(request) if _has_run(request) else None


def _card(
    key: str, context: Callable[..., Any], *, width: Width, order: int, template: str = "", script: str = ""
) -> None:
    path = f"agents/cards/{template or key}.html"
    card(Card(f"agents.{key}", path, context, permission=RUNS_VIEW, width=width, order=order, script=script))


_card("actions", _actions, width="action", order=0)
_card("start", _start, width="full", order=1)
_card("runs", _unless_new(_runs_kpi), width="quarter", order=10, template="kpi")
_card("success", _unless_new(_success_kpi), width="quarter", order=11, template="kpi")
_card("time", _unless_new(_time_kpi), width="quarter", order=12, template="kpi")
_card("open", _unless_new(_open_kpi), width="quarter", order=13, template="kpi")
_card("chart", _unless_new(_chart), width="two-thirds", order=20)
_card("attention", _unless_new(_attention), width="third", order=21)
_card("live", _unless_new(_live), width="half", order=30, script="agents/runs.js")
_card("health", _unless_new(_health), width="half", order=31)
