"""Console pages of agents and runs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from apps.agents import fields, live, selectors, services
from apps.agents.contract import Agent
from apps.agents.models import AgentRun
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, RUNS_CANCEL, RUNS_VIEW
from apps.common import spreadsheets
from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.industries import industries
from apps.common.schemas import Inspection
from apps.common.widgets import TableWidget
from apps.console.tables import TableView
from apps.console.views import ConsoleView
from apps.datasets import selectors as datasets
from apps.datasets.permissions import DATASETS_UPLOAD


class AgentList(ConsoleView):
    permission = AGENTS_VIEW
    page_title = "Agents"

    def get(self, request: HttpRequest) -> HttpResponse:
        search = request.GET.get("q", "")
        agents = selectors.agents_list(who=self.who, search=search)
        health = selectors.agents_health(who=self.who)
        groups = [
            {
                "industry": config,
                "agents": [
                    {"agent": agent, "health": health.get(agent.key, {"runs": 0, "failed": 0})}
                    for agent in agents
                    if agent.industry == key
                ],
            }
            for key, config in industries().items()
        ]
        context = {"groups": [group for group in groups if group["agents"]], "search": search}
        return self.page("agents/agent_list.html", context)


class AgentPage(ConsoleView):
    """One agent: input on the left; history, API call and model card on the right."""

    permission = {"GET": AGENTS_VIEW, "POST": AGENTS_RUN}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        values = {name: value for name, value in request.GET.items() if name != "mode"}
        if again := request.GET.get("again", ""):
            run = selectors.run_get(who=self.who, number=int(again) if again.isdigit() else 0)
            values = fields.flat(run.input) if run.agent_key == key else {}
        return self._show(agent, InputForm(agent, request.GET.get("mode", "form"), values))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        form = InputForm(agent, request.POST.get("mode", "form"), request.POST.dict())
        try:
            run = services.run_start(agent=agent, data=form.data(), user=self.user, origin="console")
        except Problem as problem:
            form.problem = problem
            return self._show(agent, form, status=problem.status)
        return redirect("agents:run", number=run.number)

    def _show(self, agent: Agent[Any, Any, Any], form: InputForm, status: int = 200) -> HttpResponse:
        recent = []
        if self.who.can(RUNS_VIEW):
            recent = selectors.runs_page(who=self.who, narrow=selectors.RunFilter(agent=agent.key), size=8).runs
        context = {
            "agent": agent,
            "industry": industries().get(agent.industry),
            "form": form,
            "datasets": datasets.datasets_recent(who=self.who) if form.table else [],
            "can_run": self.who.can(AGENTS_RUN),
            "can_upload": self.who.can(DATASETS_UPLOAD),
            "recent": recent,
            "card": agent.card(),
            "sample": json.dumps(form.sample(), indent=2),
            "api_url": self.request.build_absolute_uri(reverse("agents_api:run-start", args=[agent.key])),
        }
        self.page_title = agent.title
        template = "agents/_input.html" if self.request.headers.get("HX-Target") == "input" else "agents/agent.html"
        return self.page(template, context, status=status)


class InputForm:
    """What a person has entered for an agent so far, and what the agent makes of it."""

    def __init__(self, agent: Agent[Any, Any, Any], mode: str, values: dict[str, str]) -> None:
        self.agent = agent
        self.mode = mode if mode in {"form", "json"} else "form"
        self.values = values
        self.table = agent.table_field
        self.problem: Problem | None = None
        self.inspection = Inspection()
        if self.mode == "form" and (not self.table or self.dataset):
            self._inspect()

    @property
    def dataset(self) -> str:
        return self.values.get(f"{self.table}.dataset", "")

    @property
    def text(self) -> str:
        return self.values.get("json") or json.dumps(self.sample(), indent=2)

    @property
    def fields(self) -> list[fields.Field]:
        """The scalar fields, less those that the inspection shows with what it detected."""
        understood = {item.path for item in self.inspection.understood}
        every = fields.fields_of(self.agent.input_type, skip=[self.table])
        issues = self.problem.issues if self.problem else []
        return fields.fill([each for each in every if each.name not in understood], self.values, issues)

    @property
    def other_issues(self) -> list[Any]:
        """Issues that belong to no field on the page."""
        shown = {each.name for each in self.fields}
        return [issue for issue in (self.problem.issues if self.problem else []) if issue.path not in shown]

    def data(self) -> dict[str, Any]:
        """The input as the agent's model wants it. Raises `InvalidInput` for text that is not JSON."""
        if self.mode == "form":
            known = {each.name for each in fields.fields_of(self.agent.input_type, skip=[self.table])}
            prefix = f"{self.table}."
            return fields.nest(
                {k: v for k, v in self.values.items() if k in known or self.table and k.startswith(prefix)}
            )
        try:
            data = json.loads(self.values.get("json", ""))
        except json.JSONDecodeError as error:
            raise InvalidInput(
                f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}. Nothing was started.",
                remedy="Mend that place, or start from the sample.",
            ) from error
        if not isinstance(data, dict):
            raise InvalidInput("The input must be a JSON object.", remedy="Start from the sample.")
        return data

    def sample(self) -> dict[str, Any]:
        """A complete input that works: the agent's first example."""
        return self.agent.examples[0].input if self.agent.examples else {}

    def _inspect(self) -> None:
        try:
            parsed = services.input_parse(agent=self.agent, data=self.data())
            self.inspection = services.input_inspect(agent=self.agent, data=parsed)
        except Problem as problem:
            self.problem = problem


class RunList(ConsoleView):
    permission = RUNS_VIEW
    page_title = "Runs"

    def get(self, request: HttpRequest) -> HttpResponse:
        narrow = run_filter(request)
        page = selectors.runs_page(who=self.who, narrow=narrow, before=_uuid(request.GET.get("before", "")))
        context = {
            "runs": page.runs,
            "older": page.older,
            "narrow": narrow,
            "statuses": AgentRun.Status.choices,
            "agents": selectors.agents_list(who=self.who),
            "since": request.GET.get("since", ""),
        }
        return self.page("agents/run_list.html", context)


class RunListExport(ConsoleView):
    """The list of runs as CSV, as filtered; at most 10,000 rows."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = selectors.runs_query(who=self.who, narrow=run_filter(request))[:10_000]
        sheet = selectors.runs_sheet(list(runs))
        return _attachment(StreamingHttpResponse(list(spreadsheets.csv_lines(sheet)), "text/csv"), "runs.csv")


def run_filter(request: HttpRequest) -> selectors.RunFilter:
    """The filter in a query string; values that make no sense do not narrow."""
    status = request.GET.get("status", "")
    day = parse_date(request.GET.get("since", "") or "-") if request.GET.get("since") else None
    return selectors.RunFilter(
        status=status if status in AgentRun.Status.values else "",
        agent=request.GET.get("agent", ""),
        search=request.GET.get("q", "")[:100],
        since=timezone.make_aware(datetime.combine(day, datetime.min.time())) if day else None,
    )


class RunPage(ConsoleView):
    """One run: cause first when it failed, progress while it works, the result when it is there."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        self.page_title = f"Run {run.ref}"
        context: dict[str, Any] = {
            "run": run,
            "agent": selectors.AGENTS.get(run.agent_key),
            "event": live.event(run),
            "input": json.dumps(run.input, indent=2),
            "can_cancel": self.who.can(RUNS_CANCEL),
            "can_run": self.who.can(AGENTS_RUN),
            "slow": run.is_open and timezone.now() - run.created_at > timedelta(minutes=10),
        }
        if run.status == AgentRun.Status.SUCCEEDED:
            context |= self._result(run)
        partial = request.headers.get("HX-Target") == "run"
        return self.page("agents/_run.html" if partial else "agents/run.html", context)

    def _result(self, run: AgentRun) -> dict[str, Any]:
        agent, report = selectors.run_report(run)
        widgets = agent.present(report)
        tables = {w.key: TableView(w, self.request) for w in widgets if isinstance(w, TableWidget)}
        chosen = next((table for table in tables.values() if table.widget.row_key), None)
        row = self.request.GET.get("row") or (chosen.first_key() if chosen else "")
        return {
            "widgets": [tables[w.key] if isinstance(w, TableWidget) else w for w in widgets],
            "row": row,
            "detail": agent.detail(report, row) if row else [],
        }


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
            messages.success(request, f"{run.ref} is being cancelled.")
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

    def get(self, request: HttpRequest, number: int, form: str) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        agent, report = selectors.run_report(run)
        sheet = agent.export(report)
        name = f"{run.ref}-{sheet.name}.{form}"
        if form == "csv":
            return _attachment(StreamingHttpResponse(spreadsheets.csv_lines(sheet), "text/csv; charset=utf-8"), name)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return _attachment(HttpResponse(spreadsheets.xlsx_bytes(sheet), kind), name)


def _attachment(response: Any, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # type: ignore[no-any-return]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Http404("no such page of runs") from error
