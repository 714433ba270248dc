"""The cards of agents and runs on the dashboard. All of them together need a fixed number of statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from apps.agents import pulse, selectors
from apps.agents.drift import watching
from apps.agents.figures import figure_change, runs_chart
from apps.agents.finding import agent_shown
from apps.agents.models import AgentRun, AgentWatch
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, RUNS_VIEW
from apps.common import formats
from apps.common.permissions import Principal
from apps.console.attention import Wanted, attention
from apps.console.cards import Card, Width, card
from apps.console.first_steps import FirstStep, first_step
from apps.console.tallies import number_of, tally

LIVE_SHOWN = 6


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
    """For who may start nothing, while nothing has run yet."""
    return None if _has_run(request) or _who(request).can(AGENTS_RUN) else {}


def _kpi(label: str, value: Any, url: str, **more: Any) -> dict[str, Any]:
    return {"label": label, "value": value, "url": url, **more}


def _runs_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    change = figure_change(now.now.total, now.before.total, good=None)
    spark = [step.total for step in now.steps]
    return _kpi("Runs", now.now.total, _runs_url(since=now.period.key), spark=spark, versus=now.period.before, **change)


def _success_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    rate, failed = now.now.success_rate, now.now.failed
    change = figure_change(rate, now.before.success_rate, good=True, points=True)
    url = _runs_url(status="failed", since=now.period.key)
    value = formats.number(rate, 1 if rate is not None and rate < 100 else 0)
    said = f"{formats.number(failed)} failed"
    return _kpi("Success rate", value, url, unit="%" if rate is not None else "", said=said, **change)


def _time_kpi(request: HttpRequest) -> dict[str, Any]:
    now = _pulse(request)
    median, before = now.now.median, now.before.median
    seconds = (median.total_seconds() if median else None, before.total_seconds() if before else None)
    url = _runs_url(status="succeeded", since=now.period.key)
    change = figure_change(*seconds, good=False)
    return _kpi("Typical time", formats.duration(median), url, versus=now.period.before, **change)


def _open_kpi(request: HttpRequest) -> dict[str, Any]:
    runs = _open(request)
    waiting = sum(run.status == "queued" for run in runs)
    said = f"{formats.number(waiting)} waiting for a worker" if waiting else "none waits for a worker"
    return _kpi("Open now", len(runs), _runs_url(status="open"), said=said)


def _chart(request: HttpRequest) -> dict[str, Any]:
    return runs_chart(_pulse(request), other="Other")


def _wanted_of(request: HttpRequest) -> list[Wanted]:
    """Agents that decide otherwise than they did, and runs that failed or are late."""
    if not _has_run(request):
        return []
    period = _period(request)
    every = _runs_url(status="failed", since=period.key)
    failing = [_wanted(each, every) for each in pulse.runs_attention(who=_who(request), period=period)]
    return [*(_drifts(watch) for watch in _drifting(request)), *failing]


def _drifting(request: HttpRequest) -> list[AgentWatch]:
    found: list[AgentWatch] = _once(request, "drifting", lambda: watching.watches_drifting(who=_who(request)))
    return found


def _drifts(watch: AgentWatch) -> Wanted:
    agent = agent_shown(watch.agent_key)
    title = f"{agent.title if agent else watch.agent_key} decides otherwise than it did"
    text = "Each new decision waits for a person." if watch.falls_back else "Decisions go out as before: look at why."
    url = reverse("agents:drift", args=[watch.agent_key])
    return Wanted(title, text, url, "late", "activity", watch.drifting_since, urgency=30)


_ICONS = {"given up": "alert-triangle", "late": "hourglass", "broken": "bug", "refused": "circle-x"}
_URGENCY = {"given up": 25, "late": 35, "broken": 40, "refused": 45}


def _wanted(item: pulse.Attention, every: str) -> Wanted:
    run, count = item.runs[0], len(item.runs)
    agent = agent_shown(run.agent_key)
    name = agent.title if agent else run.agent_key
    icon, urgency = _ICONS[item.kind], _URGENCY[item.kind]
    if item.kind == "late":
        title, text = f"{name} takes unusually long", f"{run.ref} · {run.source or 'no data'} · open for long"
        return Wanted(title, text, _run_url(run), "late", icon, run.created_at, urgency)
    problem = run.problem or {}
    which = run.ref if count == 1 else f"{count} runs, the last {run.ref}"
    text = f"{which} · {problem.get('detail', '')}"
    url = _run_url(run) if count == 1 else f"{every}&{urlencode({'agent': run.agent_key})}"
    return Wanted(f"{name}: {problem.get('title', 'failed')}", text, url, "failed", icon, run.created_at, urgency)


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
_card("start", _start, width="full", order=2)
_card("runs", _unless_new(_runs_kpi), width="quarter", order=10, template="kpi")
_card("success", _unless_new(_success_kpi), width="quarter", order=11, template="kpi")
_card("time", _unless_new(_time_kpi), width="quarter", order=12, template="kpi")
_card("open", _unless_new(_open_kpi), width="quarter", order=13, template="kpi")
_card("chart", _unless_new(_chart), width="two-thirds", order=20)
_card("live", _unless_new(_live), width="full", order=30, script="agents/runs.js")
_card("health", _unless_new(_health), width="half", order=31)
attention("agents.runs", _wanted_of, permission=RUNS_VIEW)
_ran = tally("agents.ran", lambda request: AgentRun.objects.order_by()[:1], permission=AGENTS_RUN)
first_step(
    FirstStep(
        key="agents.run",
        title="Run an agent",
        text="Choose one, look at what it understood of your data, and watch it work. Each has examples to try.",
        url=lambda: reverse("agents:agents"),
        icon="robot",
        permission=AGENTS_RUN,
        done=lambda request: number_of(request, _ran.key) > 0,
        order=20,
    )
)
