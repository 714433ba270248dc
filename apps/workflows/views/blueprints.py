"""Workflows that industries bring: a gallery, each to be read, and made a workflow of one's own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.industries import industries
from apps.console.views import ConsoleView
from apps.workflows.blueprints import (
    blueprint_get,
    blueprint_lacks,
    blueprint_use,
    blueprints_list,
    samples_here,
)
from apps.workflows.definition import definition_yaml
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW


class BlueprintList(ConsoleView):
    permission = WORKFLOWS_VIEW
    page_title = "Blueprints"

    def get(self, request: HttpRequest) -> HttpResponse:
        found = blueprints_list(who=self.who)
        groups = [
            {"industry": config, "blueprints": [each for each in found if each.industry == key]}
            for key, config in industries().items()
        ]
        context = {"groups": [group for group in groups if group["blueprints"]]}
        return self.page("workflows/blueprint_list.html", context)


class BlueprintPage(ConsoleView):
    permission = WORKFLOWS_VIEW

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        blueprint = blueprint_get(who=self.who, key=key)
        context = {
            "page_title": blueprint.title,
            "blueprint": blueprint,
            "industry": industries()[blueprint.industry],
            "lacks": blueprint_lacks(blueprint),
            "samples": [sample for sample, _ in samples_here(who=self.who, blueprint=blueprint)],
            "yaml": definition_yaml(blueprint.definition),
            "can_use": self.who.can(WORKFLOWS_EDIT),
        }
        return self.page("workflows/blueprint.html", context)


class BlueprintUse(ConsoleView):
    permission = {"POST": WORKFLOWS_EDIT}

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        workflow = blueprint_use(who=self.who, user=self.user, key=key)
        messages.success(request, f"{workflow.title} is a draft of yours now. Look it over, and publish it.")
        return redirect("workflows:workflow", workflow.name)
