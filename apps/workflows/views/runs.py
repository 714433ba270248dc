"""Console pages of one run of a workflow."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.streaming import streamed
from apps.console.views import ConsoleView
from apps.workflows import bulk, bundles, comparing, givens, live, reading, selectors, services, undoing
from apps.workflows.auditing import download_note, run_subject
from apps.workflows.engine.plan import PlanStep
from apps.workflows.models import WorkflowRun
from apps.workflows.payloads import payload_text, with_credentials
from apps.workflows.permissions import WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.progress import run_progress
from apps.workflows.store import plan_of
from apps.workflows.undo_paths import undo_path
from apps.workflows.views.run_parts import Panel, page_parts

LARGEST_TYPED = 1024 * 1024
"""Characters of what a person gives a run or a step as JSON."""


class WorkflowRunPage(ConsoleView):
    """One run: cause first, its steps as a graph and over time, and one step closely (`?step=`, `?tab=`, `?item=`)."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        self.page_title = f"{run.workflow.title} {run.ref}"
        return self.page("workflows/run.html", page_parts(self.who, self.user, run, request.GET))


class WorkflowRunSnapshot(ConsoleView):
    """The run's state as the socket tells it, and how many entries its ledger has: what a page reads after a gap, or
    when it polls."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        return JsonResponse({**live.event(run), "entries": reading.ledger_count(who=self.who, run=run)})


class WorkflowRunPayload(ConsoleView):
    """All that a step was given or gave, as a file: of `?step=`, `?tab=` (input or output) and `?item=`; without a
    step, that of the run."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        if "step" not in request.GET:
            which = "inputs" if request.GET.get("tab") == "input" else "outputs"
            download_note(who=self.who, subject=run_subject(run), what=f"the {which} of {run.ref}")
            return _file(payload_text(getattr(run, which)), f"{run.ref}-{which}.json")
        progress = run_progress(who=self.who, run=run)
        step = progress.of(request.GET["step"])
        if step is None:
            raise Http404("no such step")
        panel = Panel(self.who, progress, step, request.GET)
        which = "output" if panel.tab == "output" else "input"
        item = f"-{panel.item + 1}" if panel.item >= 0 else ""
        what = f"the {which} of step {step.name} of {run.ref}"
        download_note(who=self.who, subject=run_subject(run), what=what)
        return _file(payload_text(panel.value(which)), f"{run.ref}-{step.name}{item}-{which}.json")


class WorkflowRunBundle(ConsoleView):
    """All that is kept of a run as one JSON file."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponseBase:
        run = reading.run_by_number(who=self.who, number=number)
        pieces = bundles.run_bundle(who=self.who, run=run)
        return streamed(request, pieces, content_type="application/json", name=f"{run.ref}.json")


class WorkflowRunCompare(ConsoleView):
    """A run beside the last one of its workflow that succeeded, step by step."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        self.page_title = f"Compare {run.ref}"
        good = reading.last_good(who=self.who, run=run)
        context: dict[str, Any] = {"run": run, "good": good}
        if good is not None:
            one, other = run_progress(who=self.who, run=good), run_progress(who=self.who, run=run)
            steps = comparing.runs_compare(who=self.who, good=one, now=other)
            context["steps"] = [step for step in steps if not step.is_same]
            context["same"] = [step for step in steps if step.is_same]
            context["inputs"] = comparing.inputs_compare(good, run)
        return self.page("workflows/run_compare.html", context)


class WorkflowRunRetry(ConsoleView):
    """Take up a run from a step: a form for what the step is given instead, and the wish to do so."""

    permission = WORKFLOWS_RUN

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        step = _step(run, request.GET.get("step", "") or _first(run))
        given = givens.step_given(who=self.who, run=run, plan=plan_of(run.version), step=step)
        return self._form(run, step, payload_text(given) if given is not None else "{}")

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        step = _step(run, request.POST["step"]) if request.POST.get("step") else None
        text = request.POST.get("given")
        try:
            given = None if text is None or step is None else _typed(text)
            if step is not None and given is not None:
                own = givens.step_given(who=self.who, run=run, plan=plan_of(run.version), step=step)
                given = givens.given_complete(step, given, own)
            again = services.run_retry(
                who=self.who, user=self.user, run=run, step=step.name if step else None, given=given
            )
        except Problem as problem:
            if text is None or step is None:
                return _told(self, request, run, problem)
            return self._form(run, step, text, problem)
        messages.success(request, f"{again.ref} takes {run.ref} up{f' from {step.name}' if step else ''}.")
        return redirect("workflows:run", number=again.number)

    def _form(self, run: WorkflowRun, step: PlanStep, text: str, problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"Retry {run.ref}"
        progress = run_progress(who=self.who, run=run)
        again = undoing.anew(run=run, plan=progress.plan, step=step)
        redone = again.steps | {number for number, _ in again.items}
        context = {
            "run": run,
            "step": progress.of(step.name),
            "kept": [each for each in progress.steps if each.step.index not in redone and each.status == "succeeded"],
            "redone": [each for each in progress.steps if each.step.index in redone and each.step.undoes is None],
            "editable": givens.is_editable(progress.plan, step),
            "text": text,
            "problem": problem,
        }
        return self.page("workflows/run_retry.html", context, status=problem.status if problem else 200)


class WorkflowRunAgain(ConsoleView):
    """Start a run anew, of what is published now: with the same inputs, or with others, by a form."""

    permission = WORKFLOWS_RUN

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        return self._form(run, payload_text(run.inputs))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        text = request.POST.get("inputs")
        try:
            workflow = _published(self, run)
            data = run.inputs if text is None else with_credentials(_typed(text), run.inputs)
            fresh = services.run_start(who=self.who, user=self.user, workflow=workflow, data=data, origin="console")
        except Problem as problem:
            return _told(self, request, run, problem) if text is None else self._form(run, text, problem)
        messages.success(request, f"{fresh.ref} is started with {'the same' if text is None else 'these'} inputs.")
        return redirect("workflows:run", number=fresh.number)

    def _form(self, run: WorkflowRun, text: str, problem: Problem | None = None) -> HttpResponse:
        self.page_title = f"Run {run.workflow.title} again"
        context = {"run": run, "text": text, "problem": problem, "inputs": run.version.definition.inputs}
        return self.page("workflows/run_again.html", context, status=problem.status if problem else 200)


class WorkflowRunAct(ConsoleView):
    """Cancel, pause or resume an open run, stop its undoing, or requeue one that was given up: `action` says which."""

    permission = WORKFLOWS_RUN
    action = ""
    done = {
        "cancel": "is being cancelled",
        "pause": "is paused: no further step begins",
        "resume": "goes on",
        "requeue": "is queued again: it goes on after the last step that was recorded",
        "undo-stop": "is not undone any further: what is not undone is left to you",
    }

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        try:
            if self.action == "cancel":
                services.run_cancel(who=self.who, run=run)
            elif self.action == "pause":
                services.run_pause(who=self.who, run=run)
            elif self.action == "resume":
                services.run_resume(who=self.who, run=run)
            elif self.action == "undo-stop":
                undoing.run_undo_stop(who=self.who, run=run)
            else:
                bulk.run_requeue(who=self.who, run=run)
            messages.success(request, f"{run.ref} {self.done[self.action]}.")
        except Conflict as problem:
            messages.info(request, problem.detail)
        return redirect("workflows:run", number=number)


class WorkflowRunAsk(WorkflowRunAct):
    """Cancel a run, or stop its undoing, after one was told what is, and what is not, undone then."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = reading.run_by_number(who=self.who, number=number)
        wanted = run.status == WorkflowRun.Status.UNDOING if self.action == "undo-stop" else run.is_open
        if not wanted:
            return redirect("workflows:run", number=number)
        self.page_title = f"{'Cancel' if self.action == 'cancel' else 'Stop the undoing of'} {run.ref}"
        path = undo_path(who=self.who, progress=run_progress(who=self.who, run=run))
        return self.page("workflows/run_stop.html", {"run": run, "undo": path, "action": self.action})


def _step(run: WorkflowRun, name: str) -> PlanStep:
    found = next((step for step in plan_of(run.version).steps if step.name == name), None)
    if found is None:
        raise Http404("no such step")
    return found


def _first(run: WorkflowRun) -> str:
    """The step that failed; of a run in which none did, the first one."""
    return str((run.problem or {}).get("step") or plan_of(run.version).steps[0].name)


def _published(view: ConsoleView, run: WorkflowRun) -> Any:
    return selectors.workflow_get(who=view.who, name=run.workflow.name)


def _typed(text: str) -> dict[str, Any]:
    """What a person has typed. Raises `InvalidInput` with the place where it is no JSON."""
    if len(text) > LARGEST_TYPED:
        raise InvalidInput(f"This is longer than {LARGEST_TYPED // 1024:,} KiB. Nothing was started.")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidInput(f"This is not JSON{where}. Nothing was started.") from error
    if not isinstance(given, dict):
        raise InvalidInput("Write an object: {...}. Nothing was started.")
    return given


def _told(view: ConsoleView, request: HttpRequest, run: WorkflowRun, problem: Problem) -> HttpResponse:
    messages.error(request, f"{problem.detail} {problem.remedy}".strip())
    return redirect("workflows:run", number=run.number)


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
