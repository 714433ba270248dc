"""Backfills: runs for times that a schedule would have had."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.workflows import backfilling, selectors
from apps.workflows.api.workflows import TAG
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.schemas.backfills import BackfillIn, BackfillList, BackfillOut, BackfillPreview


class TriggerBackfills(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="trigger_backfills_list", tags=[TAG], responses={200: BackfillList})
    def get(self, request: Request, id: UUID) -> Response:
        """The backfills of a trigger, newest first, fifty at most."""
        trigger = selectors.trigger_get(who=self.who, id=id)
        found = backfilling.backfills_list(who=self.who, trigger=trigger)
        return self.answer(BackfillList(items=[BackfillOut.of(each) for each in found]))

    @extend_schema(
        operation_id="trigger_backfill",
        tags=[TAG],
        parameters=[location("the backfill", 201)],
        request=BackfillIn,
        responses={201: OpenApiResponse(BackfillOut, description="Begun: its runs come one after the other.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Start runs for the times that a schedule has between two moments, in their order, each once.

        It takes the rights to change workflows and to start runs. 409 while another backfill of the trigger is under
        way; 422 where there are no times, or more than 1,000. Times for which a run was started before are left out,
        unless `again` asks for them.
        """
        wanted = self.body(BackfillIn)
        made = backfilling.backfill_start(
            who=self.who,
            user=self.who.user,
            trigger=selectors.trigger_get(who=self.who, id=id),
            begins_at=wanted.begins_at,
            ends_at=wanted.ends_at,
            again=wanted.again,
        )
        place = reverse("workflows_api:backfill", args=[made.pk])
        return self.answer(BackfillOut.of(backfilling.backfill_get(who=self.who, id=made.pk)), 201, Location=place)


class TriggerBackfillPreview(ApiView):
    permission = {"POST": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="trigger_backfill_preview", tags=[TAG], request=BackfillIn, responses={200: BackfillPreview}
    )
    def post(self, request: Request, id: UUID) -> Response:
        """How many runs a backfill would start, and for which times. Nothing is started."""
        wanted = self.body(BackfillIn)
        trigger = selectors.trigger_get(who=self.who, id=id)
        preview = backfilling.backfill_preview(
            who=self.who, trigger=trigger, begins_at=wanted.begins_at, ends_at=wanted.ends_at, again=wanted.again
        )
        return self.answer(BackfillPreview.of(preview))


class BackfillOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="backfill_get", tags=[TAG], responses={200: BackfillOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One backfill, and how far it has come."""
        return self.answer(BackfillOut.of(backfilling.backfill_get(who=self.who, id=id)))


class BackfillCancel(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="backfill_cancel", tags=[TAG], request=None, responses={200: BackfillOut})
    def post(self, request: Request, id: UUID) -> Response:
        """Let a backfill start nothing more. Runs that it started go on; 409 where it has ended."""
        found = backfilling.backfill_get(who=self.who, id=id)
        backfilling.backfill_cancel(who=self.who, backfill=found)
        return self.answer(BackfillOut.of(backfilling.backfill_get(who=self.who, id=id)))
