"""Workflows that industries bring, and workflows that are made of them."""

from __future__ import annotations

from typing import Any, Final

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.workflows.api.workflows import TAG, detail_of
from apps.workflows.blueprints import blueprint_get, blueprint_use, blueprints_list, samples_here
from apps.workflows.gallery import Here
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.schemas.blueprints import (
    BlueprintDetail,
    BlueprintList,
    BlueprintMade,
    BlueprintOut,
    BlueprintSetUp,
)
from apps.workflows.schemas.runs import WorkflowRunOut
from apps.workflows.schemas.workflows import WorkflowDetail
from apps.workflows.setting_up import blueprint_set_up

_KEY: Final[dict[str, Any]] = {"type": "string", "examples": ["example.top_up"]}
KEY = OpenApiParameter("key", _KEY, OpenApiParameter.PATH, description="The key of a blueprint, from the list.")


class Blueprints(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="workflow_blueprints_list", tags=[TAG], responses={200: BlueprintList})
    def get(self, request: Request) -> Response:
        """The workflows that your industries bring, ready to be made your own: what each needs, and what is missing."""
        here = Here(self.who)
        found = [BlueprintOut.of_tenant(each, here) for each in blueprints_list(who=self.who)]
        return self.answer(BlueprintList(items=found))


class BlueprintOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_blueprint_get", tags=[TAG], parameters=[KEY], responses={200: BlueprintDetail}
    )
    def get(self, request: Request, key: str) -> Response:
        """One blueprint with its definition, what is missing here, what a set-up asks, and inputs to try it with."""
        blueprint = blueprint_get(who=self.who, key=key)
        samples = samples_here(who=self.who, blueprint=blueprint)
        return self.answer(BlueprintDetail.of_samples(blueprint, Here(self.who), samples))


class BlueprintUse(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_blueprint_use",
        tags=[TAG],
        parameters=[KEY, location("the workflow", 201)],
        request=None,
        responses={201: OpenApiResponse(WorkflowDetail, description="Made, as a draft that nothing runs yet.")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Make a workflow of a blueprint, as a draft, under its name or the next one that is free.

        422 where it calls what is not here, such as an agent that is not enabled.
        """
        workflow = blueprint_use(who=self.who, user=self.who.user, key=key)
        place = reverse("workflows_api:workflow", args=[workflow.name])
        return self.answer(detail_of(self, workflow.name), 201, Location=place)


class BlueprintSettingUp(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_blueprint_set_up",
        tags=[TAG],
        parameters=[KEY, location("the workflow", 201)],
        request=BlueprintSetUp,
        responses={201: OpenApiResponse(BlueprintMade, description="All of it was made.")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Make a workflow of a blueprint by a few answers: all of what they ask for, or nothing.

        They become defaults of its inputs, roles of its questions and a schedule. `publish` takes a proof of who you
        are as every publication does, and `run` the right to start runs. 422 with an issue for each answer that does
        not fit.
        """
        answers = self.body(BlueprintSetUp)
        if answers.publish:
            self.require_proof()
        made = blueprint_set_up(who=self.who, user=self.who.user, key=key, answers=answers, origin="api")
        run = WorkflowRunOut.of(made.run) if made.run else None
        shown = BlueprintMade(workflow=detail_of(self, made.workflow.name), run=run)
        place = reverse("workflows_api:workflow", args=[made.workflow.name])
        return self.answer(shown, 201, Location=place)
