"""Console pages of trials: a sample, and then every step with what it does, while nothing happens outside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from apps.common.errors import InvalidInput, NotFound, Problem
from apps.console.schemaforms import EDIT, FILE, SchemaForm
from apps.console.views import ConsoleView
from apps.datasets.selectors import datasets_recent
from apps.datasets.sheets import cells_read
from apps.workflows.definition import Definition
from apps.workflows.editing.services import edit_content, edit_get
from apps.workflows.inputs import inputs_model
from apps.workflows.models import Trial, WorkflowEdit, WorkflowRun
from apps.workflows.payloads import without_credentials
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.selectors import runs_query
from apps.workflows.shapes import shape_of
from apps.workflows.trying.answering import answer_read
from apps.workflows.trying.following import Going
from apps.workflows.trying.services import trial_answer, trial_get, trial_go, trial_start
from apps.workflows.trying.showing import trial_look

ROOT = "inputs"
LATEST = 10
"""Past runs whose inputs are offered."""


class TrialNew(ConsoleView):
    """The sample that a definition is tried with."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self._show(edit_get(who=self.who, user=self.user, id=id), {})

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        edit = edit_get(who=self.who, user=self.user, id=id)
        values = {key: value.replace("\r\n", "\n") for key, value in request.POST.dict().items()}
        form: SchemaForm | None = None
        try:
            definition = edit_content(edit).parsed()
            form = self._form(definition, values, {})
            if EDIT in request.POST:
                form.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self._show(edit, values, form=form)
            made = trial_start(who=self.who, user=self.user, edit=edit, definition=definition, inputs=form.data())
            if request.POST.get("how") in {"step", "all"}:
                how: Any = request.POST["how"]
                trial_go(who=self.who, user=self.user, id=made.pk, how=how)
        except Problem as problem:
            if form is not None:
                form.refused(problem.issues)
            return self._show(edit, values, form=form, problem=problem)
        return redirect("workflows:trial", id=made.pk)

    def _form(self, definition: Definition, values: dict[str, str], base: dict[str, Any]) -> SchemaForm:
        wanted = [name for name, each in definition.inputs.items() if each.type == "dataset"]
        there = [(str(found.pk), found.name) for found in datasets_recent(who=self.who)] if wanted else []
        offered = {f"{ROOT}.{name}": there for name in wanted}
        return SchemaForm(inputs_model(definition), values, root=ROOT, base=base, offered=offered)

    def _show(
        self,
        edit: WorkflowEdit,
        values: dict[str, str],
        *,
        form: SchemaForm | None = None,
        problem: Problem | None = None,
    ) -> HttpResponse:
        runs, chosen = self._runs(edit), None
        try:
            definition = edit_content(edit).parsed()
            chosen = self._chosen(edit)
            form = form or self._form(definition, values, _sample(definition, chosen))
        except InvalidInput as wrong:
            problem = problem or wrong
        title = edit.workflow.title if edit.workflow else "a new workflow"
        self.page_title = f"Try {title}"
        known = {field.name for field in form.fields} if form is not None else set()
        context = {
            "edit": edit,
            "title": title,
            "form": form,
            "runs": runs,
            "chosen": chosen,
            "problem": problem,
            "issues": [each for each in problem.issues if each.path not in known] if problem else [],
        }
        return self.page("workflows/trials/new.html", context, status=problem.status if problem else 200)

    def _runs(self, edit: WorkflowEdit) -> list[WorkflowRun]:
        if edit.workflow is None:
            return []
        return list(runs_query(who=self.who).filter(workflow=edit.workflow)[:LATEST])

    def _chosen(self, edit: WorkflowEdit) -> WorkflowRun | None:
        """The past run whose inputs the form began with. Raises `NotFound` for one that is none of the workflow's."""
        told = self.request.POST.get("run", "") or self.request.GET.get("run", "")
        if not told:
            return None
        number = told.removeprefix("W-")
        found = None
        if edit.workflow is not None and number.isdecimal() and len(number) < 18:
            found = runs_query(who=self.who).filter(workflow=edit.workflow, number=int(number)).first()
        if found is None:
            raise NotFound("That run is none of this workflow.", remedy="Choose one of the list.")
        return found


def _sample(definition: Definition, run: WorkflowRun | None) -> dict[str, Any]:
    """What the form begins with: the inputs of a past run, else the examples of the definition.

    Credentials stay with the run: whoever writes the definition could have it show them under another name.
    """
    if run is not None:
        given = without_credentials(run.inputs)
        return {name: value for name, value in given.items() if name in definition.inputs and value is not None}
    fields = definition.inputs.items()
    found = {name: each.example if each.example is not None else each.default for name, each in fields}
    return {name: value for name, value in found.items() if value is not None}


class TrialPage(ConsoleView):
    """Every step of a trial, as far as it has come, and what it waits for."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return self._show(trial_get(who=self.who, user=self.user, id=id))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        values = {key: value.replace("\r\n", "\n") for key, value in request.POST.dict().items()}
        try:
            if values.get("act") in {"step", "all"}:
                how: Any = values["act"]
                trial_go(who=self.who, user=self.user, id=id, how=how)
            else:
                trial = trial_get(who=self.who, user=self.user, id=id)
                outcome = answer_read(Going.of(trial), values, self.user)
                trial_answer(who=self.who, user=self.user, id=id, key=values.get("key", ""), outcome=outcome)
        except Problem as problem:
            return self._show(trial_get(who=self.who, user=self.user, id=id), problem, values)
        return redirect("workflows:trial", id=id)

    def _show(self, trial: Trial, problem: Problem | None = None, values: dict[str, str] | None = None) -> HttpResponse:
        workflow = trial.edit.workflow
        title = workflow.title if workflow else "a new workflow"
        self.page_title = f"Try {title}"
        waits = trial.status == Trial.Status.WAITING
        look = trial_look(Going.of(trial), workflow=workflow, values=values or {}, answers=waits)
        errors = {issue.path: issue.message for issue in problem.issues} if problem else {}
        for shown in look.steps:
            for asked in shown.asked:
                if asked.fields is not None and problem is not None and (values or {}).get("key") == asked.key:
                    asked.fields.refused(problem.issues)
        context = {
            "trial": trial,
            "title": title,
            "look": look,
            "inputs": shape_of(trial.inputs),
            "outputs": shape_of(trial.outputs),
            "is_begun": bool(trial.entries),
            "problem": problem,
            "errors": errors,
            "values": values or {},
        }
        return self.page("workflows/trials/trial.html", context, status=problem.status if problem else 200)


class TrialSnapshot(ConsoleView):
    """Whether an agent of a trial is still at work: what its page asks for while it is. One statement."""

    permission = WORKFLOWS_EDIT

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        return JsonResponse({"status": trial_get(who=self.who, user=self.user, id=id).status})
