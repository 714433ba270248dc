"""Moving an open run to the newest version: what becomes of each of its steps, and the wish to do so."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Conflict
from apps.console.views import ConsoleView
from apps.workflows import moving, reading
from apps.workflows.models import WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN


class WorkflowRunMove(ConsoleView):
    permission = WORKFLOWS_RUN

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return self._page(reading.run_by_number(who=self.who, number=number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        try:
            fresh = moving.run_move(who=self.who, run=run)
        except Conflict as problem:
            return self._page(run, problem)
        messages.success(request, f"{run.ref} goes on as {fresh.ref}, on version {fresh.version.number}.")
        return redirect("workflows:run", number=fresh.number)

    def _page(self, run: WorkflowRun, problem: Conflict | None = None) -> HttpResponse:
        self.page_title = f"Move {run.ref} to the newest version"
        context = {"run": run, "move": moving.move_preview(who=self.who, run=run), "problem": problem}
        return self.page("workflows/run_move.html", context, status=problem.status if problem else 200)
