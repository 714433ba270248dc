"""The list of workflows, the page of one, and what changes a workflow as a whole."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from apps.common.errors import Conflict, InvalidInput, Problem
from apps.common.yamls import text_write
from apps.console.views import ConsoleView
from apps.workflows import defining, overview, publishing, selectors
from apps.workflows.blueprints import blueprints_list
from apps.workflows.definition import Definition, definition_dump, definition_yaml
from apps.workflows.differences import definition_difference
from apps.workflows.graphs import graph_of, title_of
from apps.workflows.models import Trigger, Workflow, WorkflowRun, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.reading import runs_page
from apps.workflows.triggers import Schedule, settings_of

LATEST_RUNS: Final = 6
VERSIONS_SHOWN: Final = 10


class WorkflowList(ConsoleView):
    permission = WORKFLOWS_VIEW
    page_title = "Workflows"

    def get(self, request: HttpRequest) -> HttpResponse:
        search, tag, asked = (request.GET.get(name, "")[:100] for name in ("q", "tag", "page"))
        archived = request.GET.get("archived") == "1"
        number = int(asked) if asked.isdecimal() and len(asked) < 9 else 1
        tag = tag.replace("\0", "")
        page = overview.workflows_page(who=self.who, search=search, tag=tag, archived=archived, page=number)
        is_new = not (page.found or search or tag or archived)
        context = {
            "page": page,
            "previous_url": self._url(page.page - 1) if page.page > 1 else "",
            "next_url": self._url(page.page + 1) if page.page < page.pages else "",
            "noun": "workflow" if page.found == 1 else "workflows",
            "search": search,
            "tag": tag,
            "archived": archived,
            "can_edit": self.who.can(WORKFLOWS_EDIT),
            "blueprints": blueprints_list(who=self.who)[:6] if is_new and self.who.can(WORKFLOWS_EDIT) else [],
        }
        return self.page("workflows/workflow_list.html", context)

    def _url(self, number: int) -> str:
        query = self.request.GET.copy()
        query["page"] = str(number)
        return f"?{query.urlencode()}"


class OneWorkflow(ConsoleView):
    """The page of a workflow, and what changes it as a whole: what is refused is told on that page."""

    def one(self, name: str, problem: Problem | None = None) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        self.page_title = workflow.title
        draft = self._draft(workflow)
        published = workflow.published.definition if workflow.published else None
        shows_draft = draft is not None and (published is None or self.request.GET.get("shown") == "draft")
        chosen = draft.definition if draft and shows_draft else published
        assert chosen is not None  # noqa: S101  # a workflow is made with a draft
        triggers = selectors.triggers_list(who=self.who, workflow=workflow)
        context = {
            "workflow": workflow,
            "problem": problem,
            "definition": chosen,
            "shows_draft": shows_draft,
            "draft": draft,
            "refusal": publishing.publication_refusal(workflow, draft, self.user) if draft else None,
            "changes": definition_difference(published, draft.definition) if published and draft else [],
            "graph": graph_of(chosen).as_json(),
            "step": _step(chosen, self.request.GET.get("step", "")),
            "health": overview.workflows_health(who=self.who, workflows=[workflow])[workflow.pk],
            "start": overview.start_of(workflow, [each for each in triggers if each.is_enabled]),
            "triggers": [_shown(each) for each in triggers],
            "runs": self._runs(workflow),
            "versions": list(selectors.versions_query(who=self.who, name=name)[:VERSIONS_SHOWN]),
            "callers": selectors.callers_of(who=self.who, workflow=workflow),
            "can_edit": self.who.can(WORKFLOWS_EDIT),
            "can_run": self.who.can(WORKFLOWS_RUN),
        }
        return self.page("workflows/workflow.html", context, status=problem.status if problem else 200)

    def _draft(self, workflow: Workflow) -> WorkflowVersion | None:
        """The draft with who saved it; None where all is published."""
        if vars(workflow)["draft_content"] is None:
            return None
        return selectors.version_get(who=self.who, workflow=workflow, number=None)

    def _runs(self, workflow: Workflow) -> list[WorkflowRun]:
        narrow = selectors.RunFilter(workflow=workflow.name)
        return runs_page(who=self.who, narrow=narrow, size=LATEST_RUNS).runs


class WorkflowPage(OneWorkflow):
    """One workflow: its steps, how it goes, what starts it, and its versions."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        return self.one(name)


def _step(definition: Definition, name: str) -> dict[str, Any] | None:
    """What a step is told, for people to read; None where there is no step of this name."""
    step = definition.steps.get(name)
    if step is None:
        return None
    said = text_write(definition_dump(definition)["steps"][name])
    return {"name": name, "title": title_of(name, step), "label": step.label, "about": step.description, "text": said}


def _shown(trigger: Trigger) -> dict[str, Any]:
    told = settings_of(trigger.kind, trigger.told)
    times = overview.next_times(told, trigger.due_at, 3) if isinstance(told, Schedule) else []
    return {
        "trigger": trigger,
        "told": told.told(),
        "label": told.label,
        "icon": told.icon,
        "times": times,
        "address": reverse("webhook", args=[trigger.pk]) if trigger.kind == "webhook" else "",
    }


class WorkflowVersionPage(ConsoleView):
    """One published version: what changed by it, what it says, and the way back to it."""

    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, name: str, version: int) -> HttpResponse:
        workflow = selectors.workflow_read(who=self.who, name=name)
        shown = selectors.version_get(who=self.who, workflow=workflow, number=_number(version))
        self.page_title = f"{workflow.title}, version {shown.number}"
        definition = shown.definition
        context = {
            "workflow": workflow,
            "version": shown,
            "is_published": shown.pk == workflow.published_id,
            "graph": graph_of(definition).as_json(),
            "step": _step(definition, request.GET.get("step", "")),
            "changes": self._changes(workflow, definition, version - 1),
            "since": _difference(definition, workflow) if shown.pk != workflow.published_id else [],
            "can_edit": self.who.can(WORKFLOWS_EDIT),
        }
        return self.page("workflows/workflow_version.html", context)

    def _changes(self, workflow: Workflow, definition: Definition, former: int) -> list[str]:
        if former < 1:
            return []
        before = selectors.version_get(who=self.who, workflow=workflow, number=former)
        return definition_difference(before.definition, definition)


def _difference(definition: Definition, workflow: Workflow) -> list[str]:
    """What the version that is published now has otherwise."""
    return definition_difference(definition, workflow.published.definition) if workflow.published else []


def _number(version: int) -> int:
    """A number that a column may hold; there is no version of any other."""
    return version if version < 2**31 else 0


class WorkflowAct(OneWorkflow):
    """Something that is done to a workflow as a whole: it leads back to its page, and says what became of it."""

    permission = {"POST": WORKFLOWS_EDIT}

    def act(self, workflow: Workflow) -> str:
        """Do it. Returns what is said of it."""
        raise NotImplementedError

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            messages.success(request, self.act(selectors.workflow_get(who=self.who, name=name)))
        except (Conflict, InvalidInput) as problem:
            return self.one(name, problem)
        return redirect("workflows:workflow", name=name)


class WorkflowPublish(WorkflowAct):
    step_up = {"POST"}

    def act(self, workflow: Workflow) -> str:
        note = self.request.POST.get("note", "").strip()
        version = defining.workflow_publish(who=self.who, user=self.user, workflow=workflow, note=note)
        return f"Version {version.number} is published. New runs follow it; those under way stay on theirs."


class WorkflowDiscard(WorkflowAct):
    """Drop the draft; what it said can be had back from the answer."""

    def post(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_get(who=self.who, name=name)
        try:
            dropped = defining.workflow_discard(who=self.who, workflow=workflow)
        except Conflict as problem:
            return self.one(name, problem)
        self.page_title = "The draft is dropped"
        context = {"workflow": workflow, "text": definition_yaml(dropped)}
        return self.page("workflows/workflow_discarded.html", context)


class WorkflowPause(WorkflowAct):
    def act(self, workflow: Workflow) -> str:
        defining.workflow_pause(who=self.who, workflow=workflow)
        return f"{workflow.title} is paused. No trigger starts it; what runs goes on."


class WorkflowResume(WorkflowAct):
    def act(self, workflow: Workflow) -> str:
        defining.workflow_resume(who=self.who, workflow=workflow)
        return f"{workflow.title} is started by its triggers again."


class WorkflowArchive(WorkflowAct):
    """Ask, then archive."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}
    page_title = "Archive a workflow"

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        workflow = selectors.workflow_get(who=self.who, name=name)
        context = {
            "workflow": workflow,
            "callers": selectors.callers_of(who=self.who, workflow=workflow),
            "open": overview.workflows_health(who=self.who, workflows=[workflow])[workflow.pk].open,
        }
        return self.page("workflows/workflow_archive.html", context)

    def act(self, workflow: Workflow) -> str:
        defining.workflow_archive(who=self.who, workflow=workflow)
        return f"{workflow.title} is archived. Nothing starts it any more; a draft that is saved brings it back."
