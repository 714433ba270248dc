"""The versions of a workflow: who published what and when, two of them side by side, and the way back to one."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Conflict
from apps.console.views import ConsoleView
from apps.workflows import publishing, returning, selectors
from apps.workflows.differences import definition_difference
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.sides import definition_sides
from apps.workflows.views.workflows import WorkflowAct

SHOWN: Final = 50
"""Versions of one page of the list."""
DRAFT: Final = "draft"


class WorkflowVersionList(ConsoleView):
    """All versions, and two of them compared: `?from=2&to=4`, where one may be the draft."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        self.page_title = f"Versions of {workflow.title}"
        before = _number(request.GET.get("before", ""))
        found = selectors.versions_query(who=self.who, name=name)
        shown = list((found.filter(number__lt=before) if before else found)[: SHOWN + 1])
        has_draft = vars(workflow)["draft_content"] is not None
        latest = workflow.published.number if workflow.published else None
        right = request.GET.get("to", "") or (DRAFT if has_draft and latest else str(latest or ""))
        left = request.GET.get("from", "") or str(latest if right == DRAFT else (latest or 1) - 1 or "")
        old, new = self._version(workflow, left), self._version(workflow, right)
        context = {
            "workflow": workflow,
            "versions": shown[:SHOWN],
            "older": shown[SHOWN - 1].number if len(shown) > SHOWN else None,
            "has_draft": has_draft,
            "left": left,
            "right": right,
            "old": old,
            "new": new,
            "can_edit": self.who.can(WORKFLOWS_EDIT),
            "can_compare": bool(before) or len(shown) + has_draft > 1,
        }
        if old is not None and new is not None:
            one, other = old.definition, new.definition
            parts = definition_sides(one, other)
            context |= {
                "changes": definition_difference(one, other),
                "parts": [part for part in parts if part.state != "same"],
                "same": [part for part in parts if part.state == "same"],
            }
        return self.page("workflows/workflow_versions.html", context)

    def _version(self, workflow: Workflow, asked: str) -> WorkflowVersion | None:
        """The version of this number, or the draft; None where none is meant. Raises `NotFound`."""
        if asked == DRAFT:
            return selectors.draft_get(who=self.who, workflow=workflow)
        number = _number(asked)
        return selectors.version_get(who=self.who, workflow=workflow, number=number) if number is not None else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


class WorkflowRollback(WorkflowAct):
    """Ask, with what would be other, then go back to an earlier version."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        number = _number(request.GET.get("number", ""))
        if number is None or workflow.published is None:
            return redirect("workflows:versions", name=name)
        former = selectors.version_get(who=self.who, workflow=workflow, number=number)
        self.page_title = f"Back to version {number}"
        changes = definition_difference(workflow.published.definition, former.definition)
        context = {"workflow": workflow, "version": former, "changes": changes}
        return self.page("workflows/workflow_rollback.html", context)

    def act(self, workflow: Workflow) -> str:
        number = _number(self.request.POST.get("number", "")) or 0
        version = returning.version_return(who=self.who, user=self.user, workflow=workflow, number=number)
        if version.number is None:
            return f"The draft says what version {number} says. Somebody else who may edit workflows publishes it now."
        return f"Version {version.number} is published: it says what version {number} says."


class WorkflowAskPublication(WorkflowAct):
    def act(self, workflow: Workflow) -> str:
        publishing.workflow_ask_publication(who=self.who, user=self.user, workflow=workflow)
        return "Somebody else who may edit workflows publishes it now. A change of the draft takes this back."


class WorkflowSecondPerson(WorkflowAct):
    def act(self, workflow: Workflow) -> str:
        asked = self.request.POST.get("needed", "")
        if asked not in {"0", "1"}:
            raise Conflict("It was not said whether a second person is needed; nothing was changed.")
        publishing.workflow_second_person(who=self.who, user=self.user, workflow=workflow, needed=asked == "1")
        return (
            f"{workflow.title} is published by {'a second person' if asked == '1' else 'whoever edits it'} from now on."
        )
