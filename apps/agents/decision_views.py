"""Console pages of what agents decided: what people do about it, its paper, and the list of all decisions."""

from __future__ import annotations

from typing import Any, Literal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.agents import decisions, doing, papers, pulse, reviews, selectors
from apps.agents.decided import REVIEWS, Line
from apps.agents.decisions import DecisionFilter
from apps.agents.downloads import download_note, sheet_download
from apps.agents.models import AgentDecision
from apps.agents.permissions import AGENTS_VIEW, DECISIONS_FEEDBACK, RUNS_VIEW
from apps.agents.views import midnight, page_key
from apps.audit.services import Subject
from apps.common.errors import Conflict, Problem
from apps.console.views import ConsoleView


class RunFeedback(ConsoleView):
    permission = {"POST": DECISIONS_FEEDBACK}

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        answer = request.POST.get("right", "")
        try:
            if answer not in {"yes", "no"}:
                raise Conflict("Press one of the two thumbs; nothing was stored.")
            reviews.feedback_give(
                who=self.who, user=self.user, run=run, is_right=answer == "yes", comment=request.POST.get("comment", "")
            )
            messages.success(request, "Thank you: it is kept with the run.")
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
        return redirect("agents:run", number=number)


class RunAction(ConsoleView):
    """A proposal of a decision is carried out, with the rights of whoever clicked."""

    permission = {"POST": RUNS_VIEW}

    def post(self, request: HttpRequest, number: int, position: int, action: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        decision = decisions.decision_get(who=self.who, run=run, position=position)
        taken = doing.action_do(who=self.who, user=self.user, decision=decision, position=action, is_person=True)
        if taken.status == doing.Status.DONE:
            messages.success(request, str(taken.outcome))
        else:
            messages.error(request, f"It was not done. {taken.outcome}")
        return redirect(f"{reverse('agents:run', args=[number])}?decision={position}#actions")


class RunPaper(ConsoleView):
    """A decision with its record on a page to keep: HTML or PDF."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int, position: int, sort: Literal["html", "pdf"]) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        return papers.download(who=self.who, run=run, position=position, sort=sort)


class DecisionPage(ConsoleView):
    """All decisions as filtered, a page at a time."""

    permission = RUNS_VIEW
    page_title = "Decisions"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow = decision_filter(request)
        page = decisions.decisions_page(who=self.who, narrow=narrow, before=page_key(request.GET.get("before", "")))
        agents = [agent for agent in self._agents() if agent.verdicts]
        keys = [narrow.agent] if narrow.agent else [agent.key for agent in agents]
        since = request.GET.get("since", "")
        context = {
            "lines": [_line(row) for row in page.decisions],
            "older": page.older,
            "narrow": narrow,
            "agents": agents,
            "verdicts": decisions.verdicts_offered(keys),
            "reviews": REVIEWS,
            "periods": pulse.PERIODS.values(),
            "since": since if since in pulse.PERIODS else "",
            "waiting": decisions.decisions_waiting(who=self.who).count(),
        }
        return self.page("agents/decision_list.html", context)

    def _agents(self) -> list[Any]:
        return selectors.agents_list(who=self.who) if self.who.can(AGENTS_VIEW) else []


class DecisionExport(ConsoleView):
    """The list of decisions as CSV, as filtered; at most 10,000 rows."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = list(decisions.decisions_query(who=self.who, narrow=decision_filter(request))[:10_000])
        subject = Subject("agents.agentdecision", "", "decisions")
        download_note(who=self.who, subject=subject, what="a list of decisions", form="csv", rows=len(rows))
        return sheet_download(decisions.decisions_sheet(rows), "csv", name="decisions")


def _line(row: AgentDecision) -> Line:
    said = decisions.decision_of(row)
    url = f"{reverse('agents:run', args=[row.run.number])}?decision={row.position}#decision"
    return Line(row, said, decisions.verdict_of(row.agent_key, row.stands), url, current=False)


def decision_filter(request: HttpRequest) -> DecisionFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    review, since = request.GET.get("review", ""), request.GET.get("since", "")
    return DecisionFilter(
        agent=request.GET.get("agent", "")[:100].replace("\0", ""),
        verdict=request.GET.get("verdict", "")[:40].replace("\0", ""),
        review=review if review in REVIEWS else "",
        search=request.GET.get("q", "")[:100].replace("\0", ""),
        since=pulse.PERIODS[since].since() if since in pulse.PERIODS else midnight(since),
    )
