"""The console page on which an agent's decisions are watched for drift."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_date

from apps.agents import selectors
from apps.agents.configurations import AnyAgent
from apps.agents.drift import watching, wishes
from apps.agents.drift.detection import ALPHA, BASELINE, LEAST_BASELINE, WINDOW
from apps.agents.drift.showing import charts_of, findings_of
from apps.agents.models import AgentWatch
from apps.agents.permissions import AGENTS_CONFIGURE, RUNS_VIEW
from apps.common.errors import InvalidInput, Issue, Problem
from apps.console.views import ConsoleView

HOWS: dict[str, str] = {
    "": "As now",
    "first": "The first decisions of each version",
    "latest": "The latest decisions: what is normal from now on",
    "period": "The decisions of a period",
}


class DriftPage(ConsoleView):
    permission = {"GET": RUNS_VIEW, "POST": AGENTS_CONFIGURE}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        return self._show(selectors.agent_get(who=self.who, key=key), {})

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent, given = selectors.agent_get(who=self.who, key=key), request.POST
        how: Any = given.get("how") if given.get("how") in HOWS else None
        try:
            watch = watching.watch_set(
                who=self.who,
                user=self.user,
                agent=agent,
                falls_back=given.get("falls_back") == "true",
                how=how or None,
                since=_day(given.get("since", "")),
                until=_day(given.get("until", "")),
            )
        except Problem as problem:
            return self._show(agent, given.dict(), problem)
        told = (
            "Each decision waits for a person while it drifts."
            if watch.falls_back
            else "Nobody has to look at decisions."
        )
        messages.success(request, f"{agent.title} is watched. {told}")
        return redirect("agents:drift", key=key)

    def _show(self, agent: AnyAgent, entered: dict[str, str], problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"Drift of {agent.title}"
        watch = watching.watch_get(who=self.who, agent=agent)
        context = {
            "agent": agent,
            "watch": watch,
            "entered": entered,
            "problem": problem,
            "errors": {issue.path: issue.message for issue in problem.issues} if problem else {},
            "hows": {key: title for key, title in HOWS.items() if key or watch},
            "can_configure": self.who.can(AGENTS_CONFIGURE),
            "window": WINDOW,
            "first": BASELINE,
            "least": LEAST_BASELINE,
            "rate": f"{100 * ALPHA:g}",
            **(_found(agent, watch) if watch else {}),
        }
        return self.page("agents/drift.html", context, status=problem.status if problem else 200)


def _found(agent: AnyAgent, watch: AgentWatch) -> dict[str, Any]:
    baseline, finding = watching.baseline_of(watch), watching.finding_of(watch)
    shown: dict[str, Any] = {"baseline": baseline, "finding": finding}
    if baseline is not None and finding.windows:
        shown |= {"charts": charts_of(agent, baseline, finding), "rows": findings_of(agent, baseline, finding)}
    return shown


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        return None


class DriftMailWish(ConsoleView):
    """One choice: mails about agents that drift, or none."""

    permission = RUNS_VIEW
    page_title = "Mails about drift"

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"are_wanted": wishes.drift_mails_wanted(who=self.who, user=self.user)}
        return self.page("agents/drift_mails.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("mails", "")
        if wanted not in {"on", "off"}:
            issue = Issue(path="mails", message="Choose one of the two.")
            raise InvalidInput("It was not said whether you want mails; nothing was changed.", issues=[issue])
        wishes.drift_mails_want(who=self.who, user=self.user, are_wanted=wanted == "on")
        messages.success(
            request,
            "You get a mail when an agent begins to drift, and when that is over."
            if wanted == "on"
            else "You get no mail; what drifts stands on the dashboard.",
        )
        return redirect("agents:drift-mails")


class DriftEnd(ConsoleView):
    permission = {"POST": AGENTS_CONFIGURE}

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        watching.watch_end(who=self.who, agent=agent)
        messages.success(request, f"{agent.title} is watched no longer. What waits for a person goes on waiting.")
        return redirect("agents:drift", key=key)
