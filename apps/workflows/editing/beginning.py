"""Where a new workflow begins: with nothing, a blueprint, another workflow, an agent or a file, and then the editor."""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.errors import Conflict, InvalidInput, Issue, Problem
from apps.common.yamls import text_read
from apps.console.views import ConsoleView
from apps.workflows import selectors
from apps.workflows.blueprints import blueprint_get, blueprints_list
from apps.workflows.definition import definition_dump
from apps.workflows.drafting import Draft
from apps.workflows.editing.begun import edits_begun
from apps.workflows.editing.operations import Raw, definition_raw
from apps.workflows.editing.pages import editor_url
from apps.workflows.editing.services import edit_new
from apps.workflows.of_agents import definition_of, given_of, name_free
from apps.workflows.permissions import WORKFLOWS_EDIT

LONGEST_NAME: Final = 50
"""So that there is room for a number."""
LONGEST_TITLE: Final = 100
SOURCES: Final = ("blueprint", "copy", "agent")
"""What a workflow may begin with, by the name that a query gives it."""


class WorkflowBegin(ConsoleView):
    """Ask for a title, and for what to begin with."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}
    page_title = "New workflow"

    def get(self, request: HttpRequest) -> HttpResponse:
        given = request.GET.dict()
        source = self._source(given)
        title = f"{source['title'][:90]} (copy)" if given.get("copy") else str(source.get("title", ""))
        return self._shown(given, title, about=str(source.get("title", "")))

    def post(self, request: HttpRequest) -> HttpResponse:
        given, title = request.POST.dict(), request.POST.get("title", "").strip()
        try:
            raw, what = self._begun(given)
            title = title or str(raw.get("title") or "")
            if not title or len(title) > LONGEST_TITLE:
                issue = Issue(path="title", message=f"Give it a title of at most {LONGEST_TITLE} characters.")
                raise InvalidInput("A workflow needs a title; nothing was begun.", issues=[issue])
            raw |= {"title": title, "name": name_free(slug_of(title))}
            edit = edit_new(who=self.who, user=self.user, definition=definition_raw(raw), what=what)
        except (InvalidInput, Conflict) as problem:
            return self._shown(given, title, problem=problem, about=str(self._source(given).get("title", "")))
        return redirect(editor_url(edit, add="" if raw["steps"] else "-"))

    def _begun(self, given: dict[str, str]) -> tuple[Raw, str]:
        """What it begins with, and that in words. Raises `InvalidInput`, `NotFound`."""
        if file := self.request.FILES.get("file"):
            draft = Draft("")
            draft.take(file)
            if draft.problem is not None:
                raise draft.problem
            return definition_raw(text_read(draft.text)), "Began with a file"
        source = self._source(given)
        return definition_raw(source), f"Began with {source['title']}" if source else "Began"

    def _source(self, given: dict[str, str]) -> dict[str, Any]:
        """The definition that a query names; empty for none. Raises `NotFound`."""
        if key := given.get("blueprint", "")[:200]:
            return definition_dump(blueprint_get(who=self.who, key=key).definition)
        if name := given.get("copy", "")[:100].replace("\0", ""):
            workflow = selectors.workflow_get(who=self.who, name=name)
            return definition_dump(selectors.version_get(who=self.who, workflow=workflow, number=None).definition)
        if key := given.get("agent", "")[:100]:
            return definition_dump(definition_of(given_of(who=self.who, key=key, query=given)))
        return {}

    def _shown(self, given: dict[str, str], title: str, *, problem: Problem | None = None, about: str) -> HttpResponse:
        kept = {name: value for name, value in given.items() if name in (*SOURCES, "run", "input") and value}
        context = {
            "title": title,
            "about": about,
            "kept": kept,
            "problem": problem,
            "blueprints": [] if kept else blueprints_list(who=self.who),
            "begun": [] if kept else edits_begun(who=self.who, user=self.user),
            "query": self.request.GET.urlencode(),
        }
        return self.page("workflows/editor/new.html", context, status=problem.status if problem else 200)


def slug_of(title: str) -> str:
    """A name for a workflow, made of its title."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:LONGEST_NAME].strip("-")
    return words if words[:1].isalpha() else f"workflow-{words}".strip("-")
