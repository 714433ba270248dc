"""What is being changed as a text: read, changed as a whole, and taken along as a file."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Conflict, InvalidInput
from apps.common.yamls import text_read, text_write
from apps.workflows.drafting import Draft
from apps.workflows.editing import operations, services
from apps.workflows.editing.operations import Raw, definition_raw
from apps.workflows.editing.pages import editor_url
from apps.workflows.editing.views import EditorView
from apps.workflows.models import WorkflowEdit
from apps.workflows.permissions import WORKFLOWS_EDIT


class EditText(EditorView):
    """What is being changed as YAML: read, changed as a whole, or read from a file."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = self.edit(id)
        return self.text(found, Draft(_yaml(services.edit_content(found).definition)))

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        found = self.edit(id)
        draft = Draft(request.POST.get("text", "").replace("\r\n", "\n"))
        if file := request.FILES.get("file"):
            draft.take(file)
        if draft.problem is not None:
            return self.text(found, draft)
        try:
            raw = definition_raw(text_read(draft.text))
            if found.workflow is not None:
                raw["name"] = found.workflow.name  # which never changes
            found = self.change(
                id, "Changed it as YAML", lambda said: said.with_definition(raw), lambda said: said.definition
            )
        except (InvalidInput, Conflict) as problem:
            draft.problem = problem
            return self.text(found, draft)
        return redirect(editor_url(found))

    def text(self, edit: WorkflowEdit, draft: Draft) -> HttpResponse:
        self.page_title = "As YAML"
        context = {"edit": edit, "draft": draft, "back": editor_url(edit), "at": services.change_now(edit)}
        return self.page("workflows/editor/text.html", context, status=draft.problem.status if draft.problem else 200)


class EditExport(EditorView):
    """What is being changed as a file, whole or not."""

    permission = {"GET": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        raw = services.edit_content(self.edit(id)).definition
        answer = HttpResponse(_yaml(raw), content_type="application/yaml; charset=utf-8")
        name = operations.name_of(str(raw.get("name") or "workflow"), {}).replace("_", "-")
        answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
        return answer


def _yaml(raw: Raw) -> str:
    return text_write({key: value for key, value in raw.items() if value not in ({}, None) or key == "steps"})
