"""Workflows that industries bring: a gallery, each to be read, and made a workflow of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.agents.finding import agent_shown
from apps.common.errors import Conflict, InvalidInput, UnsupportedFormat
from apps.common.industries import industries
from apps.console import stepup
from apps.console.schemaforms import EDIT, FILE
from apps.console.views import ConsoleView
from apps.datasets.sheets import cells_read
from apps.workflows.blueprints import blueprint_get, blueprint_lacks, blueprint_use, blueprints_list, samples_here
from apps.workflows.definition import definition_yaml
from apps.workflows.gallery import NEEDS, Here, Narrow, gallery_list, needs_here, needs_of, steps_told
from apps.workflows.graphs import graph_of
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_RUN, WORKFLOWS_VIEW
from apps.workflows.setting_up import Made, blueprint_set_up
from apps.workflows.setup_forms import SetUpForm


class BlueprintList(ConsoleView):
    permission = WORKFLOWS_VIEW
    page_title = "Blueprints"

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = {name: request.GET.get(name, "")[:100] for name in ("q", "industry", "need")}
        narrow = Narrow(asked["q"], asked["industry"], asked["need"])
        every = blueprints_list(who=self.who)
        found = gallery_list(who=self.who, narrow=narrow)
        here = {each.industry for each in every}
        shown = {key: config for key, config in industries().items() if key in here}
        groups = [
            {"industry": config, "blueprints": [each for each in found if each.industry == key]}
            for key, config in shown.items()
        ]
        context = {
            "groups": [group for group in groups if group["blueprints"]],
            "found": len(found),
            "is_new": not every,
            "narrow": narrow,
            "industries": shown.values(),
            "needs": _needs_offered(every),
            "can_use": self.who.can(WORKFLOWS_EDIT),
        }
        return self.page("workflows/blueprint_list.html", context)


def _needs_offered(every: list[Any]) -> list[tuple[str, str]]:
    """What can be looked for, by key and in words: agents by title, then people and addresses."""
    keys = dict.fromkeys(key for each in every for key in needs_of(each))
    agents = [(key, agent.title) for key in keys if (agent := agent_shown(key)) is not None]
    return [*sorted(agents, key=lambda each: each[1]), *((key, said) for key, said in NEEDS.items() if key in keys)]


class BlueprintPage(ConsoleView):
    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        blueprint = blueprint_get(who=self.who, key=key)
        context = {
            "page_title": blueprint.title,
            "blueprint": blueprint,
            "industry": industries()[blueprint.industry],
            "lacks": blueprint_lacks(blueprint),
            "needs": needs_here(here=Here(self.who), blueprint=blueprint),
            "steps": steps_told(blueprint.definition),
            "graph": graph_of(blueprint.definition).as_json(),
            "samples": [sample for sample, _ in samples_here(who=self.who, blueprint=blueprint)],
            "yaml": definition_yaml(blueprint.definition),
            "can_use": self.who.can(WORKFLOWS_EDIT),
        }
        return self.page("workflows/blueprint.html", context)


class BlueprintUse(ConsoleView):
    """As it comes, by one press."""

    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        workflow = blueprint_use(who=self.who, user=self.user, key=key)
        messages.success(request, f"{workflow.title} is a draft of yours now. Look it over, and publish it.")
        return redirect("workflows:workflow", workflow.name)


class BlueprintSetUp(ConsoleView):
    """The guided set-up: a few questions, and then a draft in the editor, or a run."""

    permission = {"GET": WORKFLOWS_EDIT, "POST": WORKFLOWS_EDIT}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        blueprint = blueprint_get(who=self.who, key=key)
        asked = request.GET.get("sample", "")
        sample = int(asked) if asked.isdecimal() and len(asked) < 4 else None
        return self._show(SetUpForm.fresh(blueprint, who=self.who, sample=sample))

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        if request.POST.get("act") == "run" and (asked := stepup.ask(request)) is not None:
            return asked  # it publishes
        blueprint = blueprint_get(who=self.who, key=key)
        entered = {name: value.replace("\r\n", "\n") for name, value in request.POST.dict().items()}
        form = SetUpForm(blueprint, entered, request.POST.getlist("roles"), self.who)
        act = entered.get("act", "draft")
        try:
            if EDIT in request.POST:
                form.schema.edit(request.POST[EDIT], file=request.FILES.get(FILE), read_file=cells_read)
                return self._show(form)
            answers = form.answers(runs_now=act == "run")
            made = blueprint_set_up(who=self.who, user=self.user, key=key, answers=answers)
        except (InvalidInput, Conflict, UnsupportedFormat) as problem:
            form.refused(problem)
            return self._show(form)
        return self._made(made)

    def _show(self, form: SetUpForm) -> HttpResponse:
        blueprint = form.blueprint
        context = {
            "page_title": f"Set up {blueprint.title}",
            "blueprint": blueprint,
            "industry": industries()[blueprint.industry],
            "form": form,
            "lacks": blueprint_lacks(blueprint),
            "can_run": self.who.can(WORKFLOWS_RUN),
        }
        status = form.problem.status if form.problem else 200
        return self.page("workflows/blueprint_setup.html", context, status=status)

    def _made(self, made: Made) -> HttpResponse:
        workflow = made.workflow
        if made.run is not None:
            messages.success(self.request, f"{workflow.title} is published, and {made.run.ref} is its first run.")
            return redirect("workflows:run", number=made.run.number)
        messages.success(self.request, f"{workflow.title} is a draft of yours. Change what you like, and publish it.")
        return redirect("workflows:edit", workflow.name)
