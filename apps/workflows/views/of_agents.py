"""An agent on a schedule: one confirmation makes the workflow, publishes it and has it started."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Problem
from apps.console.schemaforms.texts import json_text
from apps.console.views import ConsoleView
from apps.workflows.of_agents import DAYS, OFTEN, ScheduleForm, given_of
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.trigger_forms import zones_offered

INPUT_SHOWN = 4_000
LONGEST = 100_000


class AgentSchedule(ConsoleView):
    """When the agent is to look, at what, and what the workflow that does it is called."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, agent: str) -> HttpResponse:
        form = ScheduleForm.fresh(given_of(who=self.who, key=agent, query=request.GET.dict()))
        form.look()
        return self.show(form)

    def post(self, request: HttpRequest, agent: str) -> HttpResponse:
        values = {name: value[:LONGEST] for name, value in request.POST.dict().items()}
        form = ScheduleForm(given_of(who=self.who, key=agent, query=values), values)
        if values.get("action") == "look":
            form.look()
            return self.show(form)
        try:
            workflow = form.make(who=self.who, user=self.user)
        except Problem as problem:
            form.problem = problem
            return self.show(form)
        messages.success(request, f"{form.schedule().told()}: {workflow.title} is started by itself from now on.")
        return redirect("workflows:workflow", name=workflow.name)

    def show(self, form: ScheduleForm) -> HttpResponse:
        agent, text = form.given.agent, json_text(form.given.data)
        self.page_title = f"{agent.title} on a schedule"
        context = {
            "form": form,
            "agent": agent,
            "input": text[:INPUT_SHOWN],
            "input_cut": len(text) > INPUT_SHOWN,
            "often": OFTEN,
            "days": list(enumerate(DAYS)),
            "zones": zones_offered(),
            "asked": {name: form.values[name] for name in ("run", "input") if form.values.get(name)}
            or {name: value for name, value in self.request.GET.dict().items() if name in {"run", "input"}},
        }
        return self.page("workflows/agent_schedule.html", context, status=form.problem.status if form.problem else 200)
