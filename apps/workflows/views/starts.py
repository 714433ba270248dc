"""Starting a workflow by hand: one run, or one for each row of a table."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import Conflict, InvalidInput, Problem, TooLarge, UnsupportedFormat
from apps.console.schemaforms import EDIT, FILE
from apps.console.views import ConsoleView
from apps.datasets.sheets import cells_read
from apps.workflows import selectors, services
from apps.workflows.blueprints import samples_for
from apps.workflows.models import Workflow, WorkflowRun
from apps.workflows.permissions import WORKFLOWS_RUN
from apps.workflows.start_forms import LARGEST_BATCH, MODES, StartForm


class WorkflowStart(ConsoleView):
    """The form that the inputs of what is published make; a run of it, or many."""

    permission = {"GET": WORKFLOWS_RUN, "POST": WORKFLOWS_RUN}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = self._workflow(name)
        return self._show(workflow, self._form(workflow, request.GET.dict()))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = self._workflow(name)
        values = {key: value.replace("\r\n", "\n") for key, value in request.POST.dict().items()}
        form = self._form(workflow, values)
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self._show(workflow, form)
            if form.mode == "batch" and (file := request.FILES.get("file")) is not None:
                form.values = {**values, "batch": _text_of(file)}
            runs = services.runs_start(
                who=self.who, user=self.user, workflow=workflow, data=form.data(), origin="console"
            )
        except (InvalidInput, TooLarge, Conflict, UnsupportedFormat) as problem:
            form.refused(problem)
            return self._show(workflow, form)
        return self._started(workflow, runs)

    def _workflow(self, name: str) -> Workflow:
        """A workflow that can be started. Raises `Conflict` for one of which nothing is published."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        if workflow.published is None or workflow.archived_at is not None:
            told = "is archived" if workflow.archived_at else "has no published version"
            raise Conflict(f"{workflow.title} {told}; nothing was started.", remedy="Publish its draft first.")
        return workflow

    def _form(self, workflow: Workflow, values: dict[str, str]) -> StartForm:
        assert workflow.published is not None  # noqa: S101  # looked at by `_workflow`
        asked = values.get("mode", "form")
        mode: Any = asked if asked in dict(MODES) else "form"
        definition = workflow.published.definition
        form = StartForm(definition, values, self.who, mode, samples=samples_for(who=self.who, definition=definition))
        sample = self.request.GET.get("sample", "")
        form.chosen = int(sample) if sample.isdecimal() and len(sample) < 4 else None
        return form

    def _show(self, workflow: Workflow, form: StartForm) -> HttpResponse:
        self.page_title = f"Start {workflow.title}"
        context = {"workflow": workflow, "form": form, "modes": MODES, "most": services.MOST_STARTED}
        return self.page("workflows/workflow_start.html", context, status=form.problem.status if form.problem else 200)

    def _started(self, workflow: Workflow, runs: list[WorkflowRun]) -> HttpResponse:
        if len(runs) > 1:
            messages.success(self.request, f"{len(runs):,} runs of {workflow.title} are started.")
            return redirect(f"{reverse('workflows:runs')}?workflow={workflow.name}")
        (run,) = runs
        run.refresh_from_db(fields=["number"])
        return redirect("workflows:run", number=run.number)


def _text_of(file: Any) -> str:
    """The text of an uploaded table. Raises `TooLarge`, `InvalidInput`."""
    raw: bytes = file.read(LARGEST_BATCH + 1)
    if len(raw) > LARGEST_BATCH:
        problem: Problem = TooLarge(f"The file has more than {LARGEST_BATCH // 1024**2} MiB; nothing was started.")
        raise problem
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is no text in UTF-8; nothing was started.") from error
