"""Console pages of agents and runs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.agents import decisions, live, pulse, reviews, selectors, services, snippets
from apps.agents.contract import Agent
from apps.agents.downloads import download_note, result_download, sheet_download
from apps.agents.evaluations.services import evaluation_newest
from apps.agents.finding import CUSTOM
from apps.agents.forms import InputForm
from apps.agents.models import AgentRun
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, DECISIONS_REVIEW, RUNS_CANCEL, RUNS_VIEW
from apps.agents.shown import run_context
from apps.agents.talk.asking import has_model
from apps.agents.talk.filling import datasets_offered
from apps.agents.talk.shown import talk_context
from apps.agents.uses import uses_of
from apps.ai.permissions import MODELS_MANAGE, MODELS_USE
from apps.audit.services import Subject
from apps.common.errors import Conflict, NotFound, Problem
from apps.common.industries import industries
from apps.console.schemaforms import EDIT, FILE
from apps.console.schemaforms.texts import json_text
from apps.console.views import ConsoleView
from apps.datasets import selectors as datasets
from apps.datasets.limits import MEGABYTE
from apps.datasets.permissions import DATASETS_UPLOAD
from apps.datasets.services import over_quota
from apps.gateway.permissions import KEYS_VIEW
from apps.tenants.context import current_tenant

# How much of an input is shown on a run's page, in characters.
INPUT_SHOWN = 20_000
# How much of an input an address holds.
MOST_AT_HAND = 1_500


class AgentPage(ConsoleView):
    """One agent: input on the left; its result, history, API call and model card on the right.

    `?run=<number>` shows the result of a run beside the input, `?again=<number>` begins with the input of one. What a
    script starts is shown beside the input at once (`HX-Target: result`); else a start leads to the run's own page.
    """

    permission = {"GET": AGENTS_VIEW, "POST": AGENTS_RUN}
    extra: dict[str, Any] = {}
    """What a page that shows the agent in another way has to tell besides."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        beside = self._run(agent, "run")
        if beside and request.headers.get("HX-Target") == "result":
            return self.page("agents/_beside.html", run_context(self.who, request, beside))
        if again := self._run(agent, "again"):
            form = InputForm.again(agent, again.input, who=self.who)
        else:
            form = InputForm(agent, request.GET.dict(), who=self.who)
        form.look()
        return self._show(agent, form, beside=beside)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        form = InputForm(agent, request.POST.dict(), who=self.who)
        try:
            if EDIT in request.POST:
                form.edit(request.POST[EDIT], file=request.FILES.get(FILE))
                return self._show(agent, form)
            fresh = "_fresh" in request.POST
            run = services.run_start(
                agent=agent, data=form.data(), user=self.user, origin="console", who=self.who, fresh=fresh
            )
        except Problem as problem:
            form.problem = problem
            return self._show(agent, form, status=problem.status)
        if request.headers.get("HX-Target") == "result":
            return redirect(f"{reverse('agents:agent', args=[key])}?again={run.number}&run={run.number}")
        return redirect("agents:run", number=run.number)

    def _run(self, agent: Agent[Any, Any, Any], name: str) -> AgentRun | None:
        """The run of the agent whose number the query gives by this name. Raises `NotFound`, also for one of others."""
        number = self.request.GET.get(name, "")
        if not number:
            return None
        run = selectors.run_get(who=self.who, number=int(number) if number.isdecimal() and len(number) < 18 else 0)
        if run.agent_key != agent.key:
            raise NotFound(f"That run is not one of {agent.title}.", remedy="See the runs of the agent.")
        return run

    def _show(
        self, agent: Agent[Any, Any, Any], form: InputForm, status: int = 200, beside: AgentRun | None = None
    ) -> HttpResponse:
        self.page_title = agent.title
        most = current_tenant().max_upload_mb
        context = {
            "agent": agent,
            "form": form,
            "datasets": datasets.datasets_recent(who=self.who) if form.table and not form.dataset else [],
            "quota": most,
            "most_bytes": most * MEGABYTE,
            "too_large": over_quota(most),
            "can_run": self.who.can(AGENTS_RUN),
            "can_ask": self.who.can(MODELS_USE) and self.who.can(AGENTS_RUN),
            "can_upload": self.who.can(DATASETS_UPLOAD),
            "expected": pulse.expected_time(who=self.who, agent=agent.key) if self.who.can(RUNS_VIEW) else None,
        }
        context |= self.extra
        if self.request.headers.get("HX-Target") in {"input", "result"}:
            return self.page("agents/_input.html", context, status=status)
        url = self.request.build_absolute_uri(reverse("agents_api:run-start", args=[agent.key]))
        context |= {
            "industry": industries().get(agent.industry),
            "is_custom": agent.industry == CUSTOM,
            "card": (card := agent.card()),
            "curl": snippets.curl(agent, url),
            "python": snippets.python(agent, url),
            "can_see_keys": self.who.can(KEYS_VIEW),
            "has_model": has_model(agent.key),
            "can_connect": self.who.can(MODELS_MANAGE),
            "offered": list(datasets_offered(who=self.who, agent=agent)) if self.who.can(MODELS_USE) else [],
            "uses": uses_of(self.request, agent.key, **self._at_hand(form, beside)),
        }
        if beside:
            context |= run_context(self.who, self.request, beside)
        if card and not card.command and self.who.can(RUNS_VIEW):  # what was measured is told by its evaluations
            context["evaluated"] = evaluation_newest(who=self.who, agent=agent)
        if self.who.can(RUNS_VIEW):
            context["recent"] = selectors.runs_page(
                who=self.who, narrow=selectors.RunFilter(agent=agent.key), size=6
            ).runs
            context["health"] = pulse.agents_health(who=self.who).get(agent.key)
            context["opinions"] = decisions.opinions_of(who=self.who, agent=agent.key)
        return self.page("agents/agent.html", context, status=status)

    def _at_hand(self, form: InputForm, beside: AgentRun | None) -> dict[str, str]:
        """What a workflow of the agent begins with: the run that is shown or begun from, or what is entered."""
        if number := (beside and str(beside.number)) or self.request.GET.get("again", ""):
            return {"run": number}
        try:
            text = json.dumps(form.data(), ensure_ascii=False) if form.ready else ""
        except Problem:
            return {}
        return {"input": text} if 2 < len(text) <= MOST_AT_HAND else {}


class RunList(ConsoleView):
    """The runs as filtered, a page at a time; with `run=<id>`, repeated, just those, for a page that shows them."""

    permission = RUNS_VIEW
    page_title = "Agent runs"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow, ids = run_filter(request), _uuids(request)
        page = selectors.runs_page(
            who=self.who, narrow=narrow, before=page_key(request.GET.get("before", "")), ids=ids or None
        )
        since, agents = request.GET.get("since", ""), selectors.agents_list(who=self.who)
        context = {
            "runs": page.runs,
            "older": page.older,
            "narrow": narrow,
            "first_url": self._first_url(),
            "newest": selectors.newest_run(who=self.who),
            "statuses": STATES,
            "agents": agents,
            "verdicts": decisions.verdicts_offered([narrow.agent] if narrow.agent else [agent.key for agent in agents]),
            "periods": pulse.PERIODS.values(),
            "since": since,
            "since_day": narrow.since if since not in pulse.PERIODS else None,
        }
        return self.page("agents/run_list.html", context)

    def _first_url(self) -> str:
        """The first page of what is listed: where runs that are new show up."""
        query = self.request.GET.copy()
        query.pop("before", None)
        return f"?{query.urlencode()}"


class RunListExport(ConsoleView):
    """The list of runs as CSV, as filtered; at most 10,000 rows."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = list(selectors.runs_query(who=self.who, narrow=run_filter(request))[:10_000])
        subject = Subject("agents.agentrun", "", "runs")
        download_note(who=self.who, subject=subject, what="a list of runs", form="csv", rows=len(runs))
        return sheet_download(selectors.runs_sheet(runs), "csv", name="runs")


class RunListSnapshot(ConsoleView):
    """What a list of runs reads after a gap, or when it polls: the runs that it shows (`run=<id>`, repeated) as they
    are now, those that are open, and the newest."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = selectors.runs_now(who=self.who, ids=_uuids(request))
        return JsonResponse({"events": [live.event(run) for run in runs]})


STATES = [("open", "Queued or running"), *AgentRun.Status.choices]


def run_filter(request: HttpRequest) -> selectors.RunFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    status, text = request.GET.get("status", ""), request.GET.get("since", "")
    return selectors.RunFilter(
        status=status if status in dict(STATES) else "",
        agent=request.GET.get("agent", "")[:100].replace("\0", ""),
        verdict=request.GET.get("verdict", "")[:40].replace("\0", ""),
        search=request.GET.get("q", "")[:100].replace("\0", ""),
        since=pulse.PERIODS[text].since() if text in pulse.PERIODS else midnight(text),
    )


def midnight(text: str) -> datetime | None:
    """When the day of an ISO date begins; None for a text that is none."""
    try:
        day = parse_date(text)
    except ValueError:  # well formed, as 2026-02-31 is, and no day
        day = None
    return timezone.make_aware(datetime.combine(day, datetime.min.time())) if day and day.year > 1 else None


class RunPage(ConsoleView):
    """One run: cause first when it failed, progress while it works, what was decided and the result when it is there.

    A review of a decision is sent to its run's page.
    """

    permission = {"GET": RUNS_VIEW, "POST": DECISIONS_REVIEW}

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return self._show(selectors.run_get(who=self.who, number=number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        place, seen = (_whole(request.POST.get(name, "")) for name in ("decision", "seen"))
        decision = decisions.decision_get(who=self.who, run=run, position=place)
        verdict, reason = request.POST.get("verdict", "")[:40], request.POST.get("reason", "")
        try:
            reviews.decision_review(
                who=self.who, user=self.user, decision=decision, verdict=verdict, reason=reason, seen=seen
            )
            messages.success(request, "Your review is kept with the decision.")
        except Problem as problem:
            heard = reviews.is_own_echo(user=self.user, decision=decision, verdict=verdict, reason=reason)
            if not (isinstance(problem, Conflict) and heard):
                errors = {issue.path: issue.message for issue in problem.issues}
                tried = {"review_problem": problem, "review_errors": errors, "tried": verdict, "reason": reason}
                return self._show(run, tried, problem.status)
        return redirect(f"{reverse('agents:run', args=[number])}?decision={place}#review")

    def _show(self, run: AgentRun, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        self.page_title = f"Run {run.ref}"
        entered = json_text(run.input)
        context = run_context(self.who, self.request, run) | {
            "input": entered[:INPUT_SHOWN],
            "input_cut": len(entered) > INPUT_SHOWN,
            "uses": uses_of(self.request, run.agent_key, run=str(run.number)),
        }
        if "widgets" in context:
            context |= talk_context(self.who, run)
        return self.page("agents/run.html", context | (more or {}), status=status)


class RunSnapshot(ConsoleView):
    """The run's state as the socket tells it: what a page reads after a gap, or when it polls."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return JsonResponse(live.event(selectors.run_get(who=self.who, number=number)))


class RunCancel(ConsoleView):
    permission = RUNS_CANCEL

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        try:
            services.run_cancel(run=run)
            done = "is being cancelled" if run.is_open else "is cancelled"
            messages.success(request, f"{run.ref} {done}.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("agents:run", number=number)


class RunAgain(ConsoleView):
    permission = AGENTS_RUN

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        try:
            fresh = services.run_repeat(run=run, user=self.user, origin="console")
        except Problem as problem:
            messages.error(request, f"{problem.detail} {problem.remedy}".strip())
            return redirect("agents:run", number=number)
        return redirect("agents:run", number=fresh.number)


class RunRequeue(ConsoleView):
    permission = RUNS_CANCEL

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        try:
            services.run_requeue(run=run)
            messages.success(request, f"{run.ref} is queued again.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("agents:run", number=number)


class RunDownload(ConsoleView):
    """The result as one flat table, CSV or XLSX."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int, form: Literal["csv", "xlsx"]) -> HttpResponse:
        return result_download(who=self.who, run=selectors.run_get(who=self.who, number=number), form=form)


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _uuids(request: HttpRequest) -> list[UUID]:
    """The ids of runs in a query string; what is none is left out."""
    return [id for id in map(_uuid_or_none, request.GET.getlist("run")[: selectors.PAGE]) if id]


def page_key(text: str) -> UUID | None:
    """The key that a page of a list ends before; None for its first page."""
    if not text:
        return None
    found = _uuid_or_none(text)
    if found is None:
        raise Http404("there is no such page")
    return found
