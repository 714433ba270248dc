"""What-if: past runs followed through another definition, and what would have been different."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.limits import START
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.workflows import selectors
from apps.workflows.api.workflows import NAME
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.replaying import selectors as replays
from apps.workflows.replaying.schemas import ReplayOut, ReplayRunOut, ReplayRunsQuery, ReplayStart
from apps.workflows.replaying.services import replay_cancel, replay_start

TAG = "workflow replays"


class Replays(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="workflow_replays_list",
        tags=[TAG],
        parameters=[NAME, *PAGE_PARAMETERS],
        responses={200: Page[ReplayOut]},
    )
    def get(self, request: Request, name: str) -> Response:
        """The replays of a workflow with their sums, newest first."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        return self.page(replays.replays_query(who=self.who, workflow=workflow), ReplayOut.of)

    @extend_schema(
        operation_id="workflow_replay_start",
        tags=[TAG],
        parameters=[NAME, location("the replay", 202)],
        request=ReplayStart,
        responses={202: OpenApiResponse(ReplayOut, description="Accepted: it ends, whatever process dies.")},
    )
    def post(self, request: Request, name: str) -> Response:
        """Follow past runs of a workflow through another definition.

        What people, systems, agents and other workflows answered is taken from the runs' ledgers: nothing is sent, and
        nobody is asked. 409 where no run is one of those that are meant.
        """
        wanted = self.body(ReplayStart)
        workflow = selectors.workflow_get(who=self.who, name=name)
        user = self.who.user
        definition, words = replays.choice_definition(who=self.who, user=user, workflow=workflow, key=wanted.against)
        asked = wanted.asked().model_copy(update={"against": words})
        made = replay_start(who=self.who, user=user, workflow=workflow, definition=definition, asked=asked)
        response = self.answer(ReplayOut.of(made), 202)
        response["Location"] = reverse("workflows_api:replay", args=[made.pk])
        return response


class ReplayOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="workflow_replay_get", tags=[TAG], responses={200: ReplayOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One replay: how far it is, and its sums so far."""
        return self.answer(ReplayOut.of(replays.replay_get(who=self.who, id=id)))


class ReplayCancellation(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="workflow_replay_cancel", tags=[TAG], request=None, responses={200: ReplayOut})
    def post(self, request: Request, id: UUID) -> Response:
        """End a replay. What it has come to is kept; 409 after its end."""
        replay = replays.replay_get(who=self.who, id=id)
        return self.answer(ReplayOut.of(replay_cancel(who=self.who, replay=replay)))


class ReplayRuns(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_replay_runs_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "verdict", str, enum=["same", "changed", "unknown"], description="Only runs of which this became."
            ),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[ReplayRunOut]},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """What each run would have become: before and after, and what changes in words."""
        replay = replays.replay_get(who=self.who, id=id)
        verdict = self.query(ReplayRunsQuery).verdict
        return self.page(replays.replay_runs_query(who=self.who, replay=replay, verdict=verdict), ReplayRunOut.of)
