"""Workflows as text: made, changed, checked without being stored, read from a file, and kept as a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Conflict
from apps.console.views import ConsoleView
from apps.workflows import defining, selectors
from apps.workflows.blueprints import blueprint_get, blueprints_list
from apps.workflows.definition import Definition, definition_yaml
from apps.workflows.drafting import EXAMPLE, Draft
from apps.workflows.models import Workflow
from apps.workflows.of_agents import definition_of, given_of
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW

LONGEST_NAME = 60


class Editor(ConsoleView):
    """The form of a definition. It has three buttons: check, read a file, and save."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def former(self, draft: Draft) -> Definition | None:
        """What the text is compared with; None: nothing."""
        return None

    def save(self, draft: Draft) -> Workflow:
        raise NotImplementedError

    def show(self, draft: Draft, **more: Any) -> HttpResponse:
        status = draft.problem.status if draft.problem else 200
        return self.page("workflows/workflow_edit.html", {"draft": draft, **more}, status=status)

    def answer(self, draft: Draft) -> HttpResponse:
        """Do what the button that was pressed asks for."""
        action = self.request.POST.get("action", "save")
        if action == "import":
            draft.take(self.request.FILES.get("file"))
        if action in {"check", "import"}:
            if draft.problem is None:
                draft.check(selectors.TenantCatalogue(), self.former(draft))
            return self.show(draft)
        saved: list[Workflow] = []
        if not draft.trying(lambda: saved.append(self.save(draft))):
            return self.show(draft)
        messages.success(self.request, f"{saved[0].title} is saved as a draft. Publish it, and new runs follow it.")
        return redirect("workflows:workflow", name=saved[0].name)


class WorkflowNew(Editor):
    """A new workflow: from an example, a blueprint, another workflow, an agent with an input, or a file."""

    page_title = "New workflow"

    def get(self, request: HttpRequest) -> HttpResponse:
        if key := request.GET.get("blueprint", "")[:200]:
            text = definition_yaml(blueprint_get(who=self.who, key=key).definition)
        elif name := request.GET.get("copy", "")[:100].replace("\0", ""):
            text = self._copied(name)
        elif key := request.GET.get("agent", "")[:100]:
            text = definition_yaml(definition_of(given_of(who=self.who, key=key, query=request.GET.dict())))
        else:
            text = EXAMPLE
        return self.show(Draft(text))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self.answer(Draft(_text(request)))

    def save(self, draft: Draft) -> Workflow:
        return defining.workflow_create(who=self.who, user=self.user, definition=draft.read())

    def show(self, draft: Draft, **more: Any) -> HttpResponse:
        return super().show(draft, blueprints=blueprints_list(who=self.who), **more)

    def _copied(self, name: str) -> str:
        """What another workflow says, under a name of its own."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        definition = selectors.version_get(who=self.who, workflow=workflow, number=None).definition
        own = {"name": f"{definition.name[: LONGEST_NAME - 5]}-copy", "title": f"{definition.title[:90]} (copy)"}
        return definition_yaml(definition.model_copy(update=own))


class WorkflowEdit(Editor):
    """The draft of a workflow, or what is published of it, to be saved as a draft."""

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        definition = selectors.version_get(who=self.who, workflow=workflow, number=None).definition
        return self._shown(workflow, Draft(definition_yaml(definition), name, workflow.seq))

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        seq = request.POST.get("seq", "")
        draft = Draft(_text(request), name, int(seq) if seq.isdecimal() and len(seq) < 10 else None)
        self.workflow = workflow
        return self.answer(draft)

    def former(self, draft: Draft) -> Definition | None:
        return selectors.version_get(who=self.who, workflow=self.workflow, number=None).definition

    @transaction.atomic
    def save(self, draft: Draft) -> Workflow:
        """Raises `Conflict` where somebody else has changed the workflow since its text was read."""
        workflow = selectors.workflow_read(who=self.who, name=draft.name, lock=True)
        if draft.seq not in {None, workflow.seq}:
            raise Conflict(
                "Somebody else has changed the workflow since you began; nothing of yours was stored.",
                remedy="See below what differs. Take theirs over into your text, or save yours in its place.",
            )
        return defining.workflow_save(who=self.who, user=self.user, definition=draft.read())

    def show(self, draft: Draft, **more: Any) -> HttpResponse:
        return self._shown(self.workflow, draft)

    def _shown(self, workflow: Workflow, draft: Draft) -> HttpResponse:
        self.page_title = f"Edit {workflow.title}"
        theirs: list[str] = []
        if draft.conflicts:
            workflow = selectors.workflow_read(who=self.who, name=workflow.name)
            draft.seq = workflow.seq  # whoever saves now has been told
            looked = Draft(draft.text, draft.name)
            looked.check(selectors.TenantCatalogue(), self.former(draft))
            theirs = looked.changes or []
        return super().show(draft, workflow=workflow, theirs=theirs)


def _text(request: HttpRequest) -> str:
    """What stands in the field; forms send lines with the ends that Windows gives them."""
    return request.POST.get("text", "").replace("\r\n", "\n")


class WorkflowExport(ConsoleView):
    """A definition as a file: a version by its number, else the draft or what is published."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_get(who=self.who, name=name)
        asked = request.GET.get("version", "")
        number = int(asked) if asked.isdecimal() and len(asked) < 10 else None
        version = selectors.version_get(who=self.who, workflow=workflow, number=number)
        answer = HttpResponse(definition_yaml(version.definition), content_type="application/yaml; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{workflow.name}.yaml"'
        return answer
